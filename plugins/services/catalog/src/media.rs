//! Pictures, films, papers: bytes in the blob store, fetched by anyone.

use fondaco_service::blob;
use fondaco_service::prelude::*;

use crate::contract::{File, Media};
use crate::entries::Kind;
use crate::wording::{self, Check};

const KIND: Kind = Kind { table: "media", name: "media", reason: "MEDIA", reasons: "MEDIA" };
const MAX_BYTES: usize = 10 * 1024 * 1024;
const TYPES: [&str; 4] = ["image/", "video/", "audio/", "application/pdf"];

/// Keeps a file; answers what goes into a product's media. Its number makes its name unique, so that an upload never
/// takes the place of another.
pub fn upload(file: &File) -> Result<Media, Fault> {
    check(file)?;
    let name = format!("media/{}/{}", KIND.next_id()?, file.name);
    let draft = blob::Draft { name, content_type: file.content_type.clone(), public: true };
    let info = blob::put(&draft, &file.bytes)?;
    let url = info.url.ok_or_else(|| fault::internal("NO_URL", "A public blob has no address."))?;
    Ok(Media { blob: info.name, url, content_type: info.content_type, alt: file.alt.clone() })
}

fn check(file: &File) -> Check {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let named = (1..=200).contains(&file.name.len()) && file.name.bytes().all(good);
    if !named || matches!(file.name.as_str(), "." | "..") {
        return Err(fault::invalid("name", "1 to 200 of A-Z, a-z, 0-9, `.`, `_` and `-`", format!("`{}`", file.name)));
    }
    if !TYPES.iter().any(|known| file.content_type.starts_with(known)) {
        let found = format!("`{}`", file.content_type);
        return Err(fault::invalid("contentType", "a type of image, video, audio, or application/pdf", found));
    }
    wording::text("contentType", &file.content_type, 1, 127)?;
    wording::text("alt", &file.alt, 0, wording::TITLE)?;
    wording::count("bytes", &file.bytes, MAX_BYTES)
}

/// What products say of their media.
pub(crate) fn check_all(path: &str, media: &[Media]) -> Check {
    wording::count(path, media, 64)?;
    for (index, own) in media.iter().enumerate() {
        wording::text(&format!("{path}[{index}].blob"), &own.blob, 0, 512)?;
        wording::text(&format!("{path}[{index}].url"), &own.url, 1, 2048)?;
        wording::text(&format!("{path}[{index}].contentType"), &own.content_type, 0, 127)?;
        wording::text(&format!("{path}[{index}].alt"), &own.alt, 0, wording::TITLE)?;
    }
    Ok(())
}
