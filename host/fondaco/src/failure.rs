//! How a command fails: what the user reads, and what the shell sees.

use std::fmt;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// problem+json, as far as people need it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
    pub(crate) request_id: Option<String>,
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The host said no, or broke.
    Fault(Box<Problem>),
    /// The command line asks for what cannot be.
    Usage(String),
    /// Nobody answers.
    NotReachable(String),
    /// A file on this side.
    Local(String),
    /// Rows of an import that were not taken, of so many.
    Rows {
        /// Those that failed.
        failed: u64,
        /// All of them.
        rows: u64,
    },
    /// Anything else.
    Other(anyhow::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Fault(problem) if matches!(problem.status, 401 | 403) => 4,
            Self::Fault(_) | Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::NotReachable(_) => 3,
            Self::Local(_) => 5,
            Self::Rows { .. } => 6,
        })
    }

    /// For `--json`.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Fault(problem) => json!({ "error": {
                "reason": problem.reason, "code": problem.code, "status": problem.status, "message": problem.detail,
                "metadata": problem.metadata, "requestId": problem.request_id,
            }}),
            Self::Usage(message) => json!({ "error": { "reason": "USAGE", "message": message } }),
            Self::NotReachable(message) => json!({ "error": { "reason": "NOT_REACHABLE", "message": message } }),
            Self::Local(message) => json!({ "error": { "reason": "LOCAL_FILE", "message": message } }),
            Self::Rows { .. } => json!({ "error": { "reason": "ROWS_FAILED", "message": self.to_string() } }),
            Self::Other(error) => json!({ "error": { "reason": "FAILED", "message": format!("{error:#}") } }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(problem) => {
                write!(to, "{}: {}", problem.reason, problem.detail)?;
                for (key, value) in &problem.metadata {
                    match value {
                        Value::String(text) => write!(to, "\n  {key}: {text}")?,
                        other => write!(to, "\n  {key}: {other}")?,
                    }
                }
                match &problem.request_id {
                    Some(id) if problem.status >= 500 => write!(to, "\n  request: {id}"),
                    _ => Ok(()),
                }
            }
            Self::Usage(message) | Self::NotReachable(message) | Self::Local(message) => to.write_str(message),
            Self::Rows { failed, rows } => write!(
                to,
                "{failed} of {rows} rows failed and were left out; mend them and import the file again: what was taken \
                 is unchanged then"
            ),
            Self::Other(error) => write!(to, "{error:#}"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<fondaco_engine::Fault> for Failure {
    fn from(fault: fondaco_engine::Fault) -> Self {
        let metadata = fault.metadata.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        Self::Fault(Box::new(Problem {
            status: fault.code.http_status(),
            code: fault.code.as_str().to_owned(),
            reason: fault.reason.into_owned(),
            detail: fault.message,
            metadata,
            request_id: None,
        }))
    }
}

impl From<fondaco_registry::Error> for Failure {
    fn from(error: fondaco_registry::Error) -> Self {
        match error {
            fondaco_registry::Error::Refused(fault) => fault.into(),
            other => Self::Local(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn problem(status: u16) -> Failure {
        let json = json!({ "status": status, "code": "NOT_FOUND", "reason": "PLUGIN_NOT_FOUND", "detail": "there is no plugin 'x'",
            "metadata": { "plugin": "x" }, "requestId": "r-1" });
        Failure::Fault(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn people_read_reason_detail_and_metadata() {
        assert_eq!(problem(404).to_string(), "PLUGIN_NOT_FOUND: there is no plugin 'x'\n  plugin: x");
        assert!(problem(500).to_string().ends_with("request: r-1"));
    }

    #[test]
    fn the_shell_sees_documented_codes() {
        let code = |failure: &Failure| format!("{:?}", failure.exit_code());
        let expected = |number: u8| format!("{:?}", ExitCode::from(number));
        assert_eq!(code(&problem(404)), expected(1));
        assert_eq!(code(&problem(401)), expected(4));
        assert_eq!(code(&problem(403)), expected(4));
        assert_eq!(code(&Failure::NotReachable(String::new())), expected(3));
        assert_eq!(code(&Failure::Local(String::new())), expected(5));
        assert_eq!(code(&Failure::Rows { failed: 1, rows: 2 }), expected(6));
    }
}
