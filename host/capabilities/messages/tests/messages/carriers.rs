//! What every carrier does with a mail, and with a text message.

use std::sync::Arc;
use std::time::Duration;

use fondaco_messages::{Carrier, Channel, Email, Folder, Http, HttpConfig, Sms, Smtp, SmtpConfig, SmtpTls};
use fondaco_secrets::{Secrets, SecretsConfig};
use serde_json::Value;
use tempfile::TempDir;

use crate::mailbox::{Received, email, envelope, files, mailbox, sms};
use crate::provider::Provider;
use crate::smtp::{SmtpServer, Way};

pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// A carrier, and the place where what it carried arrives.
trait Post {
    fn email(&self) -> Arc<dyn Carrier<Email>>;
    fn mails(&self) -> Vec<Received>;
    /// Whom it went to besides those who stand in it; `None` where the place can't tell.
    fn unseen(&self) -> Option<Vec<String>>;
}

struct InFolder(TempDir);

impl Post for InFolder {
    fn email(&self) -> Arc<dyn Carrier<Email>> {
        Arc::new(Folder::new(self.0.path()))
    }

    fn mails(&self) -> Vec<Received> {
        files(self.0.path()).iter().map(|(_, text)| Received::parse(text)).collect()
    }

    fn unseen(&self) -> Option<Vec<String>> {
        None
    }
}

struct BySmtp {
    server: SmtpServer,
    config: SmtpConfig,
    secrets: TempDir,
}

impl BySmtp {
    async fn new(way: Way) -> Self {
        let (server, secrets) = (SmtpServer::start(way).await, secrets());
        let ca = secrets.path().join("ca.pem");
        std::fs::write(&ca, &server.pem).unwrap();
        let config = smtp_config(&server, way, Some(ca));
        Self { server, config, secrets }
    }
}

pub(crate) fn smtp_config(server: &SmtpServer, way: Way, ca_file: Option<std::path::PathBuf>) -> SmtpConfig {
    let tls = match way {
        Way::Open => SmtpTls::None,
        Way::Starttls => SmtpTls::Starttls,
        Way::Implicit => SmtpTls::Implicit,
    };
    let (host, user) = ("localhost".to_owned(), "shop".to_owned());
    SmtpConfig { host, port: server.port, tls, ca_file, user, ..SmtpConfig::default() }
}

/// A folder with the secrets that the carriers of these tests want.
pub(crate) fn secrets() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("messages")).unwrap();
    for (name, value) in [("smtp-password", "hunter2"), ("token", "t0ken"), ("signing", "key")] {
        std::fs::write(folder.path().join("messages").join(name), value).unwrap();
    }
    folder
}

pub(crate) fn of(folder: &TempDir) -> Secrets {
    Secrets::new(&SecretsConfig { folder: Some(folder.path().to_owned()), environment: false })
}

impl Post for BySmtp {
    fn email(&self) -> Arc<dyn Carrier<Email>> {
        Arc::new(Smtp::new(&self.config, of(&self.secrets), TIMEOUT).unwrap())
    }

    fn mails(&self) -> Vec<Received> {
        let taken = self.server.taken();
        let closed = self.config.tls != SmtpTls::None;
        assert!(taken.iter().all(|mail| mail.closed == closed));
        // base64 of "\0shop\0hunter2"
        assert!(taken.iter().all(|mail| mail.login.as_deref() == Some("AHNob3AAaHVudGVyMg==")), "{taken:?}");
        taken.iter().map(|mail| Received::parse(&mail.data)).collect()
    }

    fn unseen(&self) -> Option<Vec<String>> {
        let address = |line: &String| line.split(['<', '>']).nth(1).unwrap().to_owned();
        let all = self.server.taken().into_iter().flat_map(|mail| mail.recipients);
        Some(all.map(|line| address(&line)).filter(|address| address.starts_with("dave")).collect())
    }
}

struct ByHttp {
    provider: Provider,
    secrets: TempDir,
}

impl ByHttp {
    async fn new() -> Self {
        Self { provider: Provider::start().await, secrets: secrets() }
    }

    fn config(&self) -> HttpConfig {
        HttpConfig { url: self.provider.url(), bearer_secret: "token".into(), ..HttpConfig::default() }
    }
}

impl Post for ByHttp {
    fn email(&self) -> Arc<dyn Carrier<Email>> {
        Arc::new(Http::new(Channel::Email, &self.config(), of(&self.secrets), TIMEOUT).unwrap())
    }

    fn mails(&self) -> Vec<Received> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let pair = |value: &Value| (text(&value["name"]), text(&value["address"]).unwrap());
        let asked = self.provider.asked().into_iter().map(|asked| {
            let json = asked.json();
            assert_eq!(asked.header("authorization").as_deref(), Some("Bearer t0ken"));
            assert_eq!(asked.header("idempotency-key"), text(&json["id"]));
            Received {
                id: text(&json["id"]).unwrap(),
                from: pair(&json["from"]),
                reply_to: text(&json["replyTo"]["address"]),
                to: json["to"].as_array().unwrap().iter().map(pair).collect(),
                cc: json["cc"].as_array().unwrap().iter().map(|one| pair(one).1).collect(),
                subject: text(&json["subject"]).unwrap(),
                text: text(&json["text"]),
                html: text(&json["html"]),
                raw: asked.body,
            }
        });
        asked.collect()
    }

    fn unseen(&self) -> Option<Vec<String>> {
        let last = self.provider.asked().pop()?.json();
        Some(last["bcc"].as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect())
    }
}

