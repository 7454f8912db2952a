//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:http;
            interface probe {
                use fondaco:types/faults@1.0.0.{fault};
                /// Makes one request, told as JSON, and answers what came back, as JSON.
                ask: func(request: string) -> result<string, fault>;
                /// The same after a row was written, with a commit between or without.
                write-and-ask: func(request: string, commit: bool) -> result<string, fault>;
                /// Makes one request and does not wait for it, then another.
                leave: func(left: string, request: string) -> result<string, fault>;
            }
            world service {
                export probe;
            }",
        world: "test:http/service",
        path: ["../../../wit/types"],
        with: { "fondaco:types/faults@1.0.0": fondaco_service::bindings::types::faults },
        generate_all,
    });
    use super::Probe;
    export!(Probe);
}

use std::collections::BTreeMap;

use bindings::exports::test::http::probe::Guest;
use fondaco_service::bindings::wasi::http::outgoing_handler;
use fondaco_service::bindings::wasi::http::types::{Fields, OutgoingRequest, Scheme};
use fondaco_service::http::{self, Response};
use fondaco_service::prelude::*;
use serde::{Deserialize, Serialize};

struct Probe;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    /// So many bytes behind the body.
    #[serde(default)]
    zeros: usize,
    timeout_ms: Option<u64>,
}

fn get() -> String {
    "GET".to_owned()
}

#[derive(Serialize)]
struct Seen {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    bytes: usize,
}

impl From<Response> for Seen {
    fn from(response: Response) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = response.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let body: String = text(&response.body).chars().take(1_000).collect();
        Self { status: response.status, headers, body, bytes: response.body.len() }
    }
}

impl Guest for Probe {
    fn ask(request: String) -> Result<String, Fault> {
        let told = read(&request)?;
        let mut asked = http::request(told.method, told.url);
        for (name, value) in told.headers {
            asked = asked.header(name, value);
        }
        let mut body = told.body.into_bytes();
        body.resize(body.len() + told.zeros, 0);
        if !body.is_empty() {
            asked = asked.body("text/plain", body);
        }
        if let Some(ms) = told.timeout_ms {
            asked = asked.timeout_ms(ms);
        }
        let seen = Seen::from(asked.send()?);
        serde_json::to_string(&seen).map_err(|error| fault::internal("NOT_JSON", error.to_string()))
    }

    fn write_and_ask(request: String, commit: bool) -> Result<String, Fault> {
        sql::execute("INSERT INTO asked VALUES ($1)", params![request.as_str()])?;
        if commit {
            fondaco_service::commit()?;
        }
        Self::ask(request)
    }

    fn leave(left: String, request: String) -> Result<String, Fault> {
        let told = read(&left)?;
        let refused = |()| fault::internal("REFUSED", "not taken");
        let rest = told.url.strip_prefix("http://").ok_or(()).map_err(refused)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let outgoing = OutgoingRequest::new(Fields::new());
        outgoing.set_scheme(Some(&Scheme::Http)).map_err(refused)?;
        outgoing.set_authority(Some(authority)).map_err(refused)?;
        outgoing.set_path_with_query(Some(path)).map_err(refused)?;
        let pending = outgoing_handler::handle(outgoing, None);
        let pending = pending.map_err(|error| fault::internal("REFUSED", format!("{error:?}")))?;
        // Kept for ever, as a careless guest would.
        std::mem::forget(pending);
        Self::ask(request)
    }
}

fn read(request: &str) -> Result<Told, Fault> {
    serde_json::from_str(request).map_err(|error| fault::internal("NOT_TOLD", error.to_string()))
}
