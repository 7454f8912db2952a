//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:blob;
            interface probe {
                use fondaco:types/faults@1.0.0.{fault};
                /// Runs commands, one on each line.
                run: func(commands: string) -> result<string, fault>;
                /// The same, read-only by the manifest.
                look: func(commands: string) -> result<string, fault>;
            }
            world service {
                import fondaco:host/blob@1.0.0;
                export probe;
            }",
        world: "test:blob/service",
        path: ["../../../wit/types", "../../../wit/host"],
        generate_all,
    });
    use super::Probe;
    export!(Probe);
}

use bindings::exports::test::blob::probe::Guest;
use bindings::fondaco::host::blob::{self, Draft, Info, Range};
use bindings::fondaco::types::faults::Fault;

struct Probe;

impl Guest for Probe {
    fn run(commands: String) -> Result<String, Fault> {
        let answers: Result<Vec<_>, _> = commands.lines().map(|line| command(line)).collect();
        Ok(answers?.join("\n"))
    }

    fn look(commands: String) -> Result<String, Fault> {
        Self::run(commands)
    }
}

fn command(line: &str) -> Result<String, Fault> {
    let words: Vec<_> = line.split(' ').collect();
    let number = |text: &str| text.parse().unwrap_or_default();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(match words.as_slice() {
        ["put", name, content_type, visibility, bytes] => {
            let draft = Draft {
                name: (*name).to_owned(),
                content_type: (*content_type).to_owned(),
                public: *visibility == "public",
            };
            shown(&blob::put(&draft, bytes.as_bytes())?)
        }
        ["put-large", name, bytes] => {
            let draft = Draft { name: (*name).to_owned(), content_type: "a/b".to_owned(), public: false };
            shown(&blob::put(&draft, &vec![0; number(bytes) as usize])?)
        }
        ["get", name] => text(blob::get(name, None)?),
        ["get", name, offset, length] => {
            text(blob::get(name, Some(Range { offset: number(offset), length: number(length) }))?)
        }
        ["head", name] => blob::head(name)?.as_ref().map_or_else(|| "none".to_owned(), shown),
        ["delete", name] => blob::delete(name)?.to_string(),
        ["list", prefix] => {
            blob::list(prefix, None, 10)?.iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(",")
        }
        ["list", prefix, after] => {
            blob::list(prefix, Some(after), 10)?.iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(",")
        }
        _ => "?".to_owned(),
    })
}

fn shown(info: &Info) -> String {
    format!("{} {} {} {}", info.name, info.size, info.content_type, info.url.as_deref().unwrap_or("private"))
}
