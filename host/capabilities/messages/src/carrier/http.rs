//! A provider's HTTP interface: one POST of JSON a message, its body a template of the configuration.
//!
//! A template is Jinja's, in its JSON mode: `{"to": {{ to }}, "body": {{ text }}}` puts each value in as JSON, with its
//! quotes. It is tried when the host starts, so that a field that is not there is found then.

use std::time::Duration;

use async_trait::async_trait;
use fondaco_engine::{Fault, TenantId};
use fondaco_secrets::{SecretName, Secrets};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Carrier, Trouble, invalid_config, is_this_machine};
use crate::config::HttpConfig;
use crate::message::{Channel, Email, Envelope, Mailbox, Sms};
use crate::secret;

/// The signature of a body: `t=<seconds>,v1=<hex>`, an HMAC-SHA256 over `<seconds>.<body>`.
const SIGNATURE: HeaderName = HeaderName::from_static("x-fondaco-signature");
const TEMPLATE: &str = "body";
/// Bodies where the configuration names none.
const EMAIL_BODY: &str = r#"{"id": {{ id }}, "from": {{ from }}, "replyTo": {{ reply_to }}, "to": {{ to }}, "cc": {{ cc }},
"bcc": {{ bcc }}, "subject": {{ subject }}, "text": {{ text }}, "html": {{ html }}}"#;
const SMS_BODY: &str = r#"{"id": {{ id }}, "from": {{ from }}, "to": {{ to }}, "text": {{ text }}}"#;

/// A provider.
pub struct Http {
    client: Client,
    url: Url,
    templates: Environment<'static>,
    id_header: HeaderName,
    bearer: Option<SecretName>,
    signing: Option<SecretName>,
    secrets: Secrets,
}

impl Http {
    /// By the configuration of a channel.
    pub fn new(channel: Channel, config: &HttpConfig, secrets: Secrets, timeout: Duration) -> Result<Self, Fault> {
        let wrong =
            |field: &str, what: &dyn std::fmt::Display| invalid_config(&format!("{channel}.http.{field}"), what);
        let url: Url = config.url.parse().map_err(|error| wrong("url", &error))?;
        let in_the_open = url.scheme() == "http" && url.host_str().is_some_and(is_this_machine);
        if url.scheme() != "https" && !in_the_open {
            return Err(wrong("url", &"expected https, or http to this machine (127.0.0.1, localhost)"));
        }
        let id_header: HeaderName = config.id_header.parse().map_err(|error| wrong("id_header", &error))?;
        let name = |field: &str, text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|error: fondaco_secrets::InvalidName| wrong(field, &error)),
        };
        // Whoever was first has chosen; it is the same one everywhere in this host.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| wrong("url", &error))?;
        let http = Self {
            client,
            url,
            templates: templates(channel, config).map_err(|error| wrong("body", &error))?,
            id_header,
            bearer: name("bearer_secret", &config.bearer_secret)?,
            signing: name("signing_secret", &config.signing_secret)?,
            secrets,
        };
        http.body(&sample(channel)).map_err(|error| wrong("body", &error))?;
        Ok(http)
    }

    /// The body, as JSON that was looked at.
    fn body(&self, fields: &Value) -> Result<String, String> {
        let template = self.templates.get_template(TEMPLATE).map_err(|error| error.to_string())?;
        let text = template.render(Serde(fields)).map_err(|error| error.to_string())?;
        let json: Value = serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
        Ok(json.to_string())
    }

    async fn post(&self, envelope: &Envelope, fields: &Value) -> Result<(), Trouble> {
        let body = self.body(fields).map_err(|_| Trouble::lasting("the configured body can't be made of it"))?;
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(&self.id_header, envelope.id.to_string());
        if let Some(name) = &self.bearer {
            let token = self.secret(&envelope.tenant, name).await?;
            request = request.header(AUTHORIZATION, hidden(&format!("Bearer {}", token.expose_secret()))?);
        }
        if let Some(name) = &self.signing {
            let key = self.secret(&envelope.tenant, name).await?;
            request = request.header(SIGNATURE, hidden(&sign(&key, Timestamp::now().as_second(), &body))?);
        }
        match request.body(body).send().await {
            Ok(response) => judge(response.status()),
            Err(error) if error.is_timeout() => Err(Trouble::passing("the provider did not answer in time")),
            Err(_) => Err(Trouble::passing("the provider can't be reached, or broke off")),
        }
    }

    async fn secret(&self, tenant: &TenantId, name: &SecretName) -> Result<SecretString, Trouble> {
        secret::get(&self.secrets, tenant, name).await.map_err(Trouble::Passing)
    }
}

