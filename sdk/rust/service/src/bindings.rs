//! The host's capabilities in Rust, generated once for every service.
//!
//! What a service does not use is not imported by its component, so that a grant is needed only for what is used. A
//! service maps the types that its own contract mentions to those that stand here, by wit-bindgen's `with`.

#![allow(missing_docs, unsafe_code, unreachable_pub, unused_qualifications)]
#![allow(clippy::all, clippy::pedantic)]

mod generated {
    wit_bindgen::generate!({
        inline: "package fondaco:service-sdk;
            world capabilities {
                import fondaco:host/blob@1.0.0;
                import fondaco:host/cache@1.0.0;
                import fondaco:host/caller@1.0.0;
                import fondaco:host/events@1.0.0;
                import fondaco:host/messages@1.0.0;
                import fondaco:host/secrets@1.0.0;
                import fondaco:host/sql@1.0.0;
                import fondaco:host/unit-of-work@1.0.0;
                import wasi:config/store@0.2.0-rc.1;
                import wasi:http/outgoing-handler@0.2.12;
            }",
        path: [
            "../../../wit/types",
            "../../../wit/host",
            "../../../wit/wasi/config",
            "../../../wit/wasi/io",
            "../../../wit/wasi/clocks",
            "../../../wit/wasi/http",
        ],
        with: {
            "fondaco:types/faults@1.0.0": fondaco_sdk::bindings::fondaco::types::faults,
        },
        additional_derives: [PartialEq],
        // It holds a resource.
        additional_derives_ignore: ["stream-error"],
        disable_run_ctors_once_workaround: true,
        generate_all,
    });
}

pub use generated::{fondaco, wasi};

/// The words that every contract shares, for wit-bindgen's `with`.
pub use fondaco_sdk::bindings::fondaco::types;
