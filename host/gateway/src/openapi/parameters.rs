//! What of a function's input stands in the URL: the operation of a route of the manifest, where it differs from that of
//! the function's own path. The rules are those of [`crate::params`].

use http::Method;
use serde_json::{Map, Value, json};

use crate::params::names_in;

/// A parameter of a function, or a field of the record that is its only one.
#[derive(Clone)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) schema: Value,
    pub(super) required: bool,
    /// Its fields, where it is a record.
    pub(super) fields: Option<Vec<Input>>,
    /// Whether a URL can say it.
    pub(super) in_url: bool,
}

/// Rewrites the operation of a function for a route.
pub(super) fn place(operation: &mut Map<String, Value>, method: &Method, path: &str, inputs: &[Input]) {
    let names = names_in(path);
    let has_query = matches!(*method, Method::GET | Method::DELETE);
    if names.is_empty() && !has_query {
        return;
    }
    let is_whole = matches!(inputs, [Input { fields: Some(_), .. }]);
    let all = match inputs {
        [Input { fields: Some(fields), .. }] => fields.as_slice(),
        _ => inputs,
    };
    let (in_path, left): (Vec<&Input>, Vec<&Input>) =
        all.iter().partition(|input| names.contains(&input.name.as_str()));
    // The one record that the path leaves over is the body itself.
    let nested = match left.as_slice() {
        [Input { fields: Some(fields), schema, .. }] if !is_whole && !in_path.is_empty() => Some((fields, schema)),
        _ => None,
    };
    let left: Vec<&Input> = nested.map_or(left, |(fields, _)| fields.iter().collect());
    let (in_query, in_body): (Vec<&Input>, Vec<&Input>) = left.into_iter().partition(|input| has_query && input.in_url);

    let of_path = in_path.iter().map(|input| parameter(input, "path", true));
    let of_query = in_query.iter().map(|input| parameter(input, "query", input.required));
    let parameters: Vec<Value> = of_path.chain(of_query).collect();
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    if in_body.is_empty() {
        operation.remove("requestBody");
        return;
    }
    let schema = match nested {
        Some((_, schema)) if in_query.is_empty() => schema.clone(),
        _ => object(&in_body),
    };
    let required = in_body.iter().any(|input| input.required);
    let body = json!({ "required": required, "content": { "application/json": { "schema": schema } } });
    operation.insert("requestBody".to_owned(), body);
}

fn parameter(input: &Input, place: &str, required: bool) -> Value {
    let mut schema = input.schema.clone();
    let docs =
        schema.as_object_mut().filter(|schema| !schema.contains_key("$ref")).and_then(|it| it.remove("description"));
    let mut parameter = json!({ "name": input.name, "in": place, "required": required, "schema": schema });
    if let (Some(docs), Some(parameter)) = (docs, parameter.as_object_mut()) {
        parameter.insert("description".to_owned(), docs);
    }
    parameter
}

fn object(inputs: &[&Input]) -> Value {
    let properties: Map<String, Value> =
        inputs.iter().map(|input| (input.name.clone(), input.schema.clone())).collect();
    let required: Vec<&str> = inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, required: bool) -> Input {
        let schema = json!({ "type": "string", "description": format!("The {name}.") });
        Input { name: name.to_owned(), schema, required, fields: None, in_url: true }
    }

    fn record(name: &str, fields: Vec<Input>) -> Input {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        Input { name: name.to_owned(), schema, required: true, fields: Some(fields), in_url: false }
    }

    /// Where each parameter stands, and what the body is.
    fn placed(method: &Method, path: &str, inputs: &[Input]) -> (Vec<String>, Value) {
        let mut operation = Map::new();
        operation.insert("requestBody".to_owned(), json!("as it was"));
        place(&mut operation, method, path, inputs);
        let parameters = operation.remove("parameters").unwrap_or_else(|| json!([]));
        let told = parameters.as_array().unwrap().iter().map(|it| {
            let mark = if it["required"] == true { "!" } else { "" };
            format!("{}:{}{mark}", it["in"].as_str().unwrap(), it["name"].as_str().unwrap())
        });
        let told = told.collect();
        let body = operation.remove("requestBody").unwrap_or(Value::Null);
        (told, if body.is_object() { body["content"]["application/json"]["schema"].clone() } else { body })
    }

    #[test]
    fn a_path_without_parameters_stays_as_it_is() {
        let (told, body) = placed(&Method::POST, "/v1/quotes", &[input("sku", true)]);
        assert_eq!((told, body), (vec![], json!("as it was")));
    }

    #[test]
    fn what_is_read_is_asked_for_in_the_url() {
        let inputs = [input("sku", true), input("market", false)];
        let (told, body) = placed(&Method::GET, "/v1/products/{sku}", &inputs);
        assert_eq!(told, ["path:sku!", "query:market"]);
        assert_eq!(body, Value::Null);
        let whole = [record("filter", inputs.to_vec())];
        assert_eq!(placed(&Method::GET, "/v1/products", &whole).0, ["query:sku!", "query:market"]);
    }

    #[test]
    fn the_one_record_left_over_is_the_body() {
        let inputs = [input("sku", true), record("change", vec![input("title", true)])];
        let (told, body) = placed(&Method::PUT, "/v1/products/{sku}", &inputs);
        assert_eq!((told, body), (vec!["path:sku!".to_owned()], json!({ "$ref": "#/components/schemas/change" })));
    }

    #[test]
    fn what_is_left_over_otherwise_is_an_object() {
        let inputs = [input("sku", true), input("title", true), input("note", false)];
        let (_, body) = placed(&Method::PATCH, "/v1/products/{sku}", &inputs);
        assert_eq!(body["required"], json!(["title"]));
        assert_eq!(body["properties"].as_object().unwrap().len(), 2);
    }
}
