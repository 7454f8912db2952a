//! The component: exports `accounts` over this tenant's programme.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        world: "fondaco:loyalty/loyalty",
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/wasi/config", "../../../wit/loyalty"],
        generate_all,
    });
    use super::Loyalty;
    export!(Loyalty);
}

use std::sync::OnceLock;

use bindings::exports::fondaco::host::configurable::Guest as Configurable;
use bindings::exports::fondaco::loyalty::accounts::{Account, Guest};
use bindings::fondaco::host::caller;
use bindings::fondaco::types::faults::{Code, Fault};
use bindings::fondaco::types::money::Decimal;
use bindings::wasi::config::store as configuration;
use fondaco_settings::{Settings, SettingsError};

use crate::programme::{Programme, Standing};

struct Loyalty;

impl Guest for Loyalty {
    fn standing(customer: String) -> Result<Option<Account>, Fault> {
        let tenant = caller::current().tenant;
        // A store without a programme has no members.
        let programme = settings()?.of(&tenant);
        Ok(programme.and_then(|programme| programme.standing(&customer)).map(account))
    }
}

fn account(standing: Standing<'_>) -> Account {
    let Standing { tier, multiplier, points } = standing;
    let multiplier = Decimal { coefficient: multiplier.coefficient(), scale: multiplier.scale() };
    Account { tier: tier.to_owned(), multiplier, points }
}

impl Configurable for Loyalty {
    fn check() -> Result<(), Fault> {
        settings().map(|_settings| ())
    }
}

/// Parsed once: an instance belongs to one release, whose configuration never changes.
fn settings() -> Result<&'static Settings<Programme>, Fault> {
    static SETTINGS: OnceLock<Result<Settings<Programme>, SettingsError>> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| Settings::read(configuration::get("config"))).as_ref();
    settings.map_err(bad_config)
}

fn bad_config(problem: &SettingsError) -> Fault {
    Fault {
        code: Code::Internal,
        reason: "BAD_CONFIG".to_owned(),
        message: format!("The loyalty service's {problem}"),
        metadata: Vec::new(),
    }
}
