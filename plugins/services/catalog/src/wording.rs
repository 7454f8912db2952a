//! Bounds of what comes in. The first thing that is out of bounds is told with its path.

use std::collections::BTreeSet;

use fondaco_service::{Fault, fault};

use crate::contract::{Attribute, Seo, Translation};

pub(crate) type Check = Result<(), Fault>;

/// Bytes of a description.
const DESCRIPTION: usize = 64 * 1024;
pub(crate) const TITLE: usize = 255;
/// Bytes of a tag, a channel, an attribute's name.
pub(crate) const WORD: usize = 63;
pub(crate) const TRANSLATIONS: usize = 64;

/// A text of `least` to `most` bytes.
pub(crate) fn text(path: &str, text: &str, least: usize, most: usize) -> Check {
    if (least..=most).contains(&text.len()) {
        return Ok(());
    }
    let expected = if least == 0 { format!("at most {most} bytes") } else { format!("{least} to {most} bytes") };
    Err(fault::invalid(path, &expected, format!("{} bytes", text.len())))
}

/// A list of at most so many.
pub(crate) fn count<T>(path: &str, list: &[T], most: usize) -> Check {
    if list.len() <= most {
        return Ok(());
    }
    Err(fault::invalid(path, &format!("at most {most} entries"), list.len()))
}

/// No key twice.
pub(crate) fn distinct<'a>(path: &str, keys: impl IntoIterator<Item = &'a str>) -> Check {
    let mut seen = BTreeSet::new();
    match keys.into_iter().find(|key| !seen.insert(*key)) {
        Some(twice) => Err(fault::invalid(path, "each only once", format!("`{twice}` twice"))),
        None => Ok(()),
    }
}

pub(crate) fn slug(path: &str, slug: &str) -> Check {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=200).contains(&slug.len()) && slug.bytes().all(good) {
        return Ok(());
    }
    Err(fault::invalid(path, "1 to 200 of a-z, 0-9 and -", format!("`{slug}`")))
}

pub(crate) fn sku(path: &str, sku: &str) -> Check {
    if (1..=64).contains(&sku.len()) && sku.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(fault::invalid(path, "1 to 64 visible ASCII characters", format!("`{sku}`")))
}

/// Tags or channels.
pub(crate) fn words(path: &str, words: &[String], most: usize) -> Check {
    count(path, words, most)?;
    for (index, word) in words.iter().enumerate() {
        text(&format!("{path}[{index}]"), word, 1, WORD)?;
    }
    distinct(path, words.iter().map(String::as_str))
}

pub(crate) fn attributes(path: &str, attributes: &[Attribute], most: usize) -> Check {
    count(path, attributes, most)?;
    for (index, attribute) in attributes.iter().enumerate() {
        text(&format!("{path}[{index}].name"), &attribute.name, 1, WORD)?;
        text(&format!("{path}[{index}].value"), &attribute.value, 1, TITLE)?;
    }
    distinct(path, attributes.iter().map(|attribute| attribute.name.as_str()))
}

pub(crate) fn description(path: &str, description: &str) -> Check {
    text(path, description, 0, DESCRIPTION)
}

pub(crate) fn seo(path: &str, seo: &Seo) -> Check {
    text(&format!("{path}.title"), &seo.title, 0, TITLE)?;
    text(&format!("{path}.description"), &seo.description, 0, 1024)
}

pub(crate) fn translations(path: &str, translations: &[Translation]) -> Check {
    count(path, translations, TRANSLATIONS)?;
    for (index, own) in translations.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let tag = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !((2..=35).contains(&own.locale.len()) && own.locale.bytes().all(tag)) {
            let found = format!("`{}`", own.locale);
            return Err(fault::invalid(format!("{path}.locale"), "a BCP 47 tag such as `de-CH`", found));
        }
        text(&format!("{path}.title"), &own.title, 0, TITLE)?;
        description(&format!("{path}.description"), &own.description)?;
        seo(&format!("{path}.seo"), &own.seo)?;
    }
    distinct(path, translations.iter().map(|own| own.locale.as_str()))
}
