//! Who owns a component, what kind it is, which slot it fills, who did it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fondaco_engine::{Class, Code, Fault, ServiceName, TenantId};
use serde::{Deserialize, Serialize};

use crate::names::{PluginName, PointName, clean, quoted};

/// How the platform is written where a tenant's id could stand. No tenant id can be this.
pub(crate) const PLATFORM: &str = "@platform";

/// Whose component it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The operator of the platform: services, and the built-in plugins that every tenant may use.
    Platform,
    /// One merchant.
    Tenant(TenantId),
}

impl Owner {
    pub(crate) fn key(&self) -> String {
        self.to_string()
    }

    pub(crate) fn from_key(text: &str) -> Result<Self, Fault> {
        text.parse()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => out.write_str(PLATFORM),
            Self::Tenant(tenant) => write!(out, "{tenant}"),
        }
    }
}

impl FromStr for Owner {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text == PLATFORM {
            return Ok(Self::Platform);
        }
        text.parse().map(Self::Tenant).map_err(|_error| {
            Fault::new(
                Code::InvalidArgument,
                "INVALID_OWNER",
                format!("{} is not a tenant id and not '{PLATFORM}'", quoted(text)),
            )
        })
    }
}

impl Serialize for Owner {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a component turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "class")]
pub enum Kind {
    /// A plugin of that extension point.
    Plugin {
        /// The point that it exports.
        point: PointName,
    },
    /// A domain service.
    Service,
}

impl Kind {
    /// The class, without the point.
    pub fn class(&self) -> Class {
        match self {
            Self::Plugin { .. } => Class::Plugin,
            Self::Service => Class::Service,
        }
    }

    pub(crate) fn point_key(&self) -> &str {
        match self {
            Self::Plugin { point } => point.as_str(),
            Self::Service => "",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin { point } => write!(out, "{point} plugin"),
            Self::Service => out.write_str("service"),
        }
    }
}

/// The one place where a call looks up what serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Slot {
    /// One plugin of one tenant at one extension point.
    Plugin {
        /// The merchant.
        tenant: TenantId,
        /// The extension point.
        point: PointName,
        /// The plugin.
        name: PluginName,
    },
    /// A domain service, the same for all tenants.
    Service {
        /// The service.
        name: ServiceName,
    },
}

impl Slot {
    /// Who is served by it.
    pub fn scope(&self) -> Owner {
        match self {
            Self::Plugin { tenant, .. } => Owner::Tenant(tenant.clone()),
            Self::Service { .. } => Owner::Platform,
        }
    }

    /// The class of component that fits.
    pub fn class(&self) -> Class {
        match self {
            Self::Plugin { .. } => Class::Plugin,
            Self::Service { .. } => Class::Service,
        }
    }

    /// The name of the plugin or service.
    pub fn name(&self) -> &str {
        match self {
            Self::Plugin { name, .. } => name.as_str(),
            Self::Service { name } => name.as_str(),
        }
    }

    pub(crate) fn point_key(&self) -> &str {
        match self {
            Self::Plugin { point, .. } => point.as_str(),
            Self::Service { .. } => "",
        }
    }

    pub(crate) fn from_keys(scope: &str, point: &str, name: &str) -> Result<Self, Fault> {
        match Owner::from_key(scope)? {
            Owner::Platform => Ok(Self::Service { name: name.parse().map_err(|_error| unreadable("service", name))? }),
            Owner::Tenant(tenant) => Ok(Self::Plugin { tenant, point: point.parse()?, name: name.parse()? }),
        }
    }
}

fn unreadable(what: &str, found: &str) -> Fault {
    Fault::new(
        Code::DataLoss,
        "REGISTRY_DAMAGED",
        format!("the registry holds {} as the name of a {what}", quoted(found)),
    )
}

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin { point, name, .. } => write!(out, "{point}/{name}"),
            Self::Service { name } => write!(out, "service/{name}"),
        }
    }
}

/// Who did it, for the audit log: a key's id and name, or `cli`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Actor(Arc<str>);

impl Actor {
    /// Control characters are replaced and the text is cut at 200 characters, so that no name can
    /// disturb a log.
    pub fn new(text: &str) -> Self {
        Self(clean(text, 200).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_can_be_the_platform() {
        assert!(PLATFORM.parse::<TenantId>().is_err());
        assert_eq!(PLATFORM.parse::<Owner>().expect("an owner"), Owner::Platform);
        let tenant: Owner = "platform".parse().expect("an owner");
        assert!(matches!(tenant, Owner::Tenant(_)));
    }

    #[test]
    fn an_actor_cannot_disturb_a_log() {
        let actor = Actor::new(&format!("a\n{}", "b".repeat(500)));
        assert_eq!(actor.as_str().chars().count(), 200);
        assert!(!actor.as_str().contains('\n'));
    }
}
