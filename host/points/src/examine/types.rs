//! Compares what a component exports with what the contract says, and tells the first difference: where, what was
//! expected, and what was found.

use fondaco_engine::shape::{self, Difference, Signature};
use fondaco_engine::{Code, Fault};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem};

use super::expected::signatures;
use crate::point::Point;

/// Whether the functions of `point` are all there, in the right types.
pub(super) fn check(component: &Component, engine: &Engine, point: Point) -> Result<(), Fault> {
    let expected = signatures(point).map_err(Fault::internal)?;
    let interface = component.get_export(None, point.interface());
    let Some((ComponentItem::ComponentInstance(instance), _)) = interface else {
        let found = missing("an interface", "something else");
        return Err(fault(point, point.interface().to_owned(), found));
    };
    for (name, signature) in expected {
        let found = instance.get_export(engine, name).map(|item| item.ty);
        let difference = match found {
            Some(ComponentItem::ComponentFunc(function)) => parts(signature, &function),
            Some(_) => Some(missing("a function", "something that is not a function")),
            None => Some(missing("a function", "nothing")),
        };
        if let Some(difference) = difference {
            let path = if difference.path.is_empty() { name.clone() } else { format!("{name}: {}", difference.path) };
            return Err(fault(point, path, difference));
        }
    }
    Ok(())
}

fn parts(expected: &Signature, found: &ComponentFunc) -> Option<Difference> {
    if found.async_() {
        return Some(missing("a function that is not async", &shape::signature(found)));
    }
    shape::difference(expected, found)
}

fn missing(expected: &str, found: &str) -> Difference {
    Difference { path: String::new(), expected: expected.to_owned(), found: found.to_owned() }
}

fn fault(point: Point, path: String, difference: Difference) -> Fault {
    let Difference { expected, found, .. } = difference;
    let message = format!(
        "`{path}` has another type than {} says: expected {expected}, found {found}; build it against that contract",
        point.interface()
    );
    Fault::new(Code::InvalidArgument, "EXPORT_TYPE_MISMATCH", message)
        .with("path", path)
        .with("expected", expected)
        .with("found", found)
}
