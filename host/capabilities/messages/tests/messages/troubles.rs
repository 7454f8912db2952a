//! What carriers make of those who refuse, fall silent or are away; and of a configuration that can't be used.

use std::path::Path;
use std::time::Duration;

use fondaco_messages::{
    Carrier, Carriers, Channel, Email, EmailConfig, EmailKind, Folder, Http, HttpConfig, MessagesConfig, SmsConfig,
    SmsKind, Smtp, SmtpConfig, SmtpTls, Trouble,
};

use crate::carriers::{TIMEOUT, of, secrets, smtp_config};
use crate::mailbox::{email, envelope};
use crate::provider::Provider;
use crate::smtp::{Order, SmtpServer, Way};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Later,
    Never,
}

/// Nothing that the other side said, and nobody's address, is handed on.
fn meant(carried: Result<(), Trouble>) -> Meant {
    let (fault, meant) = match carried.unwrap_err() {
        Trouble::Passing(fault) => (fault, Meant::Later),
        Trouble::Lasting(fault) => (fault, Meant::Never),
    };
    let shown = format!("{fault:?}");
    assert!(!shown.contains('@') && !shown.contains("hunter2"), "{shown}");
    meant
}

#[tokio::test]
async fn a_mail_server_that_does_not_take_a_mail() {
    let (server, folder) = (SmtpServer::start(Way::Open).await, secrets());
    let carrier = Smtp::new(&smtp_config(&server, Way::Open, None), of(&folder), TIMEOUT).unwrap();
    for (order, expected) in [
        (Order::Recipient(451), Meant::Later),
        (Order::Recipient(550), Meant::Never),
        (Order::Content(452), Meant::Later),
        (Order::Content(554), Meant::Never),
    ] {
        server.order(order);
        assert_eq!(meant(carrier.carry(&envelope(), &email()).await), expected, "{order:?}");
        assert!(server.taken().is_empty());
    }
    // It took it, and nobody heard it say so: it comes again, under the same id.
    server.order(Order::TakeAndBreakOff);
    let envelope = envelope();
    assert_eq!(meant(carrier.carry(&envelope, &email()).await), Meant::Later);
    carrier.carry(&envelope, &email()).await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|mail| mail.data.contains(&format!("<{}@shop.example>", envelope.id))));
}

#[tokio::test]
async fn a_mail_server_that_does_not_know_us_is_for_the_operator_to_mend() {
    let (server, folder) = (SmtpServer::start(Way::Open).await, secrets());
    let carrier = Smtp::new(&smtp_config(&server, Way::Open, None), of(&folder), TIMEOUT).unwrap();
    server.order(Order::Login(535));
    assert_eq!(meant(carrier.carry(&envelope(), &email()).await), Meant::Later);
    // No password at all.
    std::fs::remove_file(folder.path().join("messages/smtp-password")).unwrap();
    assert_eq!(meant(carrier.carry(&envelope(), &email()).await), Meant::Later);
    // A new one is used at once.
    std::fs::write(folder.path().join("messages/smtp-password"), "changed").unwrap();
    carrier.carry(&envelope(), &email()).await.unwrap();
    // base64 of "\0shop\0changed"
    assert_eq!(server.taken()[0].login.as_deref(), Some("AHNob3AAY2hhbmdlZA=="));
}

#[tokio::test]
async fn nothing_is_said_in_the_open() {
    let folder = secrets();
    // A server that can't close the way, one whose certificate nobody vouches for, and one with another name.
    let open = SmtpServer::start(Way::Open).await;
    let config = SmtpConfig { tls: SmtpTls::Starttls, ..smtp_config(&open, Way::Open, None) };
    let carrier = Smtp::new(&config, of(&folder), TIMEOUT).unwrap();
    assert_eq!(meant(carrier.carry(&envelope(), &email()).await), Meant::Later);
    assert!(open.taken().is_empty());
    for way in [Way::Starttls, Way::Implicit] {
        let server = SmtpServer::start(way).await;
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, &server.pem).unwrap();
        let unknown = smtp_config(&server, way, None);
        let other_name = SmtpConfig { host: "127.0.0.1".into(), ..smtp_config(&server, way, Some(ca)) };
        for config in [unknown, other_name] {
            let carrier = Smtp::new(&config, of(&folder), TIMEOUT).unwrap();
            assert_eq!(meant(carrier.carry(&envelope(), &email()).await), Meant::Later, "{config:?}");
        }
        assert!(server.taken().is_empty());
    }
}

