//! Which function of which service a request names.
//!
//! The table is rebuilt when a service is swapped and read without a lock. It holds names only: the function itself is
//! looked up in the engine at each call, so a request never reaches a release that was replaced before it came.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use fondaco_engine::{CallContext, Code, Digest, Fault, Function, ServiceView, Services};
use futures::future::BoxFuture;
use http::Method;

use crate::codec::Plan;
use crate::params::{self, PathParams};
use crate::telemetry::{RouteMeter, Telemetry};

/// What the host answers itself; no service may take these over.
const RESERVED: &[&str] = &[
    "/v1/plugins",
    "/v1/releases",
    "/v1/services",
    "/v1/audit",
    "/v1/events",
    "/v1/blobs",
    "/healthz",
    "/metrics",
    "/openapi.json",
];

/// A function of this process behind the door of a service's: the same key, limits, count and log line, and no
/// component. For hosts that link a service; the benchmark's limit is one.
pub trait NativeFunction: Send + Sync {
    /// Answers one call: JSON in, JSON out.
    fn call(&self, context: CallContext, body: Bytes) -> BoxFuture<'_, Result<Vec<u8>, Fault>>;
}

/// The routes of the services that serve. Cheap to clone.
#[derive(Clone)]
pub struct Routes {
    inner: Arc<Inner>,
}

struct Inner {
    services: Services,
    telemetry: Telemetry,
    table: ArcSwap<Table>,
    /// Rebuilds one at a time, so that an older snapshot never replaces a newer one.
    rebuilding: std::sync::Mutex<()>,
}

#[derive(Default)]
struct Table {
    matcher: matchit::Router<Vec<Arc<CallRoute>>>,
}

/// What a path names.
pub(crate) enum Found {
    Call(Arc<CallRoute>, PathParams),
    /// The path is a service's, the method is not; these are.
    OtherMethods(String),
    Nothing,
}

impl Routes {
    /// An empty table over `services`.
    pub fn new(services: Services, telemetry: Telemetry) -> Self {
        let inner = Inner { services, telemetry, table: ArcSwap::default(), rebuilding: std::sync::Mutex::new(()) };
        let routes = Self { inner: Arc::new(inner) };
        routes.refresh();
        routes
    }

    /// Puts `function` behind one method and path, in place of all services' routes.
    pub fn serve_native(&self, method: Method, path: &str, function: Arc<dyn NativeFunction>) {
        let meter = self.inner.telemetry.route(method.as_str(), path);
        let route = CallRoute {
            method,
            template: path.into(),
            service: "native".into(),
            interface: "native".into(),
            function: "native".into(),
            meter,
            plan: ArcSwapOption::empty(),
            native: Some(function),
        };
        self.inner.table.store(Arc::new(Table::of(vec![(path.to_owned(), route)])));
    }

    /// To be called after a service was activated or deactivated.
    pub fn refresh(&self) {
        let _one_at_a_time = self.inner.rebuilding.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut calls: Vec<(String, CallRoute)> = Vec::new();
        for service in self.inner.services.snapshot() {
            for named in named_routes(&service) {
                let meter = self.inner.telemetry.route(named.method.as_str(), &named.path);
                let (path, route) = named.into_route(meter);
                if calls.iter().any(|(other, there)| *other == path && there.method == route.method) {
                    tracing::warn!(method = %route.method, path, service = %service.name, "route is taken by another service");
                    continue;
                }
                calls.push((path, route));
            }
        }
        self.inner.table.store(Arc::new(Table::of(calls)));
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let table = self.inner.table.load();
        let Ok(at) = table.matcher.at(path) else { return Found::Nothing };
        if let Some(route) = at.value.iter().find(|route| route.method == *method) {
            let given = at.params.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
            return Found::Call(Arc::clone(route), given.collect());
        }
        let methods: Vec<&str> = at.value.iter().map(|route| route.method.as_str()).collect();
        Found::OtherMethods(methods.join(", "))
    }

    /// The engine's invoker behind the routes.
    pub(crate) fn services(&self) -> &Services {
        &self.inner.services
    }
}

impl Table {
    fn of(calls: Vec<(String, CallRoute)>) -> Self {
        let mut by_path: std::collections::BTreeMap<String, Vec<Arc<CallRoute>>> = std::collections::BTreeMap::new();
        for (path, route) in calls {
            by_path.entry(path).or_default().push(Arc::new(route));
        }
        let mut matcher = matchit::Router::new();
        for (path, routes) in by_path {
            if let Err(error) = matcher.insert(path.as_str(), routes) {
                tracing::warn!(path, %error, "route cannot be served");
            }
        }
        Self { matcher }
    }
}

