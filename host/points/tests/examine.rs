//! What is taken in, and with which fault everything else is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bytes::Bytes;
use common::{Body, engine, limits, module, price_rule, wrap};
use fondaco_engine::{Class, Fault};
use fondaco_points::{Examined, OnFailure, PluginSpec, Point, Points, PointsConfig};
use wit_parser::Resolve;

async fn examine(bytes: Vec<u8>) -> Result<Examined, Fault> {
    let config = PointsConfig { limits: limits(), ..PointsConfig::default() };
    Points::with(engine(), config).examine(Bytes::from(bytes)).await
}

async fn refused(bytes: Vec<u8>) -> Fault {
    examine(bytes).await.expect_err("it should be refused")
}

#[tokio::test]
async fn a_good_plugin_passes() {
    let bytes = price_rule(&Body::Off(100, "EUR"));
    let examined = examine(bytes.clone()).await.unwrap();
    assert_eq!(examined.point, Point::PriceRule);
    assert_eq!(examined.size, bytes.len());
    assert_eq!(examined.imports, [""; 0]);
    assert!(examined.fuel.0 > 0);
}

#[tokio::test]
async fn a_rule_for_another_currency_passes() {
    assert!(examine(price_rule(&Body::Off(1, "JPY"))).await.is_ok());
}

#[tokio::test]
async fn a_plugin_may_demand_a_config() {
    assert!(examine(price_rule(&Body::Declines("INVALID_CONFIG"))).await.is_ok());
    let fault = refused(price_rule(&Body::Declines("NO_SUCH_THINGS"))).await;
    assert_eq!((fault.reason.as_ref(), fault.detail("cause")), ("SMOKE_CALL_FAILED", Some("NO_SUCH_THINGS")));
}

#[tokio::test]
async fn a_config_that_the_plugin_refuses_is_not_released() {
    let engine = engine();
    for (declines, refused) in [("INVALID_CONFIG", true), ("NO_SUCH_THINGS", false)] {
        let bytes = Bytes::from(price_rule(&Body::Declines(declines)));
        let spec = PluginSpec {
            name: "picky".into(),
            version: "1.0.0".into(),
            compiled: engine.compile(Class::Plugin, bytes).await.unwrap(),
            config: "{}".into(),
            on_failure: OnFailure::Skip,
            limits: Some(limits()),
            fallback: None,
        };
        let reason = Points::new(engine.clone()).prepare(spec).err().map(|fault| fault.reason);
        assert_eq!(reason.as_deref(), refused.then_some("INVALID_CONFIG"), "{declines}");
    }
}

