//! Docs for components that carry none.
//!
//! Toolchains leave doc comments out of what they build. Who has the contracts at hand (the host's own `wit/`) can give
//! their words back to a component's interfaces of the same name and version.

use wit_parser::{Docs, InterfaceId, Resolve, TypeDef, TypeDefKind};

/// Gives `resolve` the docs of `contracts`, wherever both know an interface and the component has no words of its own.
pub fn adopt(resolve: &mut Resolve, contracts: &Resolve) {
    let known: Vec<(InterfaceId, InterfaceId)> = resolve
        .interfaces
        .iter()
        .filter_map(|(id, _)| {
            let name = resolve.interfaces.get(id).and(named(resolve, id))?;
            contracts
                .interfaces
                .iter()
                .map(|(id, _)| id)
                .find(|other| named(contracts, *other).as_ref() == Some(&name))
                .map(|other| (id, other))
        })
        .collect();
    for (id, other) in known {
        adopt_interface(resolve, id, contracts, other);
    }
}

/// `id_of` panics where an interface has no package.
fn named(resolve: &Resolve, id: InterfaceId) -> Option<String> {
    resolve.interfaces.get(id)?.package?;
    resolve.id_of(id)
}

fn adopt_interface(resolve: &mut Resolve, id: InterfaceId, contracts: &Resolve, other: InterfaceId) {
    let (Some(ours), Some(theirs)) = (resolve.interfaces.get_mut(id), contracts.interfaces.get(other)) else { return };
    adopt_docs(&mut ours.docs, &theirs.docs);
    for (name, function) in &mut ours.functions {
        if let Some(known) = theirs.functions.get(name) {
            adopt_docs(&mut function.docs, &known.docs);
        }
    }
    let types: Vec<_> = ours.types.iter().filter_map(|(name, id)| Some((*id, *theirs.types.get(name)?))).collect();
    for (ours, theirs) in types {
        if let (Some(ours), Some(theirs)) = (resolve.types.get_mut(ours), contracts.types.get(theirs)) {
            adopt_type(ours, theirs);
        }
    }
}

fn adopt_type(ours: &mut TypeDef, theirs: &TypeDef) {
    adopt_docs(&mut ours.docs, &theirs.docs);
    match (&mut ours.kind, &theirs.kind) {
        (TypeDefKind::Record(ours), TypeDefKind::Record(theirs)) => {
            adopt_members(ours.fields.iter_mut().map(|field| (field.name.as_str(), &mut field.docs)), |name| {
                theirs.fields.iter().find(|field| field.name == name).map(|field| &field.docs)
            });
        }
        (TypeDefKind::Variant(ours), TypeDefKind::Variant(theirs)) => {
            adopt_members(ours.cases.iter_mut().map(|case| (case.name.as_str(), &mut case.docs)), |name| {
                theirs.cases.iter().find(|case| case.name == name).map(|case| &case.docs)
            });
        }
        (TypeDefKind::Enum(ours), TypeDefKind::Enum(theirs)) => {
            adopt_members(ours.cases.iter_mut().map(|case| (case.name.as_str(), &mut case.docs)), |name| {
                theirs.cases.iter().find(|case| case.name == name).map(|case| &case.docs)
            });
        }
        _ => {}
    }
}

fn adopt_members<'a, 'b>(
    members: impl Iterator<Item = (&'a str, &'a mut Docs)>,
    known: impl Fn(&str) -> Option<&'b Docs>,
) {
    for (name, docs) in members {
        if let Some(known) = known(name) {
            adopt_docs(docs, known);
        }
    }
}

fn adopt_docs(ours: &mut Docs, theirs: &Docs) {
    if ours.contents.is_none() {
        ours.contents.clone_from(&theirs.contents);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Resolve {
        let mut resolve = Resolve::default();
        resolve.push_str("test.wit", text).unwrap();
        resolve
    }

    #[test]
    fn words_come_back_where_names_and_versions_agree() {
        let contracts = "package a:b@1.0.0; interface i { /// A pair.\n record pair { /// Left.\n left: u32, /// Right.\n right: u32 } /// Swaps.\n swap: func(p: pair) -> pair; }";
        let bare = "package a:b@1.0.0; interface i { record pair { left: u32, /// Mine.\n right: u32 } swap: func(p: pair) -> pair; }";
        let mut component = resolve(bare);
        adopt(&mut component, &resolve(contracts));
        let (_, interface) = component.interfaces.iter().next().unwrap();
        assert_eq!(interface.functions["swap"].docs.contents.as_deref(), Some("Swaps."));
        let pair = &component.types[interface.types["pair"]];
        assert_eq!(pair.docs.contents.as_deref(), Some("A pair."));
        let TypeDefKind::Record(record) = &pair.kind else { panic!("not a record") };
        let docs: Vec<_> = record.fields.iter().filter_map(|field| field.docs.contents.as_deref()).collect();
        assert_eq!(docs, ["Left.", "Mine."]);

        let mut stranger = resolve(&bare.replace("1.0.0", "2.0.0"));
        adopt(&mut stranger, &resolve(contracts));
        let (_, interface) = stranger.interfaces.iter().next().unwrap();
        assert_eq!(interface.functions["swap"].docs.contents, None);
    }
}
