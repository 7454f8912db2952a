//! What a caller reads when a body is wrong.

use super::*;

fn error(element: &Element, text: &str) -> String {
    decode(element, text.as_bytes()).unwrap_err().to_string()
}

fn of_field(name: &str, text: &str) -> String {
    error(&field(name), text)
}

#[test]
fn errors_say_what_was_expected_and_what_was_found() {
    for (name, text, expected) in [
        ("size", "\"x\"", "body: expected a number from 0 to 4294967295, found \"x\""),
        ("size", "-1", "body: expected a number from 0 to 4294967295, found -1"),
        ("size", "4294967296", "body: expected a number from 0 to 4294967295, found 4294967296"),
        ("size", "1.0", "body: expected a number from 0 to 4294967295, found 1.0"),
        ("size", "null", "body: expected a number from 0 to 4294967295, found null"),
        ("size", "[]", "body: expected a number from 0 to 4294967295, found a list"),
        ("flag", "1", "body: expected true or false, found 1"),
        ("text", "true", "body: expected a string, found true"),
        ("letter", "\"ab\"", "body: expected a string of one character, found \"ab\""),
        ("double", "{}", "body: expected a number, found an object"),
        ("double", "1e999", "body: expected a number, found 1e999"),
        ("raw-bytes", "\"?\"", "body: expected a base64 string, found \"?\""),
        ("color", "\"blue\"", "body: expected one of \"red\", \"dark-green\", found \"blue\""),
        (
            "access",
            "[\"read\", \"read\"]",
            "[1]: expected a list without duplicates of \"read\", \"write-all\", found \"read\"",
        ),
        ("shape", "\"round\"", "body: `round` carries a value: expected {\"round\": …}, found \"round\""),
        ("shape", "{\"nothing\": 1}", "body: `nothing` carries no value: expected \"nothing\", found {\"nothing\": …}"),
        (
            "shape",
            "{\"square\": 1}",
            "body: expected one of \"nothing\", {\"round\": …}, {\"named\": …}, {\"pair\": …}, found {\"square\": …}",
        ),
        (
            "shape",
            "{\"round\": 1, \"named\": \"x\"}",
            "body: expected one of \"nothing\", {\"round\": …}, {\"named\": …}, {\"pair\": …}, found both `round` and \"named\"",
        ),
        ("shape", "{\"pair\": [1]}", "pair: expected a list of 2 items, found 1 items"),
        ("shape", "{\"pair\": [1, true, 2]}", "pair: expected a list of 2 items, found more items"),
        ("maybe-maybe", "{\"none\": 1}", "body: expected null or {\"some\": …}, found another object"),
    ] {
        assert_eq!(of_field(name, text), expected, "{name} {text}");
    }
}

#[test]
fn errors_say_where() {
    for (name, text, expected) in [
        (
            "inners",
            "[{\"firstName\":\"a\",\"count\":1},{\"firstName\":\"b\",\"count\":\"x\"}]",
            "[1].count: expected a number from 0 to 4294967295, found \"x\"",
        ),
        (
            "inner",
            "{\"firstName\":\"a\",\"first-name\":\"b\"}",
            "body: unknown field \"first-name\"; there are `firstName`, `count`",
        ),
        ("inner", "{\"count\":1,\"count\":2}", "count: the field stands here twice"),
        ("inner", "{\"count\":1}", "body: missing field `firstName`"),
        ("inner", "{}", "body: missing fields `firstName`, `count`"),
        ("inners", "[{\"firstName\":\"a\"}]", "[0]: missing field `count`"),
        (
            "pairs",
            "[[\"a\", 1], [\"b\", \"\"]]",
            "[1][1]: expected a number from -9223372036854775808 to 9223372036854775807, found \"\"",
        ),
    ] {
        assert_eq!(of_field(name, text), expected, "{name} {text}");
    }
    let plain = Plan::of(&function("(first-number: u32, note: option<string>) -> u32")).unwrap();
    let nested = plain.arguments(b"{\"firstNumber\": {}}").unwrap_err();
    assert_eq!(nested.to_string(), "firstNumber: expected a number from 0 to 4294967295, found an object");
}

#[test]
fn what_is_not_json_is_told_apart() {
    let inner = field("inner");
    for text in [
        "",
        "{",
        "{\"count\":1,}",
        "nul",
        "{\"firstName\":\"a\",\"count\":1} x",
        "\u{feff}{}",
        "{\"firstName\": \"\\ud800\"}",
    ] {
        let error = decode(&inner, text.as_bytes()).unwrap_err();
        assert!(error.malformed, "{text}: {error}");
        assert!(error.message.starts_with("not valid JSON: "), "{error}");
    }
    assert!(decode(&field("text"), b"\"\xff\"").unwrap_err().malformed, "not UTF-8");
    assert!(!decode(&inner, b"[]").unwrap_err().malformed);
}

#[test]
fn long_strings_are_cut_in_errors() {
    let message = of_field("size", &format!("\"{}\"", "é".repeat(1000)));
    assert_eq!(message.chars().filter(|&letter| letter == 'é').count(), 40);
    assert!(message.ends_with("…\""), "{message}");
}

#[test]
fn a_body_of_too_many_values_is_refused() {
    let text = format!("[{}]", vec!["0"; 1_000_001].join(","));
    assert!(of_field("numbers", &text).contains("more than 1000000 values"));
}

#[test]
fn a_body_whose_values_take_much_more_room_than_itself_is_refused() {
    let fields: Vec<String> = (0..500).map(|at| format!("field{at}: option<u64>")).collect();
    let keeper = Keeper::of(&format!("record roomy {{ {} }}", fields.join(", ")), "list<roomy>");
    let text = format!("[{}]", vec!["{}"; 50_000].join(","));
    let error = decode(&keeper.element, text.as_bytes()).unwrap_err().to_string();
    assert!(error.ends_with("the body is too large: the arguments take more than 67108864 bytes"), "{error}");
}

#[test]
fn types_without_json_are_refused_before_any_call() {
    let engine = Engine::new(&Config::new()).unwrap();
    let wat = "(component (import \"r\" (type $r (sub resource))) (type $f (func (param \"x\" (own $r))))
        (import \"f\" (func (type $f))))";
    let component = Component::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
    let ty = component.component_type();
    let ComponentItem::ComponentFunc(function) = ty.get_import(&engine, "f").unwrap().ty else { panic!("no function") };
    assert!(matches!(Plan::of(&function), Err(crate::codec::Unmappable::Handle("a resource"))));
}

#[test]
fn types_that_double_at_each_level_are_refused() {
    let engine = Engine::new(&Config::new()).unwrap();
    let types: Vec<String> = (1..24).map(|level| format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1)).collect();
    let types = types.join(" ");
    let wat = format!("(component (type $t0 (tuple u32 u32)) {types} (import \"f\" (func (param \"x\" $t23))))");
    let bytes = wat::parse_str(wat).unwrap();
    // Wasmtime may refuse it first, which is as good.
    let Ok(component) = Component::new(&engine, bytes) else { return };
    let ty = component.component_type();
    let ComponentItem::ComponentFunc(function) = ty.get_import(&engine, "f").unwrap().ty else { panic!("no function") };
    assert!(matches!(Plan::of(&function), Err(crate::codec::Unmappable::TooLarge)));
}
