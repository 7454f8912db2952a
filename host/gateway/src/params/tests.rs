//! Path, query and body as the one object that the codec decodes.

use rstest::rstest;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wasmtime::{Config, Engine};

use super::*;

/// The type of an imported function, written as in WAT. `$change` is a record of `title` and `tags`, `$size` an enum.
fn function(params: &str) -> ComponentFunc {
    let wat = format!(
        r#"(component (import "i" (instance
            (type $c (record (field "title" (option string)) (field "tag-list" (list string))))
            (export "change" (type $change (eq $c)))
            (type $s (enum "small" "large")) (export "size" (type $size (eq $s)))
            (export "f" (func {params})))))"#
    );
    let engine = Engine::new(Config::new().concurrency_support(false)).unwrap();
    let component = Component::new(&engine, wat::parse_str(&wat).unwrap()).unwrap();
    let ty = component.component_type();
    let Some(ComponentItem::ComponentInstance(instance)) = ty.get_import(&engine, "i").map(|item| item.ty) else {
        panic!("no instance")
    };
    match instance.get_export(&engine, "f").map(|item| item.ty) {
        Some(ComponentItem::ComponentFunc(ty)) => ty,
        other => panic!("{other:?}"),
    }
}

const NAMED: &str =
    r#"(param "sku" string) (param "count" (option u32)) (param "on" bool) (param "size" (option $size))"#;
const UPDATE: &str = r#"(param "sku" string) (param "change" $change)"#;
const WHOLE: &str = r#"(param "change" $change)"#;

fn given(params: &str, path: &[(&str, &str)], query: &str, body: &str) -> Result<Given, Fault> {
    let path = path.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Given::of(&Method::GET, &path, Some(query), Bytes::copy_from_slice(body.as_bytes()), &function(params))
}

#[rstest]
#[case(NAMED, &[("sku", "a%2Fb")], "count=7&on=true&size=large", "", r#"{"sku":"a/b","count":7,"on":true,"size":"large"}"#)]
#[case(NAMED, &[("sku", "7")], "on=false", "", r#"{"sku":"7","on":false}"#)]
#[case(NAMED, &[("sku", "\"")], "count=many", r#" {"on": true} "#, r#"{"sku":"\"","count":"many","on": true}"#)]
#[case(NAMED, &[], "", "", "{}")]
#[case(UPDATE, &[("sku", "x")], "", r#"{"title": "T"}"#, r#"{"sku":"x","change":{"title": "T"}}"#)]
#[case(UPDATE, &[("sku", "x")], "tagList=a&title=b+c&tagList=%C3%BC", "", r#"{"sku":"x","change":{"tagList":["a","ü"],"title":"b c"}}"#)]
#[case(UPDATE, &[], "sku=x", r#"{"change":{}}"#, r#"{"sku":"x","change":{}}"#)]
#[case(WHOLE, &[("title", "t")], "tagList=a", "{}", r#"{"title":"t","tagList":["a"]}"#)]
fn they_become_one_object(
    #[case] params: &str,
    #[case] path: &[(&str, &str)],
    #[case] query: &str,
    #[case] body: &str,
    #[case] expected: &str,
) {
    assert_eq!(given(params, path, query, body).unwrap_or_else(|fault| panic!("{fault}")).body, expected);
}

#[rstest]
#[case(&[("sku", "%ff")], "", "", "INVALID_PATH")]
#[case(&[("sku", "x")], "colour=red", "", "INVALID_QUERY")]
#[case(&[("sku", "x")], "count=1&count=2", "", "INVALID_QUERY")]
#[case(&[("sku", "x")], "", "[1]", "INVALID_BODY")]
#[case(&[("sku", "x")], "", "{", "MALFORMED_JSON")]
#[case(&[("sku", "x")], "", r#"{"on":true},"size":"large"}"#, "MALFORMED_JSON")]
fn what_is_wrong_is_told_where_it_is(
    #[case] path: &[(&str, &str)],
    #[case] query: &str,
    #[case] body: &str,
    #[case] reason: &str,
) {
    assert_eq!(given(NAMED, path, query, body).map(|_| ()).unwrap_err().reason, reason);
}

#[test]
fn a_query_without_end_is_refused() {
    let query: Vec<String> = (0..300).map(|at| format!("p{at}=1")).collect();
    let fault = given(NAMED, &[], &query.join("&"), "").map(|_| ()).unwrap_err();
    assert_eq!(fault.reason, "INVALID_QUERY");
}

#[test]
fn a_plain_body_is_not_touched() {
    let body = Bytes::from_static(b"not even JSON");
    let plain = Given::of(&Method::POST, &PathParams::new(), None, body.clone(), &function(NAMED)).unwrap();
    assert_eq!(plain.body.as_ptr(), body.as_ptr());
}

#[test]
fn the_codec_s_word_is_about_the_url_where_that_said_it() {
    let wrong = |path: &str| DecodeError { path: path.to_owned(), message: "no".to_owned(), malformed: false };
    let of = given(UPDATE, &[("sku", "x")], "title=t", "{}").unwrap();
    let reason = |path: &str| of.blame(wrong(path)).fault().reason.clone();
    assert_eq!(reason("sku"), "INVALID_PATH");
    assert_eq!(reason("change.title"), "INVALID_QUERY");
    assert_eq!(reason("change.tagList[0]"), "INVALID_BODY");
}

#[test]
fn a_route_names_parameters_that_are_there() {
    assert_eq!(names_in("/v1/products/{sku}/x/{count}"), ["sku", "count"]);
    assert_eq!(unnamed(&function(NAMED), &["sku", "count"]), None);
    assert_eq!(unnamed(&function(NAMED), &["sku", "colour"]), Some("colour"));
    assert_eq!(unnamed(&function(WHOLE), &["title"]), None);
}
