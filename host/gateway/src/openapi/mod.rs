//! `/openapi.json`: the host's own endpoints, and what the services that serve just now offer.
//!
//! Types, names and docs come out of the components' own bytes (the WIT that every component carries), so the document
//! changes when a service is swapped. Reading them takes milliseconds, so it is done once a digest.

mod own;
mod parameters;
mod schema;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fondaco_engine::{Digest, Fault, ServiceView};
use fondaco_registry::Blobs;
use serde_json::{Map, Value, json};

use crate::table::{Named, Routes, named_routes};

/// Operations and schemas of one component, by `interface.function`.
#[derive(Default)]
pub(crate) struct Described {
    /// Interface's full name and function → operation without its id.
    operations: HashMap<(String, String), Value>,
    /// The same → its parameters.
    inputs: HashMap<(String, String), Vec<parameters::Input>>,
    schemas: Map<String, Value>,
}

/// Makes the document.
pub(crate) struct OpenApi {
    routes: Routes,
    blobs: Blobs,
    contracts: Arc<wit_parser::Resolve>,
    described: Mutex<HashMap<Digest, Arc<Described>>>,
}

impl OpenApi {
    pub(crate) fn new(routes: Routes, blobs: Blobs, contracts: Arc<wit_parser::Resolve>) -> Self {
        Self { routes, blobs, contracts, described: Mutex::default() }
    }

    /// The document as things are now.
    pub(crate) async fn document(&self) -> Value {
        let services = self.routes.services().snapshot();
        let mut paths = own::paths();
        let mut schemas = own::schemas();
        for service in &services {
            let described = self.described(service).await;
            for named in named_routes(service) {
                add(&mut paths, &named, &described);
            }
            for (name, schema) in &described.schemas {
                schemas.entry(name.clone()).or_insert_with(|| schema.clone());
            }
        }
        self.forget_all_but(&services);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Fondaco",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Commerce logic as WebAssembly components. Paths of services are those of the components that serve now.",
            },
            "security": [{ "bearer": [] }, { "apiKey": [] }],
            "paths": paths,
            "components": { "schemas": schemas, "securitySchemes": own::security(), "responses": own::responses() },
        })
    }

    async fn described(&self, service: &ServiceView) -> Arc<Described> {
        let known = self.described.lock().unwrap_or_else(PoisonError::into_inner).get(&service.digest).cloned();
        if let Some(described) = known {
            return described;
        }
        let described = Arc::new(self.read(service.digest).await.unwrap_or_else(|fault| {
            tracing::warn!(service = %service.name, %fault, "the types of a service cannot be described");
            Described::default()
        }));
        let mut all = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(service.digest).or_insert(described))
    }

    async fn read(&self, digest: Digest) -> Result<Described, Fault> {
        let bytes = self.blobs.get(digest).await?;
        let contracts = Arc::clone(&self.contracts);
        let described = tokio::task::spawn_blocking(move || schema::describe(&bytes, &contracts)).await;
        described.map_err(|error| Fault::internal(error.to_string()))?
    }

    fn forget_all_but(&self, services: &[ServiceView]) {
        let mut all = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|digest, _| services.iter().any(|service| service.digest == *digest));
    }
}

fn add(paths: &mut Map<String, Value>, named: &Named, described: &Described) {
    let key = (named.interface.to_string(), named.function.to_string());
    let mut operation = described.operations.get(&key).cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(operation) = &mut operation {
        let inputs = described.inputs.get(&key).map(Vec::as_slice).unwrap_or_default();
        parameters::place(operation, &named.method, &named.path, inputs);
        operation.insert("tags".into(), json!([named.service]));
        operation.insert("operationId".into(), json!(operation_id(named)));
        operation
            .entry("responses")
            .or_insert_with(|| json!({ "default": { "$ref": "#/components/responses/Fault" } }));
    }
    let path = paths.entry(named.path.clone()).or_insert_with(|| json!({}));
    if let Value::Object(methods) = path {
        methods.insert(named.method.as_str().to_ascii_lowercase(), operation);
    }
}

/// Unique: a function may have its own path and one of the manifest.
fn operation_id(named: &Named) -> String {
    let path = named.path.trim_start_matches('/').replace('/', ".").replace(['{', '}'], "");
    format!("{}:{path}", named.method.as_str().to_ascii_lowercase())
}
