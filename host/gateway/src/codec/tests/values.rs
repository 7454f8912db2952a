//! Any value of any type.

use proptest::prelude::*;
use wasmtime::component::{Type, Val};

type Payload = BoxedStrategy<Option<Box<Val>>>;

pub(super) fn value_of(ty: &Type) -> BoxedStrategy<Val> {
    let few = |ty: &Type| prop::collection::vec(value_of(ty), 0..4);
    match ty {
        Type::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Type::S8 => any::<i8>().prop_map(Val::S8).boxed(),
        Type::U8 => any::<u8>().prop_map(Val::U8).boxed(),
        Type::S16 => any::<i16>().prop_map(Val::S16).boxed(),
        Type::U16 => any::<u16>().prop_map(Val::U16).boxed(),
        Type::S32 => any::<i32>().prop_map(Val::S32).boxed(),
        Type::U32 => any::<u32>().prop_map(Val::U32).boxed(),
        Type::S64 => any::<i64>().prop_map(Val::S64).boxed(),
        Type::U64 => any::<u64>().prop_map(Val::U64).boxed(),
        Type::Float32 => any::<f32>().prop_map(Val::Float32).boxed(),
        Type::Float64 => any::<f64>().prop_map(Val::Float64).boxed(),
        Type::Char => any::<char>().prop_map(Val::Char).boxed(),
        Type::String => any::<String>().prop_map(Val::String).boxed(),
        Type::List(list) => few(&list.ty()).prop_map(Val::List).boxed(),
        Type::Record(record) => {
            let (names, values): (Vec<String>, Vec<_>) =
                record.fields().map(|field| (field.name.to_owned(), value_of(&field.ty))).unzip();
            values.prop_map(move |values| Val::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Type::Tuple(tuple) => tuple.types().map(|ty| value_of(&ty)).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Type::Variant(variant) => {
            let cases = variant.cases().map(|case| {
                let name = case.name.to_owned();
                payload(case.ty).prop_map(move |payload| Val::Variant(name.clone(), payload))
            });
            prop::strategy::Union::new(cases.collect::<Vec<_>>()).boxed()
        }
        Type::Result(result) => prop_oneof![
            payload(result.ok()).prop_map(|payload| Val::Result(Ok(payload))),
            payload(result.err()).prop_map(|payload| Val::Result(Err(payload))),
        ]
        .boxed(),
        Type::Enum(names) => {
            let names: Vec<String> = names.names().map(str::to_owned).collect();
            prop::sample::select(names).prop_map(Val::Enum).boxed()
        }
        Type::Flags(names) => {
            let names: Vec<String> = names.names().map(str::to_owned).collect();
            let most = names.len();
            prop::sample::subsequence(names, 0..=most).prop_map(Val::Flags).boxed()
        }
        Type::Option(option) => {
            prop::option::of(value_of(&option.ty())).prop_map(|value| Val::Option(value.map(Box::new))).boxed()
        }
        other => panic!("no values of {other:?}"),
    }
}

fn payload(ty: Option<Type>) -> Payload {
    match ty {
        None => Just(None).boxed(),
        Some(ty) => value_of(&ty).prop_map(|value| Some(Box::new(value))).boxed(),
    }
}
