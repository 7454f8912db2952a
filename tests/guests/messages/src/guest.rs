//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:messages;
            interface probe {
                use fondaco:types/faults@1.0.0.{fault};
                /// Runs commands, one on each line.
                run: func(commands: string) -> result<string, fault>;
                /// The same, read-only by the manifest.
                look: func(commands: string) -> result<string, fault>;
            }
            world service {
                import fondaco:host/messages@1.0.0;
                export probe;
            }",
        world: "test:messages/service",
        path: ["../../../wit/types", "../../../wit/host"],
        generate_all,
    });
    use super::Probe;
    export!(Probe);
}

use bindings::exports::test::messages::probe::Guest;
use bindings::fondaco::host::messages::{self, Email, Mailbox, Sms};
use bindings::fondaco::types::faults::{Code, Fault};

struct Probe;

impl Guest for Probe {
    fn run(commands: String) -> Result<String, Fault> {
        let answers: Result<Vec<_>, _> = commands.lines().map(command).collect();
        Ok(answers?.join("\n"))
    }

    fn look(commands: String) -> Result<String, Fault> {
        Self::run(commands)
    }
}

fn command(line: &str) -> Result<String, Fault> {
    let words: Vec<_> = line.splitn(4, ' ').collect();
    match words.as_slice() {
        ["email", from, to, subject] => messages::send_email(&Email {
            from: mailbox(from),
            reply_to: None,
            to: vec![mailbox(to)],
            cc: Vec::new(),
            bcc: Vec::new(),
            // A line's end can't stand in a line.
            subject: subject.replace("\\r\\n", "\r\n"),
            text: Some(format!("About {subject}")),
            html: None,
        }),
        ["sms", from, to, text] => {
            messages::send_sms(&Sms { from: (*from).to_owned(), to: (*to).to_owned(), text: (*text).to_owned() })
        }
        ["err"] => {
            let (reason, message) = ("CHANGED_ITS_MIND".to_owned(), "It changed its mind.".to_owned());
            Err(Fault { code: Code::Aborted, reason, message, metadata: Vec::new() })
        }
        ["trap"] => core::arch::wasm32::unreachable(),
        _ => Ok("?".to_owned()),
    }
}

fn mailbox(address: &str) -> Mailbox {
    Mailbox { name: None, address: address.to_owned() }
}
