//! The host's own endpoints. Bodies that the registry writes are described by their words only: they may grow members.

use serde_json::{Map, Value, json};

/// One row an endpoint: method, path, role, summary, query parameters, body, status and meaning of success.
struct Row(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    Body,
    u16,
    &'static str,
);

enum Body {
    None,
    Wasm,
    Release,
}

const NAMING: &[(&str, &str)] = &[
    ("name", "Lower-case letters, digits and dashes, at most 63."),
    ("version", "Semantic version; immutable once pushed."),
];
const PAGE: &[(&str, &str)] = &[("cursor", "`next` of the page before."), ("limit", "1 to 1000; 100 where absent.")];

const DEAD_LETTER: &str = "/v1/events/dead-letters/{tenant}/{subscription}/{event}";

const ROWS: &[Row] = &[
    Row(
        "get",
        "/v1/plugins",
        "reader",
        "Lists the plugins that the tenant may release",
        &[],
        Body::None,
        200,
        "The plugins.",
    ),
    Row(
        "post",
        "/v1/plugins",
        "publisher",
        "Uploads a plugin",
        NAMING,
        Body::Wasm,
        201,
        "The new version; 200 when the same bytes were there.",
    ),
    Row(
        "get",
        "/v1/plugins/{name}",
        "reader",
        "Lists a plugin's versions",
        &[],
        Body::None,
        200,
        "The versions, newest first.",
    ),
    Row(
        "get",
        "/v1/plugins/{name}/logs",
        "reader",
        "Reads what a plugin wrote",
        &[
            ("after", "The last cursor seen."),
            ("limit", "1 to 1000; 100 where absent."),
            ("wait", "Milliseconds to wait for an entry when there is none, at most 30000."),
        ],
        Body::None,
        200,
        "The entries.",
    ),
    Row(
        "get",
        "/v1/releases",
        "reader",
        "Lists what serves the tenant",
        &[],
        Body::None,
        200,
        "The releases, in the order in which they run.",
    ),
    Row(
        "get",
        "/v1/releases/{point}/{name}",
        "reader",
        "Shows a release",
        &[],
        Body::None,
        200,
        "The release; its revision is the ETag.",
    ),
    Row(
        "put",
        "/v1/releases/{point}/{name}",
        "publisher",
        "Releases a version of a plugin",
        &[],
        Body::Release,
        200,
        "The release.",
    ),
    Row("delete", "/v1/releases/{point}/{name}", "publisher", "Takes a plugin out", &[], Body::None, 204, "Done."),
    Row(
        "post",
        "/v1/releases/{point}/{name}/rollback",
        "publisher",
        "Brings back what served before",
        &[],
        Body::None,
        200,
        "The release.",
    ),
    Row(
        "get",
        "/v1/releases/{point}/{name}/history",
        "reader",
        "Lists the changes of a release",
        PAGE,
        Body::None,
        200,
        "The changes, newest first.",
    ),
    Row("get", "/v1/services", "reader", "Lists the services", &[], Body::None, 200, "The services."),
    Row("post", "/v1/services", "operator", "Uploads a service", NAMING, Body::Wasm, 201, "The new version."),
    Row(
        "get",
        "/v1/services/{name}",
        "reader",
        "Shows what serves for a service",
        &[],
        Body::None,
        200,
        "The release.",
    ),
    Row(
        "put",
        "/v1/services/{name}",
        "operator",
        "Releases a version of a service",
        &[],
        Body::Release,
        200,
        "The release.",
    ),
    Row("delete", "/v1/services/{name}", "operator", "Takes a service out", &[], Body::None, 204, "Done."),
    Row(
        "post",
        "/v1/services/{name}/rollback",
        "operator",
        "Brings back what served before",
        &[],
        Body::None,
        200,
        "The release.",
    ),
    Row(
        "get",
        "/v1/services/{name}/history",
        "reader",
        "Lists the changes of a service",
        PAGE,
        Body::None,
        200,
        "The changes, newest first.",
    ),
    Row(
        "get",
        "/v1/audit",
        "reader",
        "Lists who changed what",
        &[
            ("scope", "Operators: `all`, `@platform` or a tenant."),
            ("actor", "By this actor."),
            ("action", "With this action; `release.` for all that begin so."),
            ("subject", "About this subject."),
            ("since", "Not before, in ms since 1970."),
            ("until", "Before, in ms since 1970."),
            ("cursor", "`next` of the page before."),
            ("limit", "1 to 1000; 100 where absent."),
        ],
        Body::None,
        200,
        "The entries, newest first.",
    ),
    Row(
        "get",
        "/v1/events/subscriptions",
        "operator",
        "Lists how far subscriptions are behind",
        &[],
        Body::None,
        200,
        "The subscriptions.",
    ),
    Row(
        "get",
        "/v1/events/dead-letters",
        "operator",
        "Lists events that could not be handled",
        &[
            ("tenant", "Of this tenant."),
            ("service", "Of this service's subscriptions."),
            ("subscription", "Of this subscription."),
            ("limit", "1 to 200; 100 where absent."),
        ],
        Body::None,
        200,
        "The dead letters, the oldest of each service first.",
    ),
    Row("get", DEAD_LETTER, "operator", "Shows a dead letter", &[], Body::None, 200, "The dead letter."),
    Row("delete", DEAD_LETTER, "operator", "Discards a dead letter", &[], Body::None, 204, "It is gone."),
    Row(
        "post",
        "/v1/events/dead-letters/{tenant}/{subscription}/{event}/replay",
        "operator",
        "Gives a dead letter to its handler once more",
        &[],
        Body::None,
        204,
        "It was handled; otherwise the handler's fault.",
    ),
    Row(
        "get",
        "/v1/jobs",
        "operator",
        "Lists what services run by the clock",
        &[
            ("tenant", "For this tenant."),
            ("service", "Functions of this service."),
            ("limit", "1 to 1000; 100 where absent."),
        ],
        Body::None,
        200,
        "The jobs by tenant, service and function: how the last run went, and when the next is due.",
    ),
    Row(
        "get",
        "/v1/blobs/{tenant}/{service}/{name}",
        "",
        "Delivers a public blob",
        &[("digest", "Exactly these bytes, to be cached for ever; 302 where the name has others.")],
        Body::None,
        200,
        "The bytes.",
    ),
    Row("get", "/healthz/live", "", "Whether the process runs", &[], Body::None, 200, "It does."),
    Row("get", "/healthz/ready", "", "Whether the host takes requests", &[], Body::None, 200, "It does; 503 when not."),
    Row("get", "/metrics", "", "Metrics for Prometheus", &[], Body::None, 200, "The metrics."),
];

