//! Texts that a release was told in confidence, blackened in what it says to others.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use crate::Fault;

/// What stands where a secret stood.
const BLACKENED: &str = "[redacted]";
/// More secrets than this, and the oldest is forgotten: a service that asks for so many holds none of them long.
const MOST: usize = 64;
/// Blackening every `a` would make a log unreadable, and a secret that short is none.
const SHORTEST: usize = 4;

/// The secrets of one release's instances.
#[derive(Default)]
pub(super) struct Redactions(RwLock<Vec<Box<str>>>);

impl Redactions {
    pub(super) fn add(&self, secret: &str) {
        if secret.len() < SHORTEST || self.read().iter().any(|known| **known == *secret) {
            return;
        }
        let mut secrets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if secrets.len() >= MOST {
            secrets.remove(0);
        }
        secrets.push(secret.into());
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<Box<str>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// `text` without a secret.
    pub(super) fn text<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let mut clean = text;
        for secret in self.read().iter() {
            if clean.contains(&**secret) {
                clean = Cow::Owned(clean.replace(&**secret, BLACKENED));
            }
        }
        clean
    }

    /// `fault` without a secret in what people read of it.
    pub(super) fn fault(&self, mut fault: Fault) -> Fault {
        if self.read().is_empty() {
            return fault;
        }
        fault.message = self.text(fault.message.into()).into_owned();
        for (_, value) in &mut fault.metadata {
            *value = self.text(std::mem::take(value).into()).into_owned();
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn secrets_are_blackened_wherever_they_stand() {
        let redactions = Redactions::default();
        assert_eq!(redactions.text("hunter2".into()), "hunter2");
        redactions.add("hunter2");
        redactions.add("hunter2");
        redactions.add("no");
        assert_eq!(redactions.text("a=hunter2&b=hunter2 no".into()), "a=[redacted]&b=[redacted] no");
        let fault = Fault::new(Code::Internal, "X", "it is hunter2").with("key", "hunter2");
        let fault = redactions.fault(fault);
        assert_eq!((&*fault.message, fault.detail("key")), ("it is [redacted]", Some("[redacted]")));
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let redactions = Redactions::default();
        for number in 0..=MOST {
            redactions.add(&format!("secret-{number:04}"));
        }
        assert_eq!(redactions.text("secret-0000 secret-0001".into()), "secret-0000 [redacted]");
    }
}