/// What an answer means. Of what it says nothing is kept: it may have addresses in it.
fn judge(status: StatusCode) -> Result<(), Trouble> {
    // About us, about the moment, or about a message that is under way: none of it is about this message for ever.
    let passing = [
        StatusCode::UNAUTHORIZED,
        StatusCode::PAYMENT_REQUIRED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    let said = format_args!("the provider answered {}", status.as_u16());
    if status.is_success() {
        Ok(())
    } else if status.is_client_error() && !passing.contains(&status) {
        Err(Trouble::lasting(said))
    } else {
        Err(Trouble::passing(said))
    }
}

/// A header's value that is not shown by who logs requests.
fn hidden(text: &str) -> Result<HeaderValue, Trouble> {
    let unfit = |_| Trouble::passing("a secret has a line's end in it");
    let mut value = HeaderValue::from_str(text).map_err(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}

fn sign(key: &SecretString, seconds: i64, body: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn templates(channel: Channel, config: &HttpConfig) -> Result<Environment<'static>, minijinja::Error> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Json);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let given = Some(&config.body).filter(|body| !body.is_empty());
    let default = match channel {
        Channel::Email => EMAIL_BODY,
        Channel::Sms => SMS_BODY,
    };
    let body = given.map_or(default, String::as_str).to_owned();
    templates.add_template_owned(TEMPLATE, body)?;
    Ok(templates)
}

/// All fields that there are, with values of their kinds.
fn sample(channel: Channel) -> Value {
    let mailbox = json!({"name": "Ada", "address": "ada@example.com"});
    match channel {
        Channel::Email => json!({
            "id": "0", "tenant": "acme", "service": "shop", "created_ms": 0, "from": mailbox, "reply_to": null,
            "to": [mailbox], "cc": [], "bcc": [], "subject": "Hello", "text": "Hello", "html": null,
        }),
        Channel::Sms => json!({
            "id": "0", "tenant": "acme", "service": "shop", "created_ms": 0, "from": "Acme", "to": "+4930123456",
            "text": "Hello",
        }),
    }
}

fn with_envelope(envelope: &Envelope, mut fields: Value) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("id".to_owned(), envelope.id.to_string().into());
        fields.insert("tenant".to_owned(), envelope.tenant.as_str().into());
        fields.insert("service".to_owned(), envelope.service.as_str().into());
        fields.insert("created_ms".to_owned(), envelope.created_ms.into());
    }
    fields
}

fn mailbox(mailbox: &Mailbox) -> Value {
    json!({"name": mailbox.name, "address": mailbox.address.to_string()})
}

#[async_trait]
impl Carrier<Email> for Http {
    async fn carry(&self, envelope: &Envelope, email: &Email) -> Result<(), Trouble> {
        let all = |mailboxes: &[Mailbox]| mailboxes.iter().map(mailbox).collect::<Vec<_>>();
        let fields = json!({
            "from": mailbox(&email.from),
            "reply_to": email.reply_to.as_ref().map(mailbox),
            "to": all(&email.to),
            "cc": all(&email.cc),
            "bcc": all(&email.bcc),
            "subject": email.subject,
            "text": email.text,
            "html": email.html,
        });
        self.post(envelope, &with_envelope(envelope, fields)).await
    }
}

#[async_trait]
impl Carrier<Sms> for Http {
    async fn carry(&self, envelope: &Envelope, sms: &Sms) -> Result<(), Trouble> {
        let fields = json!({"from": sms.from.as_str(), "to": sms.to.as_str(), "text": sms.text});
        self.post(envelope, &with_envelope(envelope, fields)).await
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Http({})", self.url.host_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_one_that_others_can_make() {
        // printf '5.{"a":1}' | openssl dgst -sha256 -hmac key
        let expected = "t=5,v1=76a265040774cfbae5f9cb82bfcf6bc0ea27bf4ce7d7220196eb0e1a7cc760e0";
        assert_eq!(sign(&SecretString::from("key"), 5, r#"{"a":1}"#), expected);
    }

    #[test]
    fn answers_mean_taken_later_or_never() {
        for (status, expected) in [
            (200, "taken"),
            (202, "taken"),
            (302, "later"),
            (400, "never"),
            (401, "later"),
            (404, "never"),
            (409, "later"),
            (422, "never"),
            (429, "later"),
            (500, "later"),
            (503, "later"),
        ] {
            let meant = match judge(StatusCode::from_u16(status).unwrap()) {
                Ok(()) => "taken",
                Err(Trouble::Passing(_)) => "later",
                Err(Trouble::Lasting(_)) => "never",
            };
            assert_eq!(meant, expected, "{status}");
        }
    }
}
