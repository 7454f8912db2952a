//! The terms of a release that several crates read: what becomes of a call when its plugin fails, and how large its
//! config may be. They stand here, because the registry stores them, the extension points act on them, and neither
//! knows the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Code, Fault};

/// The largest config of a release, in bytes. It travels with every call of a plugin, so it should be small.
pub const CONFIG_BYTES: usize = 64 << 10;

/// What becomes of a call when the plugin of a release fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The call goes on without it; the fault stands in its verdict.
    #[default]
    Skip,
    /// The whole call fails: for rules without which nothing may be sold.
    Block,
    /// The release before it answers; if there is none, or that fails too, as [`OnFailure::Skip`].
    LastGood,
}

impl OnFailure {
    /// The name in releases, in URLs and on the command line: `skip`, `block` or `last-good`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Block => "block",
            Self::LastGood => "last-good",
        }
    }
}

impl fmt::Display for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for OnFailure {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        [Self::Skip, Self::Block, Self::LastGood].into_iter().find(|policy| policy.name() == text).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            let message = format!("{shown:?} is not a failure policy: skip, block or last-good");
            Fault::new(Code::InvalidArgument, "INVALID_ON_FAILURE", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for policy in [OnFailure::Skip, OnFailure::Block, OnFailure::LastGood] {
            assert_eq!(policy.to_string().parse::<OnFailure>(), Ok(policy));
        }
        assert_eq!("never".parse::<OnFailure>().unwrap_err().reason, "INVALID_ON_FAILURE");
    }
}
