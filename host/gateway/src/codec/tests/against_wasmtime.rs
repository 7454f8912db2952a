//! The codec and wasmtime mean the same, whatever the type and whatever the value; and where a service answers what is
//! none, both say so.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Cases, TestRunner};

use super::keeper::{ANSWER, HEAP, only};
use super::types::any_type;
use super::values::value_of;
use super::*;

static WHOLE: LazyLock<Arc<Keeper>> = LazyLock::new(|| keeper("everything"));

fn agree(keeper: &Keeper, value: &Val) {
    let json = keeper.json(value);
    assert_eq!(keeper.write(value), json, "written");
    assert_eq!(&keeper.read(&json), value, "read: {json}");
    let (by_wasmtime, by_codec) = (keeper.fresh(), keeper.fresh());
    by_wasmtime.call("flat", vec![value.clone()]).unwrap();
    by_codec.pass("flat", &keeper.body(&json)).unwrap();
    assert_eq!(by_codec.raw(), by_wasmtime.raw(), "flat: {json}");
}

proptest! {
    #![proptest_config(Cases { cases: 48, ..Cases::default() })]

    #[test]
    fn any_value_of_any_type(ty in any_type()) {
        let mut definitions = Vec::new();
        let ty = ty.wit(&mut definitions);
        let keeper = Keeper::new(&definitions.join("\n"), &ty, wit_component::StringEncoding::UTF8);
        let mut runner = TestRunner::deterministic();
        let values = value_of(&keeper.ty);
        for _ in 0..6 {
            agree(&keeper, &values.new_tree(&mut runner).unwrap().current());
        }
    }

    #[test]
    fn any_value_of_the_type_that_has_everything(value in value_of(&WHOLE.ty)) {
        agree(&WHOLE, &value);
    }

    /// Pointers and lengths that are often wrong and sometimes not, over memory that holds anything.
    #[test]
    fn a_service_may_answer_anything(
        memory in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0x10), Just(1)], 600),
        case in prop_oneof![9 => Just(0_u32), 1 => any::<u32>()],
        pointer in prop_oneof![4 => Just(HEAP), 1 => HEAP..HEAP + 500, 1 => any::<u32>()],
        length in prop_oneof![4 => 0_u32..3, 1 => any::<u32>()],
        name in prop::sample::select(FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
    ) {
        let keeper = keeper(name);
        let damaged = || {
            let kept = keeper.fresh();
            kept.poke(HEAP, &memory);
            kept.poke(ANSWER, &[case.to_le_bytes(), pointer.to_le_bytes(), length.to_le_bytes()].concat());
            kept
        };
        match (damaged().pass("give", "{}"), damaged().call("give", Vec::new())) {
            (Ok(written), Ok(Some(Val::List(values)))) => {
                let json = |value| format!("[{}]", keeper.json(&only(value)));
                let expected: Vec<String> = values.into_iter().map(json).collect();
                prop_assert_eq!(written.unwrap(), format!("[{}]", expected.join(",")));
            }
            (Err(by_codec), Err(by_wasmtime)) => prop_assert_eq!(by_codec, by_wasmtime),
            // Wasmtime counts a `Val` for each item, and the codec what the item takes.
            (Ok(_), Err(fault)) if length > 1_000 => prop_assert_eq!(fault.reason, "SERVICE_FAILED"),
            (by_codec, by_wasmtime) => prop_assert!(false, "{by_codec:?}, {by_wasmtime:?}"),
        }
    }
}

#[test]
fn strings_come_in_the_encoding_that_a_service_wants() {
    for encoding in [wit_component::StringEncoding::UTF16, wit_component::StringEncoding::CompactUTF16] {
        let keeper = Keeper::new("", "tuple<string, list<string>, option<string>>", encoding);
        for text in ["", "plain", "é", "€", "😀 and €", "ÿ"] {
            let text = || Val::String(text.to_owned());
            let list = Val::List(vec![text(), text()]);
            agree(&keeper, &Val::Tuple(vec![text(), list, Val::Option(Some(Box::new(text())))]));
        }
    }
}

#[test]
fn an_answer_is_bounded_however_often_it_names_the_same_bytes() {
    let keeper = keeper("numbers");
    let kept = keeper.fresh();
    // A million numbers are within the memory but more than a mebibyte.
    kept.poke(ANSWER, &[0_u32.to_le_bytes(), 0_u32.to_le_bytes(), 262_000_u32.to_le_bytes()].concat());
    assert_eq!(kept.pass("give", "{}").unwrap_err().reason, "SERVICE_FAILED", "too long as JSON");

    let keeper = super::keeper("text");
    let kept = keeper.fresh();
    let text = [HEAP, 1_000].map(u32::to_le_bytes).concat();
    let same = text.repeat(2_000);
    kept.poke(HEAP + 1_000, &same);
    kept.poke(ANSWER, &[0_u32.to_le_bytes(), (HEAP + 1_000).to_le_bytes(), 2_000_u32.to_le_bytes()].concat());
    assert_eq!(kept.pass("give", "{}").unwrap_err().reason, "SERVICE_FAILED", "the same text two thousand times");
    assert!(keeper.fresh().call("keep", vec![Val::List(Vec::new())]).is_ok(), "the next instance is a new one");
}

#[test]
fn faults_are_told_as_they_are() {
    let keeper = keeper("text");
    let kept = keeper.fresh();
    let word = |number: u32| number.to_le_bytes();
    kept.poke(HEAP, b"SOLD_OUT");
    let fault = [word(1), word(8), word(HEAP), word(8), word(HEAP), word(4), word(0), word(0)];
    kept.poke(ANSWER, &fault.concat());
    let told = kept.pass("give", "{}").unwrap_err();
    assert_eq!(told, kept.call("give", Vec::new()).unwrap_err());
    assert_eq!((told.reason.as_ref(), told.message.as_str()), ("SOLD_OUT", "SOLD"));
}
