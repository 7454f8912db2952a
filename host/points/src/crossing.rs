//! Carts on their way out of a service and into plugins.
//!
//! A cart crosses once a quote and once more for each plugin, and most of it is lines: what they cost is what a plugin
//! call costs. Wasmtime's own code for a record looks the guest's memory up for each field, and asks the guest's
//! allocator for room for empty strings and lists too. Here lines are laid out once a cart ([`Packed`]) and copied, and
//! what is empty has no room: a third fewer calls of the allocator for a usual line, and one for all where a plugin has
//! an arena. In every other respect guests find what they would find otherwise, in the same order.
//!
//! Like `fondaco_engine::wire` this stands on traits that wasmtime may change (`docs/decisions/0008`). All that guests
//! say is checked here as it is there: pointers, lengths, alignment, text; and what is lifted is paid for in the store's
//! host call fuel. Encodings other than UTF-8 are left to wasmtime.

#![expect(unsafe_code, reason = "wasmtime's traits for values that cross are unsafe to implement")]

mod lift;
mod lower;
mod packed;

pub(crate) use packed::Packed;

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType};
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::evaluation::Held;
use crate::wit::{Address, Cart, ChosenShipping, Context, Line};

/// A cart that is lent to a plugin.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub struct CartRef<'a> {
    context: &'a Context,
    lines: Lent<'a>,
    codes: &'a [String],
    destination: &'a Option<Address>,
    shipping: &'a Option<ChosenShipping>,
}

impl<'a> CartRef<'a> {
    /// Lends a cart, to a plugin with an arena in one piece.
    pub(crate) fn of(cart: &'a Held, arena: bool) -> Self {
        Self {
            context: &cart.context,
            lines: Lent { lines: &cart.lines, packed: cart.packed(), arena },
            codes: &cart.codes,
            destination: &cart.destination,
            shipping: &cart.shipping,
        }
    }
}

/// A cart that a service hands over.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Given {
    context: Context,
    lines: Lines,
    codes: Vec<String>,
    destination: Option<Address>,
    shipping: Option<ChosenShipping>,
}

impl From<Given> for Cart {
    fn from(given: Given) -> Self {
        let Given { context, lines: Lines(lines), codes, destination, shipping } = given;
        Self { context, lines, codes, destination, shipping }
    }
}

/// Lines that are lent.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Lent<'a> {
    lines: &'a [Line],
    packed: Option<&'a Packed>,
    arena: bool,
}

/// Lines that are handed over.
pub(crate) struct Lines(Vec<Line>);

// SAFETY: the same type as the list that it holds, to the last bit.
unsafe impl ComponentType for Lent<'_> {
    type Lower = <[Line] as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <[Line] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <[Line] as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: as above.
unsafe impl ComponentType for Lines {
    type Lower = <[Line] as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <[Line] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <[Line] as ComponentType>::typecheck(ty, types)
    }
}

/// Where the fields of `types.line` are, by the canonical ABI. That this is so is checked by `tests` field by field,
/// and that the whole has this size when this is compiled.
mod at {
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
    /// The bytes of a string or list: its pointer and its length.
    pub(super) const PAIR: usize = 8;
}

const _: () = assert!(<Line as ComponentType>::SIZE32 == at::END && <Line as ComponentType>::ALIGN32 == 8);

#[cfg(test)]
mod tests;
