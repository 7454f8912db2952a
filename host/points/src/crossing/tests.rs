//! What is lowered here is what wasmtime lifts, and the other way round, field by field.

use wasmtime::component::{Component, ComponentNamedList, Lift, Linker, Lower};
use wasmtime::{Config, Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;
use crate::samples::cart_of;
use crate::wit::PriceCandidate;

/// Answers what it is given: the argument lies in its memory as the answer has to. Its allocator never frees, leaves
/// blocks that are made smaller where they are, and traps when it is asked for nothing.
const ECHO: &str = r#"(module
  (memory (export "memory") 64)
  (global $next (mut i32) (i32.const 64))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (if (local.get 0) (then (return (local.get 0))))
    (if (i32.eqz (local.get 3)) (then unreachable))
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "echo") (param i32) (result i32) (local.get 0)))"#;

fn echo(encoding: StringEncoding) -> Component {
    let wit = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"));
    let mut resolve = Resolve::default();
    resolve.push_dir(wit.join("types")).unwrap();
    resolve.push_dir(wit.join("plugin")).unwrap();
    let world = "package test:echo; world echo { use fondaco:plugin/types@1.0.0.{cart}; export echo: func(cart: cart) -> cart; }";
    let package = resolve.push_str("echo.wit", world).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(ECHO).unwrap();
    embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let component = ComponentEncoder::default().module(&module).unwrap().encode().unwrap();
    Component::new(&Engine::new(Config::new().concurrency_support(false)).unwrap(), component).unwrap()
}

fn through<P, R>(component: &Component, cart: P) -> wasmtime::Result<R>
where
    (P,): ComponentNamedList + Lower,
    (R,): ComponentNamedList + Lift + 'static,
{
    let mut store = Store::new(component.engine(), ());
    store.set_hostcall_fuel(1 << 20);
    let instance = Linker::new(component.engine()).instantiate(&mut store, component)?;
    let function = instance.get_typed_func::<(P,), (R,)>(&mut store, "echo")?;
    Ok(function.call(&mut store, (cart,))?.0)
}

/// No two fields alike, and each list of a length of its own. Nothing is empty: wasmtime would ask for room for it.
fn full() -> Cart {
    let mut cart = cart_of(3);
    cart.context.request_id = "request".into();
    cart.context.country = Some("AT".into());
    cart.context.utc_offset_minutes = -90;
    cart.context.buyer.as_mut().unwrap().groups = vec!["vip".into(), "trade".into(), "Größe".into()];
    cart.destination.as_mut().unwrap().street.push("2nd floor".into());
    cart.shipping = Some(ChosenShipping { code: "express".into(), price: 990, total: 891 });
    cart.codes = vec!["SAVE".into(), "MORE".into()];
    for (number, line) in cart.lines.iter_mut().enumerate() {
        let next = i64::try_from(number).unwrap();
        line.quantity = 7 + u32::try_from(number).unwrap();
        line.total = 123_456_789_012 + next;
        line.compare_at = (number % 2 == 0).then_some(-5 - next);
        line.grams = 451;
        line.requires_shipping = number == 1;
        line.gift = number == 2;
        line.attributes = vec![("engraving".into(), "Ünïcode".into()), ("bundle".into(), number.to_string())];
        line.tags.truncate(1 + number);
        line.candidates.push(PriceCandidate {
            id: format!("list-{number}"),
            unit: 42 + next,
            min_quantity: 3,
            max_quantity: Some(9),
            group: Some("vip".into()),
            from_ms: Some(1_000_000_000_001),
            until_ms: Some(2_000_000_000_002),
        });
    }
    cart
}

#[test]
fn wasmtime_lifts_what_is_lowered_here() {
    for encoding in [StringEncoding::UTF8, StringEncoding::UTF16] {
        for arena in [false, true] {
            let cart = Held::from(full());
            let lifted: Cart = through(&echo(encoding), CartRef::of(&cart, arena)).unwrap();
            assert_eq!(lifted, *cart, "{encoding:?}, {arena}");
        }
    }
}

#[test]
fn what_wasmtime_lowers_is_lifted_here() {
    for encoding in [StringEncoding::UTF8, StringEncoding::UTF16] {
        let cart = full();
        let given: Given = through(&echo(encoding), &cart).unwrap();
        assert_eq!(Cart::from(given), cart);
    }
}

#[test]
fn what_is_empty_needs_no_room() {
    let mut cart = full();
    for line in &mut cart.lines {
        line.tags.clear();
        line.attributes.clear();
        line.candidates.clear();
        line.category.clear();
        line.tax_category.clear();
    }
    for arena in [false, true] {
        if arena {
            // Others than lines have it from wasmtime where there is no arena.
            cart.codes.clear();
            cart.context.locale.clear();
            cart.context.buyer.as_mut().unwrap().groups.clear();
            cart.destination.as_mut().unwrap().street.clear();
        }
        let held = Held::from(cart.clone());
        let given: Given = through(&echo(StringEncoding::UTF8), CartRef::of(&held, arena)).unwrap();
        assert_eq!(Cart::from(given), cart);
    }
}

#[test]
fn what_is_absent_is_absent() {
    let mut cart = full();
    let absent: [fn(&mut Cart); 5] = [
        |cart| cart.context.buyer.as_mut().unwrap().standing = None,
        |cart| cart.context.buyer = None,
        |cart| cart.context.country = None,
        |cart| cart.destination = None,
        |cart| cart.shipping = None,
    ];
    for leave_out in absent {
        leave_out(&mut cart);
        for arena in [false, true] {
            let held = Held::from(cart.clone());
            let lifted: Cart = through(&echo(StringEncoding::UTF8), CartRef::of(&held, arena)).unwrap();
            assert_eq!(lifted, cart, "{arena}");
        }
    }
}

#[test]
fn what_changes_while_a_cart_is_held_crosses_as_it_is_now() {
    let mut cart = Held::from(full());
    let lifted = |cart: &Held| through::<_, Cart>(&echo(StringEncoding::UTF8), CartRef::of(cart, true)).unwrap();
    assert_eq!(lifted(&cart), *cart);
    cart.set_price(1, 77, 154);
    cart.set_shipping(None);
    assert_eq!(lifted(&cart), *cart);
    assert_eq!((lifted(&cart).lines[1].unit, lifted(&cart).lines[1].total), (77, 154));
    cart.add_lines(vec![cart.lines[0].clone()]);
    assert_eq!(lifted(&cart), *cart);
    assert_eq!(cart.lines.len(), 4);
}

#[test]
fn a_cart_is_paid_for() {
    let mut cart = full();
    cart.lines[0].attributes[0].1 = "x".repeat(1 << 20);
    let error = through::<_, Given>(&echo(StringEncoding::UTF8), &cart).err().unwrap();
    assert!(format!("{error:#}").contains("fuel"), "{error:#}");
}
