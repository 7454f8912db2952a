//! JSON by the gateway's mapping.

use super::house::House;
use service_pricing::contract::Request;

#[test]
fn a_request_is_read_and_an_answer_written_by_the_mapping() {
    let json = r#"{"currency": "EUR", "nowMs": 5, "requestId": "r", "step": "payment", "spendPoints": 3,
        "lines": [{"sku": "mug", "quantity": 2, "unit": 100, "compareAt": 120, "attributes": [["a", "b"]]}]}"#;
    let request: Request = serde_json::from_str(json).unwrap();
    assert_eq!(request.lines[0].attributes, Some(vec![("a".to_owned(), "b".to_owned())]));
    let priced = serde_json::to_value(House::default().quote(request).unwrap()).unwrap();
    assert_eq!(priced["totals"]["grand"], 200);
    assert_eq!(priced["pricesIncludeTax"], false);
    assert_eq!(priced["lines"][0]["baseUnit"], 100);
    assert!(serde_json::from_str::<Request>(r#"{"currency": "EUR", "lines": [], "line": 1}"#).is_err());
}
