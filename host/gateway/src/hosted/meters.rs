//! Meters of the host's own routes, made when a route is first used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;

use crate::telemetry::{RouteMeter, Telemetry};

/// Method and template.
type Route = (&'static str, Box<str>);

pub(crate) struct Meters {
    telemetry: Telemetry,
    by_route: Mutex<HashMap<Route, Arc<RouteMeter>>>,
}

impl Meters {
    pub(crate) fn new(telemetry: Telemetry) -> Self {
        Self { telemetry, by_route: Mutex::default() }
    }

    pub(crate) fn of(&self, method: &Method, template: &str) -> Arc<RouteMeter> {
        let method = label(method);
        let mut by_route = self.by_route.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(self.telemetry.route(method, template));
        Arc::clone(by_route.entry((method, template.into())).or_insert_with(make))
    }
}

/// A caller may invent methods; the number of labels must not grow with them.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "OTHER",
    }
}
