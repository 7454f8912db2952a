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

use bindings::exports::fondaco::loyalty::accounts::{Account, Guest};
use bindings::fondaco::host::caller;
use bindings::fondaco::types::faults::{Code, Fault};
use bindings::fondaco::types::money::Decimal;
use bindings::wasi::config::store as configuration;

use crate::programme::{Programme, Standing};
use crate::settings::Settings;

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

/// Parsed once: an instance belongs to one release, whose configuration never changes.
fn settings() -> Result<&'static Settings<Programme>, Fault> {
    static SETTINGS: OnceLock<Result<Settings<Programme>, String>> = OnceLock::new();
    SETTINGS.get_or_init(read_settings).as_ref().map_err(|problem| bad_config(problem))
}

fn read_settings() -> Result<Settings<Programme>, String> {
    let json = configuration::get("config").map_err(|error| format!("{error:?}"))?;
    // A release without a configuration has an empty one.
    let json = json.filter(|json| !json.is_empty());
    Settings::parse(json.as_deref().unwrap_or("{}")).map_err(|error| error.to_string())
}

fn bad_config(problem: &str) -> Fault {
    Fault {
        code: Code::Internal,
        reason: "BAD_CONFIG".to_owned(),
        message: format!("The loyalty service's {problem}"),
        metadata: Vec::new(),
    }
}
