//! The text of a key: `fdk_<id>_<secret>`.

use std::fmt::Write;

use rand::Rng;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

const PREFIX: &str = "fdk_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// A key's text taken apart. Nothing was checked but the form.
#[derive(Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) id: &'a str,
    secret: &'a str,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_hex = |text: &str, bytes: usize| {
            text.len() == 2 * bytes && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        (is_hex(id, ID_BYTES) && is_hex(secret, SECRET_BYTES)).then_some(Self { id, secret })
    }

    /// What is stored of the key.
    ///
    /// A plain sha256 and not argon2: a slow hash makes guessing a person's password dear, but these
    /// 256 bits are random, and nobody can guess them at any speed. A slow one would only make every
    /// request dear. The id is hashed too, so that the hash of one row is worth nothing in another.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"fondaco api key 1\0");
        hasher.update(self.id.as_bytes());
        hasher.update(b"\0");
        hasher.update(self.secret.as_bytes());
        hasher.finalize().into()
    }

    /// Whether it is the key of that hash, in a time that does not depend on where they differ.
    pub(crate) fn is_of(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

/// A fresh key. This is the only moment at which its text exists here.
pub(crate) struct Fresh {
    pub(crate) id: String,
    pub(crate) hash: [u8; 32],
    pub(crate) text: SecretString,
}

pub(crate) fn fresh() -> Fresh {
    let id = random_hex::<ID_BYTES>();
    let secret = random_hex::<SECRET_BYTES>();
    let hash = Token { id: &id, secret: &secret }.hash();
    let text = format!("{PREFIX}{id}_{secret}").into();
    Fresh { id, hash, text }
}

/// From the thread's generator, which is a CSPRNG seeded by the system.
fn random_hex<const N: usize>() -> String {
    let mut bytes = [0_u8; N];
    rand::rng().fill_bytes(&mut bytes);
    let mut text = String::with_capacity(2 * N);
    for byte in bytes {
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use secrecy::ExposeSecret;

    #[test]
    fn a_fresh_key_is_its_own_hash_and_no_other() {
        let (one, other) = (fresh(), fresh());
        let token = Token::parse(one.text.expose_secret()).expect("the form of a key");
        assert_eq!(token.id, one.id);
        assert!(token.is_of(&one.hash));
        assert!(!token.is_of(&other.hash));
        assert_ne!(one.id, other.id);
    }

    #[rstest]
    #[case("")]
    #[case("fdk_")]
    #[case("fdk__")]
    #[case("fdk_0123456789abcdef_")]
    #[case("fdk_0123456789abcdef_00")]
    #[case("fdk_0123456789ABCDEF_0000000000000000000000000000000000000000000000000000000000000000")]
    #[case("FDK_0123456789abcdef_0000000000000000000000000000000000000000000000000000000000000000")]
    #[case("fdk_0123456789abcdef_000000000000000000000000000000000000000000000000000000000000000é")]
    #[case("fdk_0123456789abcdef_0000000000000000000000000000000000000000000000000000000000000000_")]
    fn other_texts_are_no_keys(#[case] text: &str) {
        assert!(Token::parse(text).is_none());
    }
}
