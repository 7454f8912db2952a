//! Bytes that are not what they should be are an error, and never a panic.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::values::value_of;
use super::*;

static WHOLE: LazyLock<Arc<Keeper>> = LazyLock::new(|| keeper("everything"));

proptest! {
    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&WHOLE.element, &bytes).is_err());
    }

    #[test]
    fn damaged_json(
        value in value_of(&WHOLE.ty),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = WHOLE.json(&value).into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode(&WHOLE.element, &bytes);
        let cut = cut.index(bytes.len());
        prop_assert!(decode(&WHOLE.element, &bytes[..cut]).is_err(), "a part is not the whole");
    }
}
