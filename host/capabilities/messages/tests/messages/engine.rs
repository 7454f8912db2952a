//! A service that sends, on the real engine: `tests/guests/messages`.

use fondaco_engine::Fault;
use fondaco_events::{Events, EventsConfig};
use fondaco_messages::{Carriers, Limits, Messages, MessagesConfig};
use fondaco_secrets::{Secrets, SecretsConfig};
use fondaco_sql::{Databases, DatabasesConfig};
use fondaco_test_probe::{Guest, Probe};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::house::{DEADLINE, config, until};
use crate::mailbox::{Received, files};

/// A host as it is wired, with folders of messages.
struct Host {
    databases: Databases,
    events: Events,
    probe: Probe,
    folder: TempDir,
}

impl Host {
    async fn new(config: MessagesConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases = Databases::open(DatabasesConfig::embedded(folder.path().join("sql"))).await.unwrap();
        let place = folder.path().join("events");
        let events = Events::open(&EventsConfig::default(), &place, databases.clone()).await.unwrap();
        let secrets = Secrets::new(&SecretsConfig { folder: None, environment: false });
        let carriers = Carriers::open(&config, &folder.path().join("messages"), &secrets).unwrap();
        let messages = Messages::new(&config, databases.clone(), events.clone(), carriers);
        let mut extensions = vec![events.extension(), messages.extension()];
        extensions.extend(fondaco_sql::extensions(&databases));
        let probe = Probe::new(extensions);
        events.start(probe.services());
        Self { databases, events, probe, folder }
    }

    /// None where the component is not built.
    async fn release(&self, grants: Json) -> Option<Result<(), Fault>> {
        let guest = Guest::built("messages")?.read_only(&["probe.look"]).granted(grants);
        Some(self.probe.release(guest).await)
    }

    async fn call(&self, function: &str, commands: &[&str]) -> Result<String, Fault> {
        self.probe.tell("acme", function, commands).await
    }

    async fn reason(&self, commands: &[&str]) -> String {
        self.call("run", commands).await.unwrap_err().reason.into_owned()
    }

    fn mails(&self) -> Vec<Received> {
        let files = files(&self.folder.path().join("messages/email"));
        files.iter().filter(|(name, _)| !name.starts_with('.')).map(|(_, text)| Received::parse(text)).collect()
    }

    fn texts(&self) -> usize {
        files(&self.folder.path().join("messages/sms")).len()
    }

    async fn close(&self) {
        self.events.stop(DEADLINE).await;
        self.databases.close().await;
    }
}

fn granted() -> Json {
    json!({"messages": {"email": {"from": ["*@shop.example"]}, "sms": {"from": ["Acme"]}}})
}

const GOOD: &str = "email orders@shop.example ada@example.com Your order";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_well_sends_and_no_other() {
    let host = Host::new(config()).await;
    let Some(released) = host.release(granted()).await else { return };
    released.unwrap();
    assert_eq!(host.reason(&[GOOD, "err"]).await, "CHANGED_ITS_MIND");
    assert_eq!(host.reason(&[GOOD, "trap"]).await, "SERVICE_FAILED");
    assert_eq!(host.call("look", &[GOOD]).await.unwrap_err().reason, "READ_ONLY");
    let answer = host.call("run", &[GOOD, "sms Acme +4930123456 It is here"]).await.unwrap();
    let [mail, text] = &answer.lines().collect::<Vec<_>>()[..] else { panic!("two ids: {answer}") };
    until("both have left", async || host.mails().len() == 1 && host.texts() == 1).await;
    let mails = host.mails();
    assert_eq!((mails[0].id.as_str(), mails[0].subject.as_str()), (*mail, "Your order"));
    assert_ne!(mail, text);
    // Whatever came before has had its time.
    assert_eq!(host.mails().len(), 1);
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_and_nothing_leaves() {
    let limits = Limits { per_minute: 1, burst: 3, ..Limits::default() };
    let host = Host::new(MessagesConfig { limits, ..config() }).await;
    let Some(released) = host.release(granted()).await else { return };
    released.unwrap();
    for (command, reason) in [
        ("email orders@shop.example nobody Hello", "INVALID_MESSAGE"),
        ("email orders@shop.example ada@example.com Hello\\r\\nBcc: eve@example.com", "INVALID_MESSAGE"),
        ("email orders@evil.example ada@example.com Hello", "MESSAGE_NOT_GRANTED"),
        ("sms Evil +4930123456 Hello", "MESSAGE_NOT_GRANTED"),
        ("sms Acme 030123456 Hello", "INVALID_MESSAGE"),
    ] {
        assert_eq!(host.reason(&[command]).await, reason, "{command}");
    }
    assert_eq!(host.reason(&[GOOD; 4]).await, "MESSAGE_RATE_EXCEEDED");
    assert!(host.mails().is_empty() && host.texts() == 0);
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_not_given() {
    let host = Host::new(config()).await;
    let Some(none) = host.release(json!({})).await else { return };
    assert_eq!(none.unwrap_err().reason, "NOT_GRANTED");
    let bad = json!({"messages": {"email": {"from": ["nobody"]}}});
    assert_eq!(host.release(bad).await.unwrap().unwrap_err().reason, "INVALID_GRANT");
    let mail_only = json!({"messages": {"email": {"from": ["orders@shop.example"]}}});
    host.release(mail_only).await.unwrap().unwrap();
    assert_eq!(host.reason(&["sms Acme +4930123456 Hello"]).await, "MESSAGE_NOT_GRANTED");
    host.call("run", &[GOOD]).await.unwrap();
    until("it has left", async || host.mails().len() == 1).await;
    host.close().await;
}
