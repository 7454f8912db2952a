//! Val → JSON → Val for any value of any shape, and no panic on any bytes.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::shape::{Case, Int};
use super::*;

static EVERYTHING_SHAPE: LazyLock<Shape> = LazyLock::new(everything);

fn value_of(shape: &Shape) -> BoxedStrategy<Val> {
    match shape {
        Shape::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Shape::Int(int) => integer(*int),
        Shape::Float32 => any::<f32>().prop_map(Val::Float32).boxed(),
        Shape::Float64 => any::<f64>().prop_map(Val::Float64).boxed(),
        Shape::Char => any::<char>().prop_map(Val::Char).boxed(),
        Shape::String => any::<String>().prop_map(Val::String).boxed(),
        Shape::Bytes => prop::collection::vec(any::<u8>().prop_map(Val::U8), 0..20).prop_map(Val::List).boxed(),
        Shape::List(of) => prop::collection::vec(value_of(of), 0..4).prop_map(Val::List).boxed(),
        Shape::FixedList(of, length) => {
            prop::collection::vec(value_of(of), *length as usize).prop_map(Val::FixedLengthList).boxed()
        }
        Shape::Map(key, value) => {
            prop::collection::vec((value_of(key), value_of(value)), 0..4).prop_map(Val::Map).boxed()
        }
        Shape::Record(fields) => {
            let names: Vec<String> = fields.all().iter().map(|field| field.wit.to_string()).collect();
            let values: Vec<_> = fields.all().iter().map(|field| value_of(&field.shape)).collect();
            values.prop_map(move |values| Val::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Shape::Tuple(shapes) => shapes.iter().map(value_of).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Shape::Variant(cases) => prop::strategy::Union::new(cases.iter().map(|case| {
            let name = case.name.to_string();
            payload(case).prop_map(move |payload| Val::Variant(name.clone(), payload))
        }))
        .boxed(),
        Shape::Result(cases) => {
            let [ok, err] = &**cases;
            prop_oneof![
                payload(ok).prop_map(|payload| Val::Result(Ok(payload))),
                payload(err).prop_map(|payload| Val::Result(Err(payload))),
            ]
            .boxed()
        }
        Shape::Enum(names) => prop::sample::select(names.to_vec()).prop_map(|name| Val::Enum(name.into())).boxed(),
        Shape::Flags(names) => prop::sample::subsequence(names.to_vec(), 0..=names.len())
            .prop_map(|names| Val::Flags(names.into_iter().map(String::from).collect()))
            .boxed(),
        Shape::Option(inner) => {
            prop::option::of(value_of(inner)).prop_map(|value| Val::Option(value.map(Box::new))).boxed()
        }
    }
}

fn payload(case: &Case) -> BoxedStrategy<Option<Box<Val>>> {
    match &case.payload {
        None => Just(None).boxed(),
        Some(shape) => value_of(shape).prop_map(|value| Some(Box::new(value))).boxed(),
    }
}

fn integer(int: Int) -> BoxedStrategy<Val> {
    match int {
        Int::S8 => any::<i8>().prop_map(Val::S8).boxed(),
        Int::U8 => any::<u8>().prop_map(Val::U8).boxed(),
        Int::S16 => any::<i16>().prop_map(Val::S16).boxed(),
        Int::U16 => any::<u16>().prop_map(Val::U16).boxed(),
        Int::S32 => any::<i32>().prop_map(Val::S32).boxed(),
        Int::U32 => any::<u32>().prop_map(Val::U32).boxed(),
        Int::S64 => any::<i64>().prop_map(Val::S64).boxed(),
        Int::U64 => any::<u64>().prop_map(Val::U64).boxed(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in value_of(&EVERYTHING_SHAPE)) {
        let text = json(&EVERYTHING_SHAPE, &value);
        let read: serde_json::Result<serde_json::Value> = serde_json::from_str(&text);
        prop_assert!(read.is_ok(), "valid JSON: {text}");
        prop_assert_eq!(decode(&EVERYTHING_SHAPE, text.as_bytes()), Ok(value));
    }

    #[test]
    fn random_bytes_are_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&EVERYTHING_SHAPE, &bytes).is_err());
    }

    #[test]
    fn damaged_json_never_panics(
        value in value_of(&EVERYTHING_SHAPE),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = json(&EVERYTHING_SHAPE, &value).into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode(&EVERYTHING_SHAPE, &bytes);
        let cut = cut.index(bytes.len());
        prop_assert!(decode(&EVERYTHING_SHAPE, &bytes[..cut]).is_err(), "a part is not the whole");
    }
}