/// One function behind one method and path.
pub(crate) struct CallRoute {
    pub(crate) method: Method,
    pub(crate) template: Box<str>,
    pub(crate) service: Box<str>,
    pub(crate) interface: Arc<str>,
    pub(crate) function: Arc<str>,
    pub(crate) meter: RouteMeter,
    /// The plan of the release that served last: types are a matter of the component's bytes.
    plan: ArcSwapOption<(Digest, Arc<Plan>)>,
    /// What answers in place of the service's function.
    pub(crate) native: Option<Arc<dyn NativeFunction>>,
}

impl CallRoute {
    /// How `function`'s calls look in JSON.
    pub(crate) fn plan(&self, function: &Function) -> Result<Arc<Plan>, Fault> {
        let digest = function.digest();
        if let Some((known, plan)) = self.plan.load().as_deref()
            && *known == digest
        {
            return Ok(Arc::clone(plan));
        }
        let plan = Plan::of(function.ty()).map_err(|error| {
            let message = format!("`{}` of `{}` cannot be called over HTTP: {error}", self.function, self.service);
            Fault::new(Code::Unimplemented, "NOT_CALLABLE_OVER_HTTP", message)
        })?;
        let plan = Arc::new(plan);
        self.plan.store(Some(Arc::new((digest, Arc::clone(&plan)))));
        Ok(plan)
    }
}

/// A route before its meters are made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) service: String,
    pub(crate) interface: Arc<str>,
    pub(crate) function: Arc<str>,
}

impl Named {
    fn into_route(self, meter: RouteMeter) -> (String, CallRoute) {
        let route = CallRoute {
            method: self.method,
            template: self.path.as_str().into(),
            service: self.service.into(),
            interface: self.interface,
            function: self.function,
            meter,
            plan: ArcSwapOption::empty(),
            native: None,
        };
        (self.path, route)
    }
}

/// Every function's own route, and those of the manifest.
pub(crate) fn named_routes(service: &ServiceView) -> Vec<Named> {
    let mut routes = Vec::new();
    for interface in &service.interfaces {
        let (short, major) = parts_of(&interface.name);
        for function in &interface.functions {
            routes.push(Named {
                method: Method::POST,
                path: format!("/v{major}/{}/{short}/{}", service.name, function.name),
                service: service.name.to_string(),
                interface: Arc::clone(&interface.name),
                function: Arc::clone(&function.name),
            });
        }
    }
    for (route, target) in &service.release.routes {
        match manifest_route(service, route, target, &routes) {
            Ok(named) => routes.push(named),
            Err(fault) => tracing::warn!(service = %service.name, route, %fault, "route of a manifest is left out"),
        }
    }
    routes
}

/// Checks that each route of a manifest leads to a function that takes what the path names.
pub fn check_service(service: &ServiceView) -> Result<(), Fault> {
    let mut own = service.clone();
    own.release.routes.clear();
    let own = named_routes(&own);
    service.release.routes.iter().try_for_each(|(route, target)| manifest_route(service, route, target, &own).map(drop))
}

fn manifest_route(service: &ServiceView, route: &str, target: &str, own: &[Named]) -> Result<Named, Fault> {
    let named = resolve(route, target, own)?;
    let mut interfaces = service.interfaces.iter().filter(|interface| interface.name == named.interface);
    let function = interfaces.find_map(|found| found.functions.iter().find(|function| function.name == named.function));
    let unnamed = function.and_then(|function| params::unnamed(&function.ty, &params::names_in(&named.path)));
    match unnamed {
        None => Ok(named),
        Some(name) => Err(invalid(route, format!("`{target}` has no parameter `{name}`"))),
    }
}

fn resolve(route: &str, target: &str, own: &[Named]) -> Result<Named, Fault> {
    let (method, path) = parse(route)?;
    let (interface, function) = target.split_once('.').unwrap_or_default();
    let named = own
        .iter()
        .find(|named| parts_of(&named.interface).0 == interface && *named.function == *function)
        .ok_or_else(|| invalid(route, format!("the component exports no `{target}`")))?;
    Ok(Named {
        method,
        path,
        service: named.service.clone(),
        interface: Arc::clone(&named.interface),
        function: Arc::clone(&named.function),
    })
}