#[tokio::test]
async fn a_provider_that_does_not_take_a_mail() {
    let (provider, folder) = (Provider::start().await, secrets());
    let config = HttpConfig { url: provider.url(), ..HttpConfig::default() };
    let carrier = Http::new(Channel::Email, &config, of(&folder), TIMEOUT).unwrap();
    for (status, expected) in
        [(400, Meant::Never), (422, Meant::Never), (401, Meant::Later), (429, Meant::Later), (503, Meant::Later)]
    {
        provider.answer(status);
        assert_eq!(meant(Carrier::<Email>::carry(&carrier, &envelope(), &email()).await), expected, "{status}");
    }
    // A provider does not send us elsewhere.
    provider.answer(307);
    assert_eq!(meant(Carrier::<Email>::carry(&carrier, &envelope(), &email()).await), Meant::Later);
    Carrier::<Email>::carry(&carrier, &envelope(), &email()).await.unwrap();
    assert_eq!(provider.asked().len(), 7);
}

#[tokio::test]
async fn who_is_away_or_silent_may_be_back() {
    let folder = secrets();
    let port = fondaco_test_servers::free_port();
    let away = HttpConfig { url: format!("http://127.0.0.1:{port}/"), ..HttpConfig::default() };
    let carrier = Http::new(Channel::Email, &away, of(&folder), TIMEOUT).unwrap();
    assert_eq!(meant(Carrier::<Email>::carry(&carrier, &envelope(), &email()).await), Meant::Later);
    let smtp = SmtpConfig { host: "127.0.0.1".into(), port, tls: SmtpTls::None, ..SmtpConfig::default() };
    let carrier = Smtp::new(&smtp, of(&folder), TIMEOUT).unwrap();
    assert_eq!(meant(carrier.carry(&envelope(), &email()).await), Meant::Later);
    // Somebody takes the call and says nothing.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let smtp = SmtpConfig { port: silent.local_addr().unwrap().port(), ..smtp };
    let carrier = Smtp::new(&smtp, of(&folder), Duration::from_millis(200)).unwrap();
    assert_eq!(meant(carrier.carry(&envelope(), &email()).await), Meant::Later);
    // A folder that is a file.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(meant(Carrier::<Email>::carry(&Folder::new(file), &envelope(), &email()).await), Meant::Later);
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_at_start() {
    let secrets = of(&secrets());
    let smtp = |smtp: SmtpConfig| MessagesConfig {
        email: EmailConfig { kind: EmailKind::Smtp, smtp, ..EmailConfig::default() },
        ..MessagesConfig::default()
    };
    let http = |url: &str, body: &str, id_header: &str| MessagesConfig {
        sms: SmsConfig {
            kind: SmsKind::Http,
            http: HttpConfig {
                url: url.into(),
                body: body.into(),
                id_header: id_header.into(),
                ..HttpConfig::default()
            },
            ..SmsConfig::default()
        },
        ..MessagesConfig::default()
    };
    let far = SmtpConfig { host: "mail.example".into(), ..SmtpConfig::default() };
    let (id, good) = ("idempotency-key", "https://sms.example/send");
    for (config, path) in [
        (smtp(SmtpConfig::default()), "messages.email.smtp.host"),
        (smtp(SmtpConfig { tls: SmtpTls::None, ..far.clone() }), "messages.email.smtp.tls"),
        (smtp(SmtpConfig { ca_file: Some("/nowhere/ca.pem".into()), ..far.clone() }), "messages.email.smtp.ca_file"),
        (
            smtp(SmtpConfig { user: "shop".into(), password_secret: "../x".into(), ..far }),
            "messages.email.smtp.password_secret",
        ),
        (http("", "", id), "messages.sms.http.url"),
        (http("http://sms.example/send", "", id), "messages.sms.http.url"),
        (http("ftp://127.0.0.1/", "", id), "messages.sms.http.url"),
        (http(good, "{\"to\": {{ too }}}", id), "messages.sms.http.body"),
        (http(good, "{\"to\": {{ to }", id), "messages.sms.http.body"),
        (http(good, "to={{ to }}", id), "messages.sms.http.body"),
        (http(good, "", "not a header"), "messages.sms.http.id_header"),
    ] {
        let fault = Carriers::open(&config, Path::new("/nowhere"), &secrets).map(drop).unwrap_err();
        let found = (fault.reason.as_ref(), fault.detail("path"));
        assert_eq!(found, ("INVALID_MESSAGES_CONFIG", Some(path)), "{fault}");
    }
    assert!(Carriers::open(&http(good, "", id), Path::new("/nowhere"), &secrets).is_ok());
    assert!(Carriers::open(&MessagesConfig::default(), Path::new("/nowhere"), &secrets).is_ok());
}
