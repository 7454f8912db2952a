//! Faults over the border: the contract's record and the host's type are the same thing in two shapes.

use fondaco_engine::{Code, Fault};

use crate::invalid::is_upper_snake;
use crate::wit;

/// Bytes of a fault's message that a plugin may send on.
const MAX_MESSAGE: usize = 1024;
/// Details of a fault that a plugin may send on.
const MAX_METADATA: usize = 16;
/// Bytes of a detail's name, and of its value.
const MAX_DETAIL: usize = 256;

/// Pairs of both sides' codes, once.
macro_rules! codes {
    ($($name:ident),* $(,)?) => {
        fn code_to_wit(code: Code) -> wit::faults::Code {
            match code { $(Code::$name => wit::faults::Code::$name,)* }
        }

        fn code_from_wit(code: wit::faults::Code) -> Code {
            match code { $(wit::faults::Code::$name => Code::$name,)* }
        }
    };
}

codes!(
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
);

/// As the contract's record.
pub(crate) fn to_wit(fault: Fault) -> wit::Fault {
    wit::Fault {
        code: code_to_wit(fault.code),
        reason: fault.reason.into_owned(),
        message: fault.message,
        metadata: fault.metadata,
    }
}

/// As the host's type, within the contract's bounds: what a plugin says ends up in answers and logs. A reason that
/// is not one becomes `PLUGIN_FAULT`, so that nobody has to match on free text; longer texts are cut.
pub(crate) fn from_plugin(fault: wit::Fault) -> Fault {
    let mut said = Fault::new(code_from_wit(fault.code), "PLUGIN_FAULT", cut(fault.message, MAX_MESSAGE));
    if is_upper_snake(&fault.reason) {
        said.reason = fault.reason.into();
    }
    let details = fault.metadata.into_iter().take(MAX_METADATA);
    said.metadata = details.map(|(name, value)| (cut(name, MAX_DETAIL), cut(value, MAX_DETAIL))).collect();
    said
}

/// At most `max` bytes, and whole characters.
fn cut(mut text: String, max: usize) -> String {
    text.truncate(text.floor_char_boundary(max));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_goes_there_and_back() {
        for code in Code::ALL {
            assert_eq!(code_from_wit(code_to_wit(*code)), *code);
        }
    }

    #[test]
    fn what_a_plugin_says_is_bounded() {
        let fault = from_plugin(wit::Fault {
            code: wit::faults::Code::InvalidArgument,
            reason: "not a reason".into(),
            message: "ä".repeat(2_000),
            metadata: vec![("k".repeat(300), "v".repeat(300)); 20],
        });
        assert_eq!(fault.reason, "PLUGIN_FAULT");
        assert_eq!(fault.message.len(), 1024);
        assert_eq!(fault.metadata.len(), 16);
        assert!(fault.metadata.iter().all(|(name, value)| name.len() == 256 && value.len() == 256));
    }

    #[test]
    fn a_good_reason_stays() {
        let fault = wit::Fault {
            code: wit::faults::Code::InvalidArgument,
            reason: "INVALID_CONFIG".into(),
            message: "tiers is missing".into(),
            metadata: vec![],
        };
        assert_eq!(to_wit(from_plugin(fault.clone())), fault);
    }
}
