//! A service of the world `rules` finds everything it imports, in the contract's types.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use fondaco_engine::{Class, ServiceState};
use fondaco_points::Points;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

fn service() -> Vec<u8> {
    let (resolve, package) = common::contracts();
    let world = resolve.select_world(&[package], Some("rules")).unwrap();
    let abi = wit_parser::ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);
    let mut core = wit_component::dummy_module(&resolve, world, abi);
    wit_component::embed_component_metadata(&mut core, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    wit_component::ComponentEncoder::default().module(&core).unwrap().encode().unwrap()
}

#[test]
fn the_world_of_rules_links() {
    let engine = common::engine();
    let extension = Points::new(engine.clone()).extension();
    let services = engine.of(Class::Service);
    let component = Component::new(services, service()).unwrap();
    let mut linker: Linker<ServiceState> = Linker::new(services);
    extension.add_to_linker(&mut linker).unwrap();

    // The dummy imports the singular interfaces' functions too, which no real service calls.
    let ty = component.component_type();
    for (name, item) in ty.imports(services) {
        assert!(extension.interfaces().contains(&name), "{name}");
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        let singular = fondaco_points::Point::ALL.iter().any(|point| point.interface() == name);
        for (function, inner) in instance.exports(services) {
            if singular && matches!(inner.ty, ComponentItem::ComponentFunc(_)) {
                let mut interface = linker.instance(name).unwrap();
                interface.func_new(function, |_, _, _, _| wasmtime::bail!("never called")).unwrap();
            }
        }
    }
    linker.instantiate_pre(&component).map(|_| ()).unwrap();
}