pub(super) fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for Row(method, path, role, summary, query, body, status, meaning) in ROWS {
        let mut operation = json!({
            "tags": ["host"],
            "operationId": format!("{method}:{}", path.trim_start_matches('/').replace('/', ".")),
            "summary": summary,
            "parameters": parameters(path, query),
            "responses": { status.to_string(): { "description": meaning }, "default": { "$ref": "#/components/responses/Fault" } },
        });
        if let Value::Object(operation) = &mut operation {
            if role.is_empty() {
                operation.insert("security".into(), json!([]));
            } else {
                operation.insert("description".into(), json!(format!("Role: {role}.")));
            }
            if let Some(content) = content(body) {
                operation.insert("requestBody".into(), json!({ "required": true, "content": content }));
            }
        }
        let methods = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        if let Value::Object(methods) = methods {
            methods.insert((*method).to_owned(), operation);
        }
    }
    paths
}

fn parameters(path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = query.iter().map(|(name, what)| {
        let required = matches!(*name, "name" | "version");
        json!({ "name": name, "in": "query", "required": required, "description": what, "schema": { "type": "string" } })
    });
    in_path.chain(in_query).collect()
}

fn content(body: &Body) -> Option<Value> {
    match body {
        Body::None => None,
        Body::Wasm => Some(
            json!({ "application/wasm": { "schema": { "type": "string", "contentMediaType": "application/wasm" } } }),
        ),
        Body::Release => {
            Some(json!({ "application/json": { "schema": { "$ref": "#/components/schemas/host.ReleaseSpec" } } }))
        }
    }
}

pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert(
        "host.Problem".into(),
        json!({
            "type": "object",
            "description": "RFC 9457 problem details. Match on `reason`.",
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string", "description": "What is wrong, where, and what to do." },
                "code": { "type": "string", "description": "The canonical gRPC code." },
                "reason": { "type": "string", "description": "UPPER_SNAKE, stable: made to be matched on." },
                "metadata": { "type": "object", "additionalProperties": { "type": "string" } },
                "requestId": { "type": "string" },
            },
            "required": ["type", "title", "status", "detail", "code", "reason", "metadata"],
        }),
    );
    schemas.insert(
        "host.ReleaseSpec".into(),
        json!({
            "type": "object",
            "description": "What is to serve. What is left out stays as it is.",
            "properties": {
                "version": { "type": "string" },
                "source": { "type": "string", "description": "`@platform`, or the tenant." },
                "position": { "type": "integer", "description": "Low goes first; behind the last by default." },
                "config": { "description": "Any JSON of at most 64 KiB." },
                "onFailure": { "type": "string", "enum": ["skip", "block", "last-good"] },
                "limits": { "type": "object" },
            },
            "required": ["version"],
            "additionalProperties": false,
        }),
    );
    schemas
}

pub(super) fn security() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "fdk_…" },
        "apiKey": { "type": "apiKey", "in": "header", "name": "x-api-key" },
    })
}

pub(super) fn responses() -> Value {
    let schema = json!({ "$ref": "#/components/schemas/host.Problem" });
    json!({ "Fault": { "description": "What went wrong.", "content": { "application/problem+json": { "schema": schema } } } })
}
