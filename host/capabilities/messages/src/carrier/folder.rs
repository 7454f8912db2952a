//! Files that nobody sends: `<folder>/<tenant>/<id>.eml` and `….json`. For laptops and tests.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::json;

use super::{Carrier, Trouble, mime};
use crate::message::{Email, Envelope, Sms};

/// A folder of messages. What comes twice lies there once, since its name is its id.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// One that is made where it is not there.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    async fn write(&self, envelope: &Envelope, extension: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let folder = self.root.join(envelope.tenant.as_str());
        let name = format!("{}.{extension}", envelope.id);
        whole(&folder, &name, bytes).await.map_err(|error| {
            tracing::error!(folder = %folder.display(), %error, "a message can't be written");
            Trouble::passing("the folder of messages can't be written to")
        })
    }
}

/// Whole or not at all: written beside it, then renamed.
async fn whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let half = folder.join(format!(".{name}"));
    tokio::fs::write(&half, bytes).await?;
    tokio::fs::rename(&half, folder.join(name)).await
}

#[async_trait]
impl Carrier<Email> for Folder {
    async fn carry(&self, envelope: &Envelope, email: &Email) -> Result<(), Trouble> {
        let message = mime::message(envelope, email)?;
        self.write(envelope, "eml", &message.formatted()).await
    }
}

#[async_trait]
impl Carrier<Sms> for Folder {
    async fn carry(&self, envelope: &Envelope, sms: &Sms) -> Result<(), Trouble> {
        let json = json!({
            "id": envelope.id.to_string(),
            "from": sms.from.as_str(),
            "to": sms.to.as_str(),
            "text": sms.text,
            "createdMs": envelope.created_ms,
        });
        self.write(envelope, "json", format!("{json:#}\n").as_bytes()).await
    }
}
