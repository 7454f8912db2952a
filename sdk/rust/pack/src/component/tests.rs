#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn manifest(name: &str) -> Manifest {
    Manifest::from_toml(&format!("name = '{name}'\nversion = '1.0.0'")).unwrap()
}

/// A component with a module in it, so that there is something to mutate.
fn component() -> Vec<u8> {
    wat::parse_str(r#"(component (core module (func (export "run") nop)) (@custom "producers" "by hand"))"#).unwrap()
}

#[test]
fn keeps_one_manifest() {
    let once = with_manifest(&component(), &manifest("first")).unwrap();
    let twice = with_manifest(&once, &manifest("second")).unwrap();
    assert_eq!(manifest_of(&twice).unwrap(), Some(manifest("second")));
    assert_eq!(twice, with_manifest(&component(), &manifest("second")).unwrap());
    assert_eq!(manifest_of(&component()).unwrap(), None);
}

#[test]
fn takes_only_what_it_knows() {
    let core = wat::parse_str("(module)").unwrap();
    assert!(matches!(manifest_of(&core), Err(PackError::Component(_))));
    assert!(matches!(with_manifest(&core, &manifest("a")), Err(PackError::Component(_))));
    assert!(matches!(componentize(&component()), Err(PackError::Module(_))));
    assert!(matches!(componentize(b""), Err(PackError::Module(_))));
    let mut invalid = manifest("a");
    invalid.name = "A".into();
    assert!(matches!(with_manifest(&component(), &invalid), Err(PackError::Manifest(_))));
}

#[test]
fn takes_leftovers_out() {
    let core = wat::parse_str(r#"(module (@custom "producers" "x") (@custom "kept" "y"))"#).unwrap();
    let names: Vec<_> = without(&core, &LEFTOVERS)
        .map(|lean| {
            sections(&lean)
                .unwrap()
                .iter()
                .filter_map(|section| section.custom.map(|(name, _)| name.to_owned()))
                .collect()
        })
        .unwrap();
    assert_eq!(names, ["kept"]);
}

#[test]
fn wraps_a_module_by_its_contract() {
    let mut core = wat::parse_str(r#"(module (func (export "answer") (result i32) i32.const 42))"#).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("a.wit", "package a:b; world w { export answer: func() -> u32; }").unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    wit_component::embed_component_metadata(&mut core, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    let component = componentize(&core).unwrap();
    assert!(is_component(&component));
    assert_eq!(component, componentize(&core).unwrap());
    assert!(sections(&component).unwrap().iter().all(|section| section.custom.is_none()));

    let mut without_export = wat::parse_str("(module)").unwrap();
    wit_component::embed_component_metadata(&mut without_export, &resolve, world, wit_component::StringEncoding::UTF8)
        .unwrap();
    let error = componentize(&without_export).unwrap_err();
    assert!(error.to_string().contains("answer"), "{error}");
}

/// Each prefix, and each byte set to each of some values: an answer or an error, no panic.
#[test]
fn survives_hostile_bytes() {
    let whole = with_manifest(&component(), &manifest("a")).unwrap();
    for end in 0..whole.len() {
        let _ = manifest_of(&whole[..end]);
    }
    let mut errors = 0;
    for at in 0..whole.len() {
        for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            errors += usize::from(manifest_of(&bytes).is_err());
            if let Ok(packed) = with_manifest(&bytes, &manifest("b")) {
                assert_eq!(manifest_of(&packed).unwrap(), Some(manifest("b")));
            }
        }
    }
    assert!(errors > 0, "some of these are broken");
}

#[test]
fn a_manifest_has_a_bound() {
    let data = Cow::Owned(vec![b' '; MANIFEST_BYTES + 1]);
    let mut component = component();
    CustomSection { name: MANIFEST.into(), data }.append_to_component(&mut component);
    assert!(matches!(manifest_of(&component), Err(PackError::Component(_))));
}
