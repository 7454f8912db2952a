//! Which world a component was made for, told by the names of what it exports. Pure, but for the reading of names.

use fondaco_engine::{Class, Code, Compiled, Engine, Fault};
use wasmtime::component::types::ComponentItem;

use crate::point::Point;

/// The package of all extension points.
const PACKAGE: &str = "fondaco:plugin/";
/// The version that this host speaks: any patch of it is the same contract.
const MAJOR: u64 = 1;
const MINOR: u64 = 0;

/// The names of the component's exports.
pub(super) fn exports(compiled: &Compiled, engine: &Engine) -> Vec<String> {
    let engine = engine.of(Class::Plugin);
    compiled.component().component_type().exports(engine).map(|(name, _)| name.to_owned()).collect()
}

/// The names of the interfaces that the component imports functions of.
pub(super) fn imports(compiled: &Compiled, engine: &Engine) -> Vec<String> {
    let engine = engine.of(Class::Plugin);
    let ty = compiled.component().component_type();
    let called = ty.imports(engine).filter(|(_, item)| match &item.ty {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, inner)| !matches!(inner.ty, ComponentItem::Type(_)))
        }
        _ => true,
    });
    called.map(|(name, _)| name.to_owned()).collect()
}

/// The one extension point among `exports`.
pub(super) fn point(exports: &[String]) -> Result<Point, Fault> {
    let mut found = Vec::new();
    for export in exports {
        found.extend(point_named(export)?);
    }
    match found.as_slice() {
        [point] => Ok(*point),
        [] => Err(none(exports)),
        several => Err(too_many(several)),
    }
}

/// The point that this export is, if it is one at all.
fn point_named(export: &str) -> Result<Option<Point>, Fault> {
    let Some(interface) = export.strip_prefix(PACKAGE) else {
        return Ok(None);
    };
    let (name, version) = interface.split_once('@').unwrap_or((interface, ""));
    if matches!(name, "types" | "arena") {
        return Ok(None);
    }
    let point = name.parse::<Point>().map_err(|fault| fault.with("export", export))?;
    if speaks(version) {
        return Ok(Some(point));
    }
    let message = format!(
        "it exports `{export}`, but this host speaks version {MAJOR}.{MINOR}: build it against {}",
        point.interface()
    );
    let fault = Fault::new(Code::FailedPrecondition, "UNSUPPORTED_WORLD_VERSION", message);
    Err(fault.with("expected", point.interface()).with("found", export))
}

/// Any patch of the version that this host speaks.
fn speaks(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u64>);
    let (major, minor, patch) = (parts.next(), parts.next(), parts.next());
    major == Some(Ok(MAJOR)) && minor == Some(Ok(MINOR)) && matches!(patch, Some(Ok(_))) && parts.next().is_none()
}

fn none(exports: &[String]) -> Fault {
    let known = Point::ALL.map(Point::interface).join(", ");
    let found = match exports {
        [] => "nothing".to_owned(),
        some => some.iter().take(8).map(|name| shown(name)).collect::<Vec<_>>().join(", "),
    };
    let message = format!("it exports no extension point: found {found}; one of {known} was expected");
    Fault::new(Code::InvalidArgument, "NO_EXTENSION_POINT", message)
}

fn too_many(points: &[Point]) -> Fault {
    let names = points.iter().map(|point| point.name()).collect::<Vec<_>>().join(", ");
    let message = format!("it exports several extension points ({names}); a plugin has exactly one");
    Fault::new(Code::InvalidArgument, "SEVERAL_EXTENSION_POINTS", message)
}

fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["fondaco:plugin/tax@1.0.0"], Ok(Point::Tax))]
    #[case(&["fondaco:plugin/tax@1.0.7", "wasi:cli/run@0.2.0"], Ok(Point::Tax))]
    #[case(&["fondaco:plugin/types@1.0.0", "fondaco:plugin/promotion@1.0.0"], Ok(Point::Promotion))]
    #[case(&["fondaco:plugin/arena@1.0.0", "fondaco:plugin/tax@1.0.0"], Ok(Point::Tax))]
    #[case(&["fondaco:plugin/arena@1.0.0"], Err("NO_EXTENSION_POINT"))]
    #[case(&[], Err("NO_EXTENSION_POINT"))]
    #[case(&["wasi:cli/run@0.2.0"], Err("NO_EXTENSION_POINT"))]
    #[case(&["evaluate"], Err("NO_EXTENSION_POINT"))]
    #[case(&["fondaco:plugin/tax@1.0.0", "fondaco:plugin/promotion@1.0.0"], Err("SEVERAL_EXTENSION_POINTS"))]
    #[case(&["fondaco:plugin/taxes@1.0.0"], Err("UNKNOWN_EXTENSION_POINT"))]
    #[case(&["fondaco:plugin/tax@1.1.0"], Err("UNSUPPORTED_WORLD_VERSION"))]
    #[case(&["fondaco:plugin/tax@2.0.0"], Err("UNSUPPORTED_WORLD_VERSION"))]
    #[case(&["fondaco:plugin/tax@0.9.0"], Err("UNSUPPORTED_WORLD_VERSION"))]
    #[case(&["fondaco:plugin/tax@1.0.0-rc.1"], Err("UNSUPPORTED_WORLD_VERSION"))]
    #[case(&["fondaco:plugin/tax"], Err("UNSUPPORTED_WORLD_VERSION"))]
    fn worlds(#[case] exports: &[&str], #[case] expected: Result<Point, &str>) {
        let exports: Vec<String> = exports.iter().map(ToString::to_string).collect();
        let found = point(&exports).map_err(|fault| fault.reason.into_owned());
        assert_eq!(found, expected.map_err(ToOwned::to_owned));
    }
}
