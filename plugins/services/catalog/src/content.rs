//! What products, categories, collections and pages have in common: a slug, texts, and these in other languages.

use crate::contract::{CategoryDraft, CollectionDraft, ContentPageDraft, ProductDraft, Seo, Translation};
use crate::wording::{self, Check};

/// Something with texts.
pub(crate) trait Content {
    fn slug(&self) -> &str;
    fn texts(&mut self) -> Texts<'_>;
}

/// The texts of something.
pub(crate) struct Texts<'a> {
    pub(crate) title: &'a mut String,
    pub(crate) description: &'a mut String,
    pub(crate) seo: &'a mut Seo,
    pub(crate) translations: &'a mut Vec<Translation>,
}

macro_rules! content {
    ($($draft:ty),*) => {
        $(impl Content for $draft {
            fn slug(&self) -> &str {
                &self.slug
            }
            fn texts(&mut self) -> Texts<'_> {
                let Self { title, description, seo, translations, .. } = self;
                Texts { title, description, seo, translations }
            }
        })*
    };
}

content!(ProductDraft, CategoryDraft, CollectionDraft, ContentPageDraft);

/// Checks the slug and the texts.
pub(crate) fn check(content: &mut impl Content) -> Check {
    wording::slug("slug", content.slug())?;
    let Texts { title, description, seo, translations } = content.texts();
    wording::text("title", title, 1, wording::TITLE)?;
    wording::description("description", description)?;
    wording::seo("seo", seo)?;
    wording::translations("translations", translations)
}

/// Puts the texts of `locale` in place of the default ones, each where there is one: `de-CH`, then `de`.
pub(crate) fn localize(content: &mut impl Content, locale: Option<&str>) {
    let Some(locale) = locale else { return };
    let Texts { title, description, seo, translations } = content.texts();
    let chain: Vec<&str> = nearest(locale).collect();
    for own in chain.iter().rev().filter_map(|tag| find(translations, tag)) {
        replace(title, &own.title);
        replace(description, &own.description);
        replace(&mut seo.title, &own.seo.title);
        replace(&mut seo.description, &own.seo.description);
    }
}

fn find<'a>(translations: &'a [Translation], tag: &str) -> Option<&'a Translation> {
    translations.iter().find(|own| own.locale.eq_ignore_ascii_case(tag))
}

/// A locale, and what it falls back to: `zh-Hant-TW`, `zh-Hant`, `zh` (RFC 4647, lookup).
pub(crate) fn nearest(locale: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(locale), |tag| tag.rsplit_once('-').map(|(shorter, _)| shorter))
}

fn replace(text: &mut String, by: &str) {
    if !by.is_empty() {
        by.clone_into(text);
    }
}
