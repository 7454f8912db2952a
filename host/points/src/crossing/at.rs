//! Where fields are, by the canonical ABI. That this is so is checked by the tests field by field, and that the whole has
//! this size when this is compiled.

use wasmtime::component::ComponentType;

use crate::wit;

/// The bytes of a string or list: its pointer and its length.
pub(super) const PAIR: usize = 8;

// `types.line`.
pub(super) const SKU: usize = 0;
pub(super) const PRODUCT: usize = 8;
pub(super) const CATEGORY: usize = 16;
pub(super) const TAGS: usize = 24;
pub(super) const ATTRIBUTES: usize = 32;
pub(super) const QUANTITY: usize = 40;
pub(super) const UNIT: usize = 48;
pub(super) const COMPARE_AT: usize = 56;
pub(super) const TOTAL: usize = 72;
pub(super) const GRAMS: usize = 80;
pub(super) const TAX_CATEGORY: usize = 84;
pub(super) const REQUIRES_SHIPPING: usize = 92;
pub(super) const GIFT: usize = 93;
pub(super) const CANDIDATES: usize = 96;
/// The bytes of a line.
pub(super) const END: usize = 104;

/// `types.price-candidate`.
pub(super) mod candidate {
    pub(in super::super) const ID: usize = 0;
    pub(in super::super) const UNIT: usize = 8;
    pub(in super::super) const MIN: usize = 16;
    pub(in super::super) const MAX: usize = 20;
    pub(in super::super) const GROUP: usize = 28;
    pub(in super::super) const FROM: usize = 40;
    pub(in super::super) const UNTIL: usize = 56;
    pub(in super::super) const END: usize = 72;
}

/// `types.cart`.
pub(super) mod cart {
    pub(in super::super) const CONTEXT: usize = 0;
    pub(in super::super) const LINES: usize = 152;
    pub(in super::super) const CODES: usize = 160;
    pub(in super::super) const DESTINATION: usize = 168;
    pub(in super::super) const SHIPPING: usize = 216;
    pub(in super::super) const END: usize = 248;
}

/// `types.context`.
pub(super) mod context {
    pub(in super::super) const REQUEST_ID: usize = 0;
    pub(in super::super) const STORE: usize = 8;
    pub(in super::super) const CHANNEL: usize = 16;
    pub(in super::super) const CURRENCY: usize = 24;
    pub(in super::super) const COUNTRY: usize = 32;
    pub(in super::super) const LOCALE: usize = 44;
    pub(in super::super) const NOW_MS: usize = 56;
    pub(in super::super) const UTC_OFFSET: usize = 64;
    pub(in super::super) const BUYER: usize = 72;
    pub(in super::super) const END: usize = 152;
}

/// `types.buyer`.
pub(super) mod buyer {
    pub(in super::super) const ID: usize = 0;
    pub(in super::super) const GROUPS: usize = 8;
    pub(in super::super) const ORDERS: usize = 16;
    pub(in super::super) const SPENT: usize = 24;
    pub(in super::super) const STANDING: usize = 32;
    pub(in super::super) const END: usize = 72;
}

/// `types.standing`.
pub(super) mod standing {
    pub(in super::super) const TIER: usize = 0;
    pub(in super::super) const COEFFICIENT: usize = 8;
    pub(in super::super) const SCALE: usize = 16;
    pub(in super::super) const POINTS: usize = 24;
    pub(in super::super) const END: usize = 32;
}

/// `types.address`.
pub(super) mod address {
    pub(in super::super) const COUNTRY: usize = 0;
    pub(in super::super) const REGION: usize = 8;
    pub(in super::super) const POSTAL_CODE: usize = 16;
    pub(in super::super) const CITY: usize = 24;
    pub(in super::super) const STREET: usize = 32;
    pub(in super::super) const END: usize = 40;
}

const _: () = {
    const fn is<T: ComponentType>(size: usize, align: u32) -> bool {
        T::SIZE32 == size && T::ALIGN32 == align
    }
    assert!(is::<wit::Line>(END, 8));
    assert!(is::<wit::PriceCandidate>(candidate::END, 8));
    assert!(is::<wit::Cart>(cart::END, 8));
    assert!(is::<wit::Context>(context::END, 8));
    assert!(is::<wit::Buyer>(buyer::END, 8));
    assert!(is::<wit::Standing>(standing::END, 8));
    assert!(is::<wit::Address>(address::END, 4));
};
