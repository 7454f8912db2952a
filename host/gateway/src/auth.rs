//! Who calls: an API key in a header, the roles it has, and the tenant it acts for.

use std::sync::Arc;

use fondaco_engine::{Code, Fault, Roles, TenantId};
use fondaco_registry::{Actor, Identity, Keys};
use http::{HeaderMap, HeaderName, header};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const TENANT: HeaderName = HeaderName::from_static("x-fondaco-tenant");

/// The caller of one request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    identity: Arc<Identity>,
    tenant: TenantId,
}

impl Caller {
    /// Finds out who calls and whom for.
    pub(crate) async fn of(keys: &Keys, headers: &HeaderMap) -> Result<Self, Fault> {
        let identity = keys.verify(token(headers)?).await?;
        let tenant = acting_for(&identity, headers)?;
        Ok(Self { identity, tenant })
    }

    /// The tenant that the request is about.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The key's name.
    pub(crate) fn subject(&self) -> &Arc<str> {
        &self.identity.name
    }

    /// What the key may do, as it was given.
    pub(crate) fn roles(&self) -> Roles {
        self.identity.roles
    }

    /// Whether it runs the platform.
    pub(crate) fn is_operator(&self) -> bool {
        self.roles().contains(Roles::OPERATOR)
    }

    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor::new(&format!("{} ({})", self.identity.name, self.identity.key_id))
    }

    /// Refuses a caller without `role`. An operator has every role, and a publisher may read.
    pub(crate) fn must_be(&self, role: Roles) -> Result<(), Fault> {
        let has = self.roles();
        let reads = role == Roles::READER && has.contains(Roles::PUBLISHER);
        if has.contains(role) || self.is_operator() || reads {
            return Ok(());
        }
        let names = |roles: Roles| roles.names().collect::<Vec<_>>().join(", ");
        let message =
            format!("this needs a key with the role {}; `{}` has {}", names(role), self.identity.name, names(has));
        Err(Fault::new(Code::PermissionDenied, "ROLE_REQUIRED", message).with("role", names(role)))
    }
}

fn token(headers: &HeaderMap) -> Result<&str, Fault> {
    let bearer = headers.get(header::AUTHORIZATION).map(|value| {
        let text = value.to_str().unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" }
    });
    let token = bearer.or_else(|| headers.get(API_KEY).map(|value| value.to_str().unwrap_or_default()));
    token.ok_or_else(|| {
        let message = "send an API key, as `Authorization: Bearer fdk_…` or `x-api-key: fdk_…`; \
                       `fondaco keys create` makes one";
        Fault::new(Code::Unauthenticated, "API_KEY_REQUIRED", message)
    })
}

fn acting_for(identity: &Identity, headers: &HeaderMap) -> Result<TenantId, Fault> {
    let Some(asked) = headers.get(TENANT) else { return Ok(identity.tenant.clone()) };
    let asked: TenantId =
        asked.to_str().unwrap_or_default().parse().map_err(|error| {
            Fault::new(Code::InvalidArgument, "INVALID_TENANT", format!("x-fondaco-tenant: {error}"))
        })?;
    if asked == identity.tenant || identity.roles.contains(Roles::OPERATOR) {
        return Ok(asked);
    }
    let message = format!("a key of `{}` cannot act for `{asked}`; only an operator's may", identity.tenant);
    Err(Fault::new(Code::PermissionDenied, "TENANT_DENIED", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(roles: Roles) -> Arc<Identity> {
        Arc::new(Identity { key_id: "k1".into(), tenant: "acme".parse().unwrap(), name: "shop".into(), roles })
    }

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_key_comes_in_either_header() {
        assert_eq!(token(&headers(&[(header::AUTHORIZATION, "Bearer fdk_a")])).unwrap(), "fdk_a");
        assert_eq!(token(&headers(&[(header::AUTHORIZATION, "bearer  fdk_a")])).unwrap(), "fdk_a");
        assert_eq!(token(&headers(&[(API_KEY, "fdk_b")])).unwrap(), "fdk_b");
        assert_eq!(token(&headers(&[])).unwrap_err().reason, "API_KEY_REQUIRED");
        assert_eq!(token(&headers(&[(header::AUTHORIZATION, "Basic abc")])).unwrap(), "", "refused as a key, later");
    }

    #[test]
    fn only_an_operator_acts_for_another_tenant() {
        let other = headers(&[(TENANT, "globex")]);
        assert_eq!(acting_for(&identity(Roles::OPERATOR), &other).unwrap().as_str(), "globex");
        assert_eq!(acting_for(&identity(Roles::CALLER), &other).unwrap_err().reason, "TENANT_DENIED");
        let own = headers(&[(TENANT, "acme")]);
        assert_eq!(acting_for(&identity(Roles::CALLER), &own).unwrap().as_str(), "acme");
        let wrong = headers(&[(TENANT, "../x")]);
        assert_eq!(acting_for(&identity(Roles::OPERATOR), &wrong).unwrap_err().reason, "INVALID_TENANT");
    }

    #[test]
    fn roles_open_what_they_should() {
        let may =
            |roles, role| Caller { identity: identity(roles), tenant: "acme".parse().unwrap() }.must_be(role).is_ok();
        assert!(may(Roles::OPERATOR, Roles::PUBLISHER));
        assert!(may(Roles::PUBLISHER, Roles::READER));
        assert!(!may(Roles::CALLER, Roles::READER));
        assert!(!may(Roles::READER, Roles::CALLER));
        assert!(!may(Roles::PUBLISHER, Roles::OPERATOR));
    }
}
