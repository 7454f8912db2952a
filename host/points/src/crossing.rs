//! Carts on their way out of a service and into plugins.
//!
//! A cart crosses once a quote and once more for each plugin, and most of it is lines: what they cost is what a plugin
//! call costs. Wasmtime's own code for a record looks the guest's memory up for each field, and asks the guest's
//! allocator for room for empty strings and lists too. Here a cart is laid out once ([`Packed`]) and copied. A plugin
//! with an arena gets all of it in one room; others get a room for each list and string of the lines that is not empty,
//! a third fewer than wasmtime would ask for. In every other respect guests find what they would find otherwise.
//!
//! Like `fondaco_engine::wire` this stands on traits that wasmtime may change (`docs/decisions/0008`). All that guests
//! say is checked here as it is there: pointers, lengths, alignment, text; and what is lifted is paid for in the store's
//! host call fuel. Encodings other than UTF-8 are left to wasmtime.

#![expect(unsafe_code, reason = "wasmtime's traits for values that cross are unsafe to implement")]

mod at;
mod lift;
mod lower;
mod packed;

pub(crate) use packed::Packed;

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType};
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::evaluation::Held;
use crate::wit::{Address, Cart, ChosenShipping, Context, Line};

/// A cart that is lent to a plugin.
#[derive(Debug, Clone, Copy)]
pub struct CartRef<'a> {
    fields: Fields<'a>,
    /// The same in one piece, for a plugin with an arena.
    whole: Option<&'a Packed>,
}

/// A cart, field by field.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub struct Fields<'a> {
    context: &'a Context,
    lines: Lent<'a>,
    codes: &'a [String],
    destination: &'a Option<Address>,
    shipping: &'a Option<ChosenShipping>,
}

impl<'a> CartRef<'a> {
    /// Lends a cart, to a plugin with an arena in one piece.
    pub(crate) fn of(cart: &'a Held, arena: bool) -> Self {
        let packed = cart.packed();
        let fields = Fields {
            context: &cart.context,
            lines: Lent { lines: &cart.lines, packed },
            codes: &cart.codes,
            destination: &cart.destination,
            shipping: &cart.shipping,
        };
        Self { fields, whole: packed.filter(|_| arena) }
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
}

/// Lines that are handed over.
pub(crate) struct Lines(Vec<Line>);

// SAFETY: the same type as its fields, to the last bit.
unsafe impl ComponentType for CartRef<'_> {
    type Lower = <Fields<'static> as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <Fields<'static> as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        Fields::typecheck(ty, types)
    }
}

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

#[cfg(test)]
mod tests;
