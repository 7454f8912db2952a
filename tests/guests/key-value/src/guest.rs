//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:key-value;
            interface probe {
                use fondaco:types/faults@1.0.0.{fault};
                /// Runs commands, one on each line.
                run: func(commands: string) -> result<string, fault>;
                /// The same, read-only by the manifest.
                look: func(commands: string) -> result<string, fault>;
            }
            world service {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import fondaco:host/cache@1.0.0;
                export probe;
            }",
        world: "test:key-value/service",
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/wasi/keyvalue"],
        generate_all,
    });
    use super::Probe;
    export!(Probe);
}

use bindings::exports::test::key_value::probe::Guest;
use bindings::fondaco::host::cache::{self, Loaded};
use bindings::fondaco::types::faults::Fault;
use bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use bindings::wasi::keyvalue::batch;
use bindings::wasi::keyvalue::store::{self, Bucket, Error};

struct Probe;

impl Guest for Probe {
    fn run(commands: String) -> Result<String, Fault> {
        let mut answers = Vec::new();
        for command in commands.lines() {
            let words: Vec<_> = command.split(' ').collect();
            let answer = match words.as_slice() {
                ["trap"] => core::arch::wasm32::unreachable(),
                ["cache", words @ ..] => in_cache(words)?,
                words => in_bucket(words).unwrap_or_else(|error| said(&error)),
            };
            answers.push(answer);
        }
        Ok(answers.join("\n"))
    }

    fn look(commands: String) -> Result<String, Fault> {
        Self::run(commands)
    }
}

fn said(error: &Error) -> String {
    match error {
        Error::NoSuchStore => "no-such-store".to_owned(),
        Error::AccessDenied => "access-denied".to_owned(),
        Error::Other(text) => text.split(':').next().unwrap_or_default().to_owned(),
    }
}

fn shown(value: Option<Vec<u8>>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| String::from_utf8_lossy(&value).into_owned())
}

fn in_bucket(words: &[&str]) -> Result<String, Error> {
    let [command, bucket, rest @ ..] = words else { return Ok("?".to_owned()) };
    let bucket = store::open(bucket)?;
    let done = "ok".to_owned();
    Ok(match (*command, rest) {
        ("open", []) => done,
        ("get", [key]) => shown(bucket.get(key)?),
        ("set", [key, value]) => bucket.set(key, value.as_bytes()).map(|()| done)?,
        ("set-large", [key, bytes]) => bucket.set(key, &vec![0; bytes.parse().unwrap_or_default()]).map(|()| done)?,
        ("delete", [key]) => bucket.delete(key).map(|()| done)?,
        ("exists", [key]) => bucket.exists(key)?.to_string(),
        ("keys", []) => bucket.list_keys(None)?.keys.join(","),
        ("increment", [key, delta]) => atomics::increment(&bucket, key, delta.parse().unwrap_or_default())?.to_string(),
        ("race", [key, theirs, ours]) => race(&bucket, key, theirs, ours)?,
        ("set-many", pairs) => {
            let pair = |pair: &&str| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.into()));
            let pairs: Vec<_> = pairs.iter().filter_map(pair).collect();
            batch::set_many(&bucket, &pairs).map(|()| done)?
        }
        ("get-many", keys) => {
            let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
            let pairs = batch::get_many(&bucket, &keys)?;
            let pair = |pair: Option<(String, Vec<u8>)>| match pair {
                Some((key, value)) => format!("{key}={}", shown(Some(value))),
                None => "none".to_owned(),
            };
            pairs.into_iter().map(pair).collect::<Vec<_>>().join(",")
        }
        ("delete-many", keys) => {
            let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
            batch::delete_many(&bucket, &keys).map(|()| done)?
        }
        _ => "?".to_owned(),
    })
}

/// Reads, is overtaken, swaps in vain, and swaps again with the handle it was given.
fn race(bucket: &Bucket, key: &str, theirs: &str, ours: &str) -> Result<String, Error> {
    let handle = Cas::new(bucket, key)?;
    let before = shown(handle.current()?);
    bucket.set(key, theirs.as_bytes())?;
    let handle = match atomics::swap(handle, ours.as_bytes()) {
        Ok(()) => return Ok(format!("{before} swapped")),
        Err(CasError::StoreError(error)) => return Err(error),
        Err(CasError::CasFailed(handle)) => handle,
    };
    let now = shown(handle.current()?);
    Ok(match atomics::swap(handle, ours.as_bytes()) {
        Ok(()) => format!("{before} failed {now} swapped"),
        Err(_) => format!("{before} failed {now} failed"),
    })
}

fn in_cache(words: &[&str]) -> Result<String, Fault> {
    let done = "ok".to_owned();
    let number = |text: &str| text.parse().unwrap_or_default();
    Ok(match words {
        ["get", key] => shown(cache::get(key)?),
        ["get-many", keys @ ..] => {
            let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
            cache::get_many(&keys)?.into_iter().map(shown).collect::<Vec<_>>().join(",")
        }
        ["set", key, value, ttl] => cache::set(key, value.as_bytes(), number(ttl)).map(|()| done)?,
        ["delete", key] => cache::delete(key).map(|()| done)?,
        ["load", key] => match cache::load(key, 0)? {
            Loaded::Hit(value) => shown(Some(value)),
            Loaded::Lease(_) => "lease".to_owned(),
            Loaded::Busy => "busy".to_owned(),
        },
        ["read-through", key, value] => match cache::load(key, 1_000)? {
            Loaded::Hit(value) => shown(Some(value)),
            Loaded::Lease(lease) => cache::fill(key, lease, value.as_bytes(), 60_000)?.to_string(),
            Loaded::Busy => "busy".to_owned(),
        },
        ["fill-stale", key] => match cache::load(key, 0)? {
            Loaded::Lease(lease) => {
                cache::delete(key)?;
                cache::fill(key, lease, b"stale", 60_000)?.to_string()
            }
            _ => "no lease".to_owned(),
        },
        ["fill-forged", key] => cache::fill(key, 1, b"forged", 60_000)?.to_string(),
        _ => "?".to_owned(),
    })
}
