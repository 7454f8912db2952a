//! What a service's component offers and wants, read from its types.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{Component, ComponentExportIndex};

use super::configurable::is_hook;

/// One function that a component exports.
pub(super) struct Export {
    pub(super) name: Arc<str>,
    pub(super) ty: ComponentFunc,
    /// Where the component keeps it, so that no call looks a name up.
    pub(super) index: ComponentExportIndex,
    /// How many results it has: 0 or 1.
    pub(super) results: usize,
    /// Whether its result is a `result`, as it is for every function that crosses services.
    pub(super) fallible: bool,
    /// Whether the manifest says that it writes nothing.
    pub(super) read_only: bool,
}

/// One interface that a component exports.
pub(super) struct Interface {
    /// The full name, with version.
    pub(super) name: Arc<str>,
    /// The name under which compatible versions meet.
    pub(super) key: Arc<str>,
    pub(super) functions: BTreeMap<Arc<str>, Arc<Export>>,
}

/// All of them.
pub(super) struct Interfaces {
    pub(super) list: Vec<Arc<Interface>>,
    names: HashMap<Arc<str>, Arc<Interface>>,
}

impl Interfaces {
    /// Reads them off a component. Interfaces of WASI (`wasi:cli/run`) are its toolchain's business,
    /// hooks are the host's.
    pub(super) fn of(component: &Component, read_only: &[String]) -> Self {
        let engine = component.engine();
        let ty = component.component_type();
        let mut list = Vec::new();
        for (name, item) in ty.exports(engine) {
            if let ComponentItem::ComponentInstance(instance) = item.ty
                && !name.starts_with("wasi:")
                && !is_hook(name)
            {
                list.extend(interface(component, name, &instance, read_only).map(Arc::new));
            }
        }
        let mut names = HashMap::new();
        for found in &list {
            for name in [&found.name, &found.key, &Arc::from(last_part(&found.name))] {
                names.entry(Arc::clone(name)).or_insert_with(|| Arc::clone(found));
            }
        }
        Self { list, names }
    }

    /// By full name, by key, or by the last part of its name.
    pub(super) fn find(&self, name: &str) -> Option<&Arc<Interface>> {
        self.names.get(name)
    }

    /// The keys of those that it provides to others.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.list.iter().filter(|interface| !interface.is_for_host()).map(|interface| &interface.key)
    }
}

impl Interface {
    /// Whether only the host calls it (`fondaco:host/event-handler`): no route, nobody's import, and any number of
    /// services may have it.
    pub(super) fn is_for_host(&self) -> bool {
        self.name.starts_with("fondaco:host/")
    }
}

/// One of them; none where it has no function.
pub(super) fn interface(
    component: &Component,
    name: &str,
    instance: &ComponentInstance,
    read_only: &[String],
) -> Option<Interface> {
    let (_, at) = component.get_export(None, name)?;
    let mut functions = BTreeMap::new();
    for (function, ty) in functions_of(instance, component.engine()) {
        let (_, index) = component.get_export(Some(&at), &*function)?;
        let results = ty.results().len();
        let fallible = matches!(ty.results().next(), Some(Type::Result(_)));
        let named = |entry: &String| entry.split_once('.') == Some((last_part(name), &*function));
        let read_only = read_only.iter().any(named);
        let export = Export { name: Arc::clone(&function), ty, index, results, fallible, read_only };
        functions.insert(function, Arc::new(export));
    }
    (!functions.is_empty()).then(|| Interface { name: Arc::from(name), key: key(name), functions })
}

/// The functions of an interface, by name.
pub(super) fn functions_of(instance: &ComponentInstance, engine: &Engine) -> Vec<(Arc<str>, ComponentFunc)> {
    let functions = instance.exports(engine).filter_map(|(name, item)| match item.ty {
        ComponentItem::ComponentFunc(ty) => Some((Arc::from(name), ty)),
        _ => None,
    });
    functions.collect()
}

/// An interface that a component imports.
pub(super) struct Import {
    pub(super) name: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) functions: Vec<(Arc<str>, ComponentFunc)>,
}

/// The interfaces that a component imports functions of. What only names types needs nobody.
pub(super) fn imports_of(component: &Component) -> Vec<Import> {
    let engine = component.engine();
    let ty = component.component_type();
    let imports = ty.imports(engine).filter_map(|(name, item)| match item.ty {
        ComponentItem::ComponentInstance(instance) => {
            let functions = functions_of(&instance, engine);
            (!functions.is_empty()).then(|| Import { name: Arc::from(name), key: key(name), functions })
        }
        _ => None,
    });
    imports.collect()
}

/// `quotes` of `acme:prices/quotes@1.0.0`.
pub(super) fn last_part(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// The name under which compatible versions of an interface meet, by semver: `a:b/c@1` for `a:b/c@1.2.3`, `a:b/c@0.2`
/// for `a:b/c@0.2.3`; a pre-release is compatible with itself only.
pub(super) fn key(name: &str) -> Arc<str> {
    let Some((interface, version)) = name.split_once('@') else { return Arc::from(name) };
    if version.contains('-') {
        return Arc::from(name);
    }
    let mut parts = version.split('.');
    match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
        ("0", "0") => Arc::from(name),
        ("0", minor) => format!("{interface}@0.{minor}").into(),
        (major, _) => format!("{interface}@{major}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatible_versions_have_one_key() {
        for (name, expected) in [
            ("a:b/c@1.0.0", "a:b/c@1"),
            ("a:b/c@1.9.3", "a:b/c@1"),
            ("a:b/c@2.0.0", "a:b/c@2"),
            ("a:b/c@0.2.12", "a:b/c@0.2"),
            ("a:b/c@0.0.1", "a:b/c@0.0.1"),
            ("a:b/c@0.2.0-rc.1", "a:b/c@0.2.0-rc.1"),
            ("c", "c"),
        ] {
            assert_eq!(&*key(name), expected);
        }
        assert_eq!(last_part("a:b/c@1.0.0"), "c");
        assert_eq!(last_part("c"), "c");
    }
}
