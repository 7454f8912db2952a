//! What the contract says a point's functions look like, read from the WIT itself: the one place where it is written.

use std::sync::LazyLock;

use fondaco_engine::shape::{Shape, Signature};
use wit_parser::{Resolve, Type, TypeDefKind};

use crate::point::Point;

/// A function of the contract, by its name.
type Named = (String, Signature);

/// All functions of all points, in [`Point::ALL`]'s order; a broken contract is an error that the tests would find.
static CONTRACT: LazyLock<Result<Vec<Vec<Named>>, String>> =
    LazyLock::new(|| parse().map_err(|error| format!("{error:#}")));

/// The functions of `point`.
pub(super) fn signatures(point: Point) -> Result<&'static [Named], String> {
    match &*CONTRACT {
        Ok(points) => points.get(point.index()).map(Vec::as_slice).ok_or_else(|| format!("{point} is missing")),
        Err(error) => Err(error.clone()),
    }
}

fn parse() -> wasmtime::Result<Vec<Vec<Named>>> {
    let mut resolve = Resolve::default();
    let packages = [
        include_str!("../../../../wit/types/types.wit").to_owned(),
        [include_str!("../../../../wit/plugin/types.wit"), include_str!("../../../../wit/plugin/points.wit")]
            .join("\n"),
    ];
    for (index, text) in packages.iter().enumerate() {
        resolve.push_str(format!("{index}.wit"), text).map_err(|error| wasmtime::format_err!("{error:#}"))?;
    }
    Point::ALL.into_iter().map(|point| of_point(&resolve, point)).collect()
}

fn of_point(resolve: &Resolve, point: Point) -> wasmtime::Result<Vec<Named>> {
    let mut interfaces = resolve.interfaces.iter().map(|(_, interface)| interface);
    let interface = interfaces.find(|interface| interface.name.as_deref() == Some(point.name()));
    let interface = interface.ok_or_else(|| wasmtime::format_err!("{point} is not in the contract"))?;
    let signature = |function: &wit_parser::Function| {
        let params = function.params.iter().map(|param| (param.name.clone(), shape(resolve, param.ty))).collect();
        let result = function.result.map(|ty| shape(resolve, ty));
        (function.name.clone(), Signature { params, result })
    };
    Ok(interface.functions.values().map(signature).collect())
}

fn shape(resolve: &Resolve, ty: Type) -> Shape {
    match ty {
        Type::Bool => Shape::Primitive("bool"),
        Type::U8 => Shape::Primitive("u8"),
        Type::U16 => Shape::Primitive("u16"),
        Type::U32 => Shape::Primitive("u32"),
        Type::U64 => Shape::Primitive("u64"),
        Type::S8 => Shape::Primitive("s8"),
        Type::S16 => Shape::Primitive("s16"),
        Type::S32 => Shape::Primitive("s32"),
        Type::S64 => Shape::Primitive("s64"),
        Type::F32 => Shape::Primitive("f32"),
        Type::F64 => Shape::Primitive("f64"),
        Type::Char => Shape::Primitive("char"),
        Type::String => Shape::Primitive("string"),
        Type::ErrorContext => Shape::Other("error-context"),
        Type::Id(id) => match resolve.types.get(id) {
            Some(definition) => of_kind(resolve, &definition.kind),
            None => Shape::Other("unknown"),
        },
    }
}

fn of_kind(resolve: &Resolve, kind: &TypeDefKind) -> Shape {
    let one = |ty: Type| Box::new(shape(resolve, ty));
    match kind {
        TypeDefKind::Type(ty) => shape(resolve, *ty),
        TypeDefKind::Record(record) => {
            Shape::Record(record.fields.iter().map(|field| (field.name.clone(), shape(resolve, field.ty))).collect())
        }
        TypeDefKind::Variant(variant) => {
            let case = |case: &wit_parser::Case| (case.name.clone(), case.ty.map(|ty| shape(resolve, ty)));
            Shape::Variant(variant.cases.iter().map(case).collect())
        }
        TypeDefKind::Enum(cases) => Shape::Enum(cases.cases.iter().map(|case| case.name.clone()).collect()),
        TypeDefKind::Flags(flags) => Shape::Flags(flags.flags.iter().map(|flag| flag.name.clone()).collect()),
        TypeDefKind::Tuple(tuple) => Shape::Tuple(tuple.types.iter().map(|ty| shape(resolve, *ty)).collect()),
        TypeDefKind::Option(ty) => Shape::Option(one(*ty)),
        TypeDefKind::List(ty) => Shape::List(one(*ty)),
        TypeDefKind::Result(result) => Shape::Result(result.ok.map(one), result.err.map(one)),
        other => Shape::Other(other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_is_read_from_the_wit() {
        let names = |point| {
            let functions = signatures(point).unwrap().iter();
            functions.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(Point::PriceRule), ["evaluate"]);
        assert_eq!(names(Point::Loyalty), ["earn", "burn", "reverse"]);
        let (_, rates) = &signatures(Point::ShippingRate).unwrap()[0];
        assert_eq!(rates.params[2], ("config".to_owned(), Shape::Primitive("string")));
        let result = rates.result.as_ref().unwrap().to_string();
        assert!(result.starts_with("result<list<record { code: string, title: string, price: record"), "{result}");
    }
}