#[tokio::test]
async fn a_plugin_must_take_its_own_example() {
    let mut bytes = price_rule(&Body::Declines("INVALID_CONFIG"));
    custom_section(&mut bytes, "fondaco:manifest", br#"{"name": "picky", "config-example": "{\"a\": 1}"}"#);
    let fault = refused(bytes).await;
    assert_eq!((fault.reason.as_ref(), fault.detail("cause")), ("SMOKE_CALL_FAILED", Some("INVALID_CONFIG")));
}

/// Appends a custom section: id 0, its size, its name, its content.
fn custom_section(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = vec![u8::try_from(name.len()).unwrap()];
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    component.extend_from_slice(&[0, u8::try_from(body.len()).unwrap()]);
    component.extend_from_slice(&body);
}

#[tokio::test]
async fn plugins_that_break_on_the_canonical_cart_are_refused_with_the_cause() {
    for (body, cause) in [
        (Body::Loop, "FUEL_EXHAUSTED"),
        (Body::Trap, "TRAP"),
        (Body::UnknownLine, "UNKNOWN_LINE"),
        (Body::Off(1_000_000, "EUR"), "NEGATIVE_PRICE"),
    ] {
        let fault = refused(price_rule(&body)).await;
        assert_eq!(fault.reason, "SMOKE_CALL_FAILED");
        assert_eq!(fault.detail("cause"), Some(cause));
    }
}

#[tokio::test]
async fn a_component_without_an_extension_point_is_refused() {
    assert_eq!(refused(wat::parse_str("(component)").unwrap()).await.reason, "NO_EXTENSION_POINT");
}

/// A world of its own, with the package's name and the interfaces that a test needs.
fn foreign(package: &str, world: &str, module: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", package).unwrap();
    wrap(&resolve, package, world, module)
}

#[tokio::test]
async fn another_version_of_the_contract_is_refused() {
    let wit = "package fondaco:plugin@2.0.0; interface tax { assess: func(); } world w { export tax; }";
    let bytes = foreign(wit, "w", r#"(module (func (export "fondaco:plugin/tax@2.0.0#assess")))"#);
    let fault = refused(bytes).await;
    assert_eq!(fault.reason, "UNSUPPORTED_WORLD_VERSION");
    assert_eq!(fault.detail("found"), Some("fondaco:plugin/tax@2.0.0"));
}

#[tokio::test]
async fn several_extension_points_are_refused() {
    let wit = "package fondaco:plugin@1.0.0;
        interface tax { assess: func(); } interface loyalty { earn: func(); }
        world w { export tax; export loyalty; }";
    let module = r#"(module
        (func (export "fondaco:plugin/tax@1.0.0#assess")) (func (export "fondaco:plugin/loyalty@1.0.0#earn")))"#;
    assert_eq!(refused(foreign(wit, "w", module)).await.reason, "SEVERAL_EXTENSION_POINTS");
}

#[tokio::test]
async fn wrong_types_are_shown_as_expected_and_found() {
    let wit = "package fondaco:plugin@1.0.0; interface tax { assess: func(a: u32) -> u32; } world w { export tax; }";
    let module = r#"(module (func (export "fondaco:plugin/tax@1.0.0#assess") (param i32) (result i32) (i32.const 0)))"#;
    let fault = refused(foreign(wit, "w", module)).await;
    assert_eq!(fault.reason, "EXPORT_TYPE_MISMATCH");
    assert_eq!(fault.detail("path"), Some("assess: parameters"));
    assert_eq!((fault.detail("expected"), fault.detail("found")), (Some("(cart, taxables, config)"), Some("(a)")));
}

#[tokio::test]
async fn a_missing_function_is_named() {
    let wit = "package fondaco:plugin@1.0.0; interface tax { other: func(); } world w { export tax; }";
    let fault = refused(foreign(wit, "w", r#"(module (func (export "fondaco:plugin/tax@1.0.0#other")))"#)).await;
    assert_eq!(fault.reason, "EXPORT_TYPE_MISMATCH");
    assert_eq!((fault.detail("path"), fault.detail("found")), (Some("assess"), Some("nothing")));
}

/// One field deep inside another type than the contract says: the path leads there.
#[tokio::test]
async fn the_first_difference_is_found_inside() {
    let read =
        |file: &str| std::fs::read_to_string(format!("{}/../../wit/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let contract = format!("{}\n{}", read("plugin/types.wit"), read("plugin/points.wit"));
    let changed = contract.replacen("orders: u32,", "orders: u64,", 1) + "\nworld w { export price-rule; }";
    let mut resolve = Resolve::default();
    resolve.push_str("types.wit", &read("types/types.wit")).unwrap();
    let package = resolve.push_str("plugin.wit", &changed).unwrap();
    let body = r#"(func (export "fondaco:plugin/price-rule@1.0.0#evaluate") (param i32) (result i32) (unreachable))"#;
    let fault = refused(wrap(&resolve, package, "w", &module(body))).await;
    assert_eq!(fault.reason, "EXPORT_TYPE_MISMATCH");
    assert_eq!(fault.detail("path"), Some("evaluate: cart.context.buyer?.orders"));
    assert_eq!((fault.detail("expected"), fault.detail("found")), (Some("u32"), Some("u64")));
}

#[tokio::test]
async fn bytes_that_are_no_component_are_refused() {
    for bytes in [
        wat::parse_str("(module)").unwrap(),
        b"not wasm at all".to_vec(),
        Vec::new(),
        price_rule(&Body::Trap)[..200].to_vec(),
    ] {
        let fault = refused(bytes).await;
        assert!(fault.code.http_status() < 500, "{fault}");
    }
}

#[tokio::test]
async fn every_points_world_passes_the_check_of_types() {
    for point in Point::ALL {
        let (resolve, package) = common::contracts();
        let world = resolve.select_world(&[package], Some(&format!("{point}-plugin"))).unwrap();
        let abi = wit_parser::ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);
        let mut core = wit_component::dummy_module(&resolve, world, abi);
        wit_component::embed_component_metadata(&mut core, &resolve, world, wit_component::StringEncoding::UTF8)
            .unwrap();
        let bytes = wit_component::ComponentEncoder::default().module(&core).unwrap().encode().unwrap();
        // All its functions trap; that it comes so far says that every type is as this host has it.
        let fault = refused(bytes).await;
        assert_eq!(
            (fault.reason.as_ref(), fault.detail("cause")),
            ("SMOKE_CALL_FAILED", Some("TRAP")),
            "{point}: {fault}"
        );
    }
}
