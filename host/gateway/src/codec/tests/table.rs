//! Each row of the mapping table, both ways.

use super::*;

fn both_ways(name: &str, text: &str, value: &Val) {
    let keeper = keeper(name);
    assert_eq!(keeper.read(text), *value, "{name}: decoding {text}");
    assert_eq!(keeper.write(value), text, "{name}: encoding");
}

fn string(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

#[test]
fn scalars() {
    both_ways("flag", "true", &Val::Bool(true));
    both_ways("tiny", "-128", &Val::S8(-128));
    both_ways("byte", "255", &Val::U8(255));
    both_ways("short", "-32768", &Val::S16(-32768));
    both_ways("word", "65535", &Val::U16(65535));
    both_ways("int", "-2147483648", &Val::S32(i32::MIN));
    both_ways("size", "4294967295", &Val::U32(u32::MAX));
    both_ways("long-number", "-9223372036854775808", &Val::S64(i64::MIN));
    both_ways("huge", "18446744073709551615", &Val::U64(u64::MAX));
    both_ways("letter", "\"€\"", &Val::Char('€'));
    both_ways("text", "\"a \\\"quoted\\\" line\\n\"", &string("a \"quoted\" line\n"));
}

#[test]
fn floats_are_exact_and_have_names_for_what_json_lacks() {
    both_ways("single", "0.1", &Val::Float32(0.1));
    both_ways("double", "0.1", &Val::Float64(0.1));
    both_ways("double", "5e-324", &Val::Float64(5e-324));
    both_ways("double", "\"NaN\"", &Val::Float64(f64::NAN));
    both_ways("double", "\"-Infinity\"", &Val::Float64(f64::NEG_INFINITY));
    both_ways("single", "\"Infinity\"", &Val::Float32(f32::INFINITY));
    both_ways("maybe-float", "2.5", &some(Val::Float64(2.5)));
}

#[test]
fn long_integers_may_come_as_strings() {
    assert_eq!(keeper("huge").read("\"18446744073709551615\""), Val::U64(u64::MAX));
    assert_eq!(keeper("long-number").read("\"-7\""), Val::S64(-7));
    for refused in ["\"+7\"", "\"\"", "\"-\"", "\"7.0\"", "\" 7\"", "\"99999999999999999999\""] {
        assert!(decode(&field("huge"), refused.as_bytes()).is_err(), "{refused}");
    }
    assert!(decode(&field("size"), b"\"7\"").is_err(), "only the long ones");
}

#[test]
fn lists_and_tuples() {
    both_ways("numbers", "[1,2]", &Val::List(vec![Val::U32(1), Val::U32(2)]));
    both_ways("raw-bytes", "\"AAH/\"", &Val::List(vec![Val::U8(0), Val::U8(1), Val::U8(255)]));
    both_ways("pairs", "[[\"a\",1]]", &Val::List(vec![Val::Tuple(vec![string("a"), Val::S64(1)])]));
}

#[test]
fn variants_enums_flags_results() {
    both_ways("shape", "\"nothing\"", &Val::Variant("nothing".into(), None));
    both_ways("shape", "{\"round\":3}", &Val::Variant("round".into(), Some(Box::new(Val::U32(3)))));
    both_ways("color", "\"dark-green\"", &Val::Enum("dark-green".into()));
    both_ways("access", "[\"read\",\"write-all\"]", &Val::Flags(vec!["read".into(), "write-all".into()]));
    both_ways("either", "{\"ok\":1}", &Val::Result(Ok(Some(Box::new(Val::U32(1))))));
    both_ways("either", "{\"err\":\"no\"}", &Val::Result(Err(Some(Box::new(string("no"))))));
    both_ways("bare", "\"err\"", &Val::Result(Err(None)));
}

#[test]
fn options() {
    both_ways("maybe", "null", &Val::Option(None));
    both_ways("maybe", "\"x\"", &some(string("x")));
    both_ways("maybe-maybe", "null", &Val::Option(None));
    both_ways("maybe-maybe", "{\"some\":null}", &some(Val::Option(None)));
    both_ways("maybe-maybe", "{\"some\":4}", &some(some(Val::U32(4))));
}

#[test]
fn records_are_camel_case_in_any_order() {
    let value = Val::Record(vec![("first-name".into(), string("Ada")), ("count".into(), Val::U32(2))]);
    both_ways("inner", "{\"firstName\":\"Ada\",\"count\":2}", &value);
    // The order is learnt, and any other is as good.
    for text in ["{\"count\":2,\"firstName\":\"Ada\"}", "{\"firstName\":\"Ada\",\"count\":2}"].repeat(2) {
        assert_eq!(keeper("inner").read(text), value);
    }
}

#[test]
fn one_record_is_the_body_itself_and_anything_else_an_object_of_parameters() {
    let plan = |signature: &str| Plan::of(&function(signature)).unwrap();
    assert!(matches!(plan("(all: everything)").params(), Params::Whole(_)));

    let plain = plan("(first-number: u32, note: option<string>)");
    assert!(plain.arguments(b"{\"firstNumber\": 7}").is_ok());
    assert!(plain.arguments(b"{\"note\": \"x\"}").is_err(), "one is missing");

    let nothing = plan("()");
    assert!(nothing.arguments(b"").is_ok() && nothing.arguments(b"{}").is_ok());
    assert!(nothing.answer().is_none());

    let one = plan("(name: string) -> result<_, string>");
    assert!(one.arguments(b"{\"name\":\"x\"}").is_ok());
    assert!(one.answer().is_none(), "the result is taken apart");
}