/// Each function of the suite on each carrier of mail.
macro_rules! on_all {
    ($($test:ident),* $(,)?) => { $(
        mod $test {
            use super::*;

            #[tokio::test]
            async fn in_a_folder() {
                super::$test(&InFolder(tempfile::tempdir().unwrap())).await;
            }

            #[tokio::test]
            async fn by_smtp_on_this_machine() {
                super::$test(&BySmtp::new(Way::Open).await).await;
            }

            #[tokio::test]
            async fn by_smtp_with_starttls() {
                super::$test(&BySmtp::new(Way::Starttls).await).await;
            }

            #[tokio::test]
            async fn by_smtp_with_implicit_tls() {
                super::$test(&BySmtp::new(Way::Implicit).await).await;
            }

            #[tokio::test]
            async fn by_http() {
                super::$test(&ByHttp::new().await).await;
            }
        }
    )* };
}

on_all!(a_mail_arrives_as_it_was_sent, a_mail_of_one_kind_stays_so, what_is_carried_twice_has_one_id);

async fn a_mail_arrives_as_it_was_sent(post: &dyn Post) {
    let (envelope, email) = (envelope(), email());
    post.email().carry(&envelope, &email).await.unwrap();
    let [received] = &post.mails()[..] else { panic!("one mail") };
    assert_eq!(received.id, envelope.id.to_string());
    assert_eq!(received.from, (Some("Der Laden, Köln".to_owned()), "orders@shop.example".to_owned()));
    assert_eq!(received.reply_to.as_deref(), Some("help@shop.example"));
    let ada = (Some("Ada \"Countess\" Lovelace".to_owned()), "ada@example.com".to_owned());
    assert_eq!(received.to, [ada, (None, "bob@example.com".to_owned())]);
    assert_eq!(received.cc, ["carol@example.com"]);
    assert_eq!((&received.subject, &received.text), (&email.subject, &email.text));
    assert_eq!(received.html, email.html);
    if let Some(unseen) = post.unseen() {
        assert_eq!(unseen, ["dave@example.com"]);
    }
}

async fn a_mail_of_one_kind_stays_so(post: &dyn Post) {
    let carrier = post.email();
    let to = vec![mailbox(None, "ada@example.com")];
    let plain = Email { reply_to: None, to, cc: Vec::new(), bcc: Vec::new(), ..email() };
    for email in [Email { html: None, ..plain.clone() }, Email { text: None, ..plain }] {
        let envelope = envelope();
        carrier.carry(&envelope, &email).await.unwrap();
        let received = post.mails().into_iter().find(|mail| mail.id == envelope.id.to_string()).unwrap();
        assert_eq!((received.text, received.html), (email.text, email.html));
    }
}

async fn what_is_carried_twice_has_one_id(post: &dyn Post) {
    let (envelope, email) = (envelope(), email());
    for _ in 0..2 {
        post.email().carry(&envelope, &email).await.unwrap();
    }
    let mails = post.mails();
    assert!(mails.iter().all(|mail| mail.id == envelope.id.to_string()));
    let date = |raw: &str| raw.lines().find(|line| line.starts_with("Date:")).map(str::to_owned);
    assert!(mails.iter().all(|mail| date(&mail.raw) == date(&mails[0].raw)));
}

#[tokio::test]
async fn nobody_unseen_stands_in_a_mail() {
    for way in [Way::Open, Way::Starttls] {
        let post = BySmtp::new(way).await;
        post.email().carry(&envelope(), &email()).await.unwrap();
        assert!(post.mails().iter().all(|mail| !mail.raw.to_ascii_lowercase().contains("dave")));
    }
}

#[tokio::test]
async fn text_messages_go_into_a_folder_and_to_a_provider() {
    let (envelope, sms) = (envelope(), sms());
    let folder = tempfile::tempdir().unwrap();
    Carrier::<Sms>::carry(&Folder::new(folder.path()), &envelope, &sms).await.unwrap();
    let [(name, text)] = &files(folder.path())[..] else { panic!("one file") };
    assert_eq!(name, &format!("{}.json", envelope.id));
    let json: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&json["to"], &json["text"]), (&"+4930123456".into(), &sms.text.as_str().into()));

    let post = ByHttp::new().await;
    // As a provider wants it that has words of its own, and a form with numbers and lists.
    let body = r#"{"Messages": [{"To": {{ to }}, "From": {{ from }}, "Text": {{ text }}}], "Priority": 3,
                   "Tag": {{ tenant ~ "-" ~ service }}}"#;
    let config = HttpConfig {
        body: body.to_owned(),
        signing_secret: "signing".into(),
        id_header: "x-request-id".into(),
        ..post.config()
    };
    let carrier = Http::new(Channel::Sms, &config, of(&post.secrets), TIMEOUT).unwrap();
    Carrier::<Sms>::carry(&carrier, &envelope, &sms).await.unwrap();
    let [asked] = &post.provider.asked()[..] else { panic!("one request") };
    let json = asked.json();
    assert_eq!(json["Messages"][0]["Text"], sms.text.as_str());
    assert_eq!((&json["Priority"], &json["Tag"]), (&3.into(), &"acme-orders".into()));
    assert_eq!(asked.header("x-request-id"), Some(envelope.id.to_string()));
    let signature = asked.header("x-fondaco-signature").unwrap();
    assert!(signature.starts_with("t=") && signature.contains(",v1="), "{signature}");
}