/// `fondaco:pricing/quotes@1.0.0` → `quotes`, `1`.
pub(crate) fn parts_of(interface: &str) -> (&str, &str) {
    let (path, version) = interface.split_once('@').unwrap_or((interface, "1"));
    let short = path.rsplit_once('/').map_or(path, |(_, short)| short);
    (short, version.split('.').next().unwrap_or("1"))
}

/// Checks the routes of a manifest before its component may serve.
pub fn check_routes(routes: &[(String, String)]) -> Result<(), Fault> {
    for (route, target) in routes {
        parse(route)?;
        if target.split_once('.').is_none_or(|(interface, function)| interface.is_empty() || function.is_empty()) {
            return Err(invalid(route, format!("`{target}` should read `interface.function`")));
        }
    }
    Ok(())
}

/// `POST /v1/pricing/quotes`
fn parse(route: &str) -> Result<(Method, String), Fault> {
    let (method, path) = route.split_once(' ').ok_or_else(|| invalid(route, "it should read `METHOD /path`"))?;
    let method = match method {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => return Err(invalid(route, "the method is one of GET, POST, PUT, PATCH, DELETE")),
    };
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let starts_well = path.starts_with("/v") && path.len() <= 256 && parts.iter().take(2).all(|part| is_plain(part));
    if !starts_well || !parts.iter().all(|part| is_plain(part) || is_parameter(part)) {
        return Err(invalid(
            route,
            "the path starts with /v1/ (or another version) and a name, and its parts have letters, digits, - . _ ~ \
             only, or are a parameter like {sku}, named as in JSON",
        ));
    }
    let names = params::names_in(path);
    if let Some(twice) = names.iter().find(|name| names.iter().filter(|other| other == name).count() > 1) {
        return Err(invalid(route, format!("{{{twice}}} stands there twice")));
    }
    let is_below =
        |reserved: &str| path.strip_prefix(reserved).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some(reserved) = RESERVED.iter().find(|reserved| is_below(reserved)) {
        return Err(invalid(route, format!("{reserved} is the host's own")));
    }
    Ok((method, path.to_owned()))
}

fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// `{sku}`
fn is_parameter(part: &str) -> bool {
    let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn invalid(route: &str, why: impl std::fmt::Display) -> Fault {
    let message = format!("`{route}` is not a route that a service may have: {why}");
    Fault::new(Code::InvalidArgument, "INVALID_ROUTE", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Vec<Named> {
        vec![Named {
            method: Method::POST,
            path: "/v1/pricing/quotes/quote".into(),
            service: "pricing".into(),
            interface: "fondaco:pricing/quotes@1.0.0".into(),
            function: "quote".into(),
        }]
    }

    #[test]
    fn a_manifest_names_interface_and_function() {
        let named = resolve("POST /v1/pricing/quotes", "quotes.quote", &own()).unwrap();
        assert_eq!((named.path.as_str(), &*named.function), ("/v1/pricing/quotes", "quote"));
        for target in ["quotes.other", "others.quote", "quote", ""] {
            assert_eq!(resolve("POST /v1/x", target, &own()).unwrap_err().reason, "INVALID_ROUTE", "{target}");
        }
    }

    #[test]
    fn routes_are_checked_before_anything_serves() {
        let check = |route: &str| check_routes(&[(route.to_owned(), "a.b".to_owned())]);
        for good in [
            "POST /v1/pricing/quotes",
            "GET /v2/products",
            "DELETE /v1/plugins-of-mine",
            "PUT /v1/products/{sku}/prices/{listId}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "POST",
            "post /v1/x",
            "FETCH /v1/x",
            "POST v1/x",
            "POST /x",
            "POST /v1/x/",
            "POST /v1//x",
            "POST /v1/{a}",
            "POST /v1/plugins",
            "POST /v1/releases/x",
            "POST /v1/x y",
            "POST /v1/ü",
            "GET /{version}/x",
            "GET /v1/{a}/b",
            "GET /v1/plugins/{a}",
            "GET /v1/x/{}",
            "GET /v1/x/{a-b}",
            "GET /v1/x/{*rest}",
            "GET /v1/x/{a}b",
            "GET /v1/x/{a}/{a}",
        ] {
            assert_eq!(check(bad).unwrap_err().reason, "INVALID_ROUTE", "{bad}");
        }
    }

    #[test]
    fn the_major_version_leads_the_path() {
        assert_eq!(parts_of("fondaco:pricing/quotes@1.0.0"), ("quotes", "1"));
        assert_eq!(parts_of("a:b/c@2.3.4"), ("c", "2"));
        assert_eq!(parts_of("a:b/c"), ("c", "1"));
    }
}
