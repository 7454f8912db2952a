//! Any type, as WIT writes it.

use proptest::prelude::*;

const PLAIN: &[&str] = &["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"];

#[derive(Debug, Clone)]
pub(super) enum Ty {
    Plain(&'static str),
    List(Box<Ty>),
    Option(Box<Ty>),
    Result(Option<Box<Ty>>, Option<Box<Ty>>),
    Tuple(Vec<Ty>),
    Record(Vec<Ty>),
    Variant(Vec<Option<Ty>>),
    Enum(usize),
    Flags(usize),
}

pub(super) fn any_type() -> impl Strategy<Value = Ty> {
    let leaf = prop_oneof![
        8 => prop::sample::select(PLAIN).prop_map(Ty::Plain),
        // Beyond 256 cases a number takes two bytes, beyond 8 and 16 flags two and four.
        1 => prop_oneof![1_usize..9, 250_usize..300].prop_map(Ty::Enum),
        1 => (1_usize..=32).prop_map(Ty::Flags),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let maybe = prop::option::of(boxed.clone());
        prop_oneof![
            2 => boxed.clone().prop_map(Ty::List),
            2 => boxed.prop_map(Ty::Option),
            1 => (maybe.clone(), maybe).prop_map(|(ok, err)| Ty::Result(ok, err)),
            1 => prop::collection::vec(inner.clone(), 1..5).prop_map(Ty::Tuple),
            3 => prop::collection::vec(inner.clone(), 1..7).prop_map(Ty::Record),
            2 => prop::collection::vec(prop::option::of(inner), 1..5).prop_map(Ty::Variant),
        ]
    })
}

impl Ty {
    /// How it is written; what has to have a name is defined first.
    pub(super) fn wit(&self, definitions: &mut Vec<String>) -> String {
        let mut maybe = |ty: &Option<Box<Ty>>| ty.as_ref().map_or("_".to_owned(), |ty| ty.wit(definitions));
        let (keyword, members) = match self {
            Self::Plain(name) => return (*name).to_owned(),
            Self::List(of) => return format!("list<{}>", of.wit(definitions)),
            Self::Option(of) => return format!("option<{}>", of.wit(definitions)),
            Self::Result(None, None) => return "result".to_owned(),
            Self::Result(Some(ok), None) => return format!("result<{}>", ok.wit(definitions)),
            Self::Result(ok, err) => return format!("result<{}, {}>", maybe(ok), maybe(err)),
            Self::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.wit(definitions)).collect();
                return format!("tuple<{}>", parts.join(", "));
            }
            Self::Record(fields) => {
                let fields = fields.iter().enumerate();
                ("record", fields.map(|(at, ty)| format!("the-field{at}: {}", ty.wit(definitions))).collect())
            }
            Self::Variant(cases) => {
                let cases = cases.iter().enumerate().map(|(at, payload)| match payload {
                    Some(ty) => format!("the-case{at}({})", ty.wit(definitions)),
                    None => format!("the-case{at}"),
                });
                ("variant", cases.collect::<Vec<_>>())
            }
            Self::Enum(count) => ("enum", (0..*count).map(|at| format!("name{at}")).collect()),
            Self::Flags(count) => ("flags", (0..*count).map(|at| format!("flag{at}")).collect()),
        };
        let name = format!("type{}", definitions.len());
        definitions.push(format!("{keyword} {name} {{ {} }}", members.join(", ")));
        name
    }
}
