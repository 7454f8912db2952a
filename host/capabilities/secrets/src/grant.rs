//! `[grants.secrets] names = ["smtp-password"]`

use fondaco_engine::{Code, Fault};
use serde::Deserialize;

use crate::SecretName;

const MAX_NAMES: usize = 64;

/// The secrets that a release may ask for.
#[derive(Debug)]
pub(crate) struct Granted(Vec<SecretName>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    names: Vec<String>,
}

impl Granted {
    pub(crate) fn parse(grant: &serde_json::Value) -> Result<Self, Fault> {
        let grant = Grant::deserialize(grant).map_err(|error| invalid(&format!("grants.secrets: {error}")))?;
        if grant.names.len() > MAX_NAMES {
            return Err(invalid(&format!("grants.secrets.names: {} names; at most {MAX_NAMES}", grant.names.len())));
        }
        let parse = |(index, name): (usize, &String)| {
            name.parse().map_err(|error| invalid(&format!("grants.secrets.names[{index}]: {error}")))
        };
        grant.names.iter().enumerate().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The name, if it was granted.
    pub(crate) fn find(&self, name: &str) -> Result<&SecretName, Fault> {
        self.0.iter().find(|granted| granted.as_str() == name).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let message = format!("the secret {name:?} is not granted; add it to grants.secrets.names in fondaco.toml");
            Fault::new(Code::PermissionDenied, "SECRET_NOT_GRANTED", message)
        })
    }
}

fn invalid(message: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_grant_says_where_it_is_wrong() {
        for (grant, place) in [
            (json!({}), "names"),
            (json!({"names": ["ok", "../x"]}), "names[1]"),
            (json!({"names": [], "all": true}), "all"),
            (json!({"names": vec!["a"; 65]}), "at most 64"),
        ] {
            let fault = Granted::parse(&grant).unwrap_err();
            assert_eq!(fault.reason, "INVALID_GRANT");
            assert!(fault.message.contains(place), "{}", fault.message);
        }
        let granted = Granted::parse(&json!({"names": ["smtp-password"]})).unwrap();
        assert_eq!(granted.find("smtp-password").unwrap().as_str(), "smtp-password");
        assert_eq!(granted.find("other").unwrap_err().reason, "SECRET_NOT_GRANTED");
    }
}
