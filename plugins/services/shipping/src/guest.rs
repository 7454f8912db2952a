//! The component: exports `zones` over this tenant's store.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        world: "fondaco:shipping/shipping",
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/wasi/config", "../../../wit/shipping"],
        generate_all,
    });
    use super::Shipping;
    export!(Shipping);
}

use std::sync::OnceLock;

use bindings::exports::fondaco::host::configurable::Guest as Configurable;
use bindings::exports::fondaco::shipping::zones::{Guest, Parcel, Request, Resolution};
use bindings::fondaco::host::caller;
use bindings::fondaco::types::faults::{Code, Fault};
use bindings::wasi::config::store as configuration;
use fondaco_settings::{Settings, SettingsError};

use crate::parcels::{Item, PackingError};
use crate::store::{ShippingError, Store};
use crate::zones::Destination;

struct Shipping;

impl Guest for Shipping {
    fn resolve(request: Request) -> Result<Resolution, Fault> {
        let tenant = caller::current().tenant;
        let store = settings()?.of(&tenant).ok_or_else(|| no_store(&tenant))?;
        let items: Vec<Item> = request
            .items
            .iter()
            .map(|item| Item { line: item.line, quantity: item.quantity, grams: item.grams })
            .collect();
        let destination =
            Destination { country: &request.country, region: &request.region, postal_code: &request.postal_code };
        let resolution = store.resolve(destination, &items).map_err(|error| fault_of(&error))?;
        let parcels = resolution.parcels.into_iter();
        Ok(Resolution {
            zone: resolution.zone.to_owned(),
            parcels: parcels.map(|parcel| Parcel { grams: parcel.grams, lines: parcel.lines }).collect(),
        })
    }
}

impl Configurable for Shipping {
    fn check() -> Result<(), Fault> {
        settings().map(|_settings| ())
    }
}

/// Parsed once: an instance belongs to one release, whose configuration never changes.
fn settings() -> Result<&'static Settings<Store>, Fault> {
    static SETTINGS: OnceLock<Result<Settings<Store>, SettingsError>> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| Settings::read(configuration::get("config"))).as_ref();
    settings.map_err(bad_config)
}

fn bad_config(problem: &SettingsError) -> Fault {
    fault(Code::Internal, "BAD_CONFIG", format!("The shipping service's {problem}"))
}

fn no_store(tenant: &str) -> Fault {
    let message = format!("The shipping service has no zones for tenant {tenant}: add them to its configuration.");
    fault(Code::FailedPrecondition, "NO_ZONE", message)
}

fn fault_of(error: &ShippingError) -> Fault {
    let reason = match error {
        ShippingError::NoZone { .. } => "NO_ZONE",
        ShippingError::Packing(PackingError::TooHeavy { .. }) => "TOO_HEAVY",
        ShippingError::Packing(PackingError::TooManyParcels) => "TOO_MANY_PARCELS",
    };
    fault(Code::FailedPrecondition, reason, error.to_string())
}

fn fault(code: Code, reason: &str, message: String) -> Fault {
    Fault { code, reason: reason.to_owned(), message, metadata: Vec::new() }
}
