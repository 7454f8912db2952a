//! Carts into a plugin's memory.

use std::mem::MaybeUninit;

use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::{ComponentType, Lower};
use wasmtime::{Result, bail, format_err};

use super::at::cart;
use super::{CartRef, Fields, Lent, Packed};
use crate::wit::Line;

// SAFETY: what is written is what wasmtime would write for the record, and `dst` is written by wasmtime itself.
unsafe impl Lower for CartRef<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        to: &mut MaybeUninit<<Self as ComponentType>::Lower>,
    ) -> Result<()> {
        self.fields.linear_lower_to_flat(cx, ty, to)
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, offset: usize) -> Result<()> {
        match self.whole {
            Some(packed) if cx.options().string_encoding == StringEncoding::Utf8 => {
                in_one(cx, &self.fields, packed, ty, offset)
            }
            _ => self.fields.linear_lower_to_memory(cx, ty, offset),
        }
    }
}

// SAFETY: what is written is what wasmtime would write for the list, and `dst` is written by wasmtime itself.
unsafe impl Lower for Lent<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        to: &mut MaybeUninit<<Self as ComponentType>::Lower>,
    ) -> Result<()> {
        self.lines.linear_lower_to_flat(cx, ty, to)
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, offset: usize) -> Result<()> {
        match self.packed {
            Some(packed) if cx.options().string_encoding == StringEncoding::Utf8 => {
                let address = apart(cx, self.lines, packed)?;
                tell(cx, offset, address, self.lines.len())
            }
            _ => self.lines.linear_lower_to_memory(cx, ty, offset),
        }
    }
}

/// One room for all that the cart holds, but for its shipping.
fn in_one<T>(
    cx: &mut LowerContext<'_, T>,
    fields: &Fields<'_>,
    packed: &Packed,
    ty: InterfaceType,
    offset: usize,
) -> Result<()> {
    let InterfaceType::Record(record) = ty else { bail!("a cart is a record") };
    let shipping = cx.types[record].fields.last().map(|field| field.ty);
    let shipping = shipping.ok_or_else(|| format_err!("a cart has shipping"))?;
    fields.shipping.linear_lower_to_memory(cx, shipping, offset + cart::SHIPPING)?;
    let address = cx.realloc(0, 0, Packed::ALIGN, packed.len())?;
    packed.write(fields.lines.lines, offset, address, cx.as_slice_mut()).ok_or_else(astray)
}

/// A room for each list and string; answers where the lines themselves are. All of the guest's work comes first, so that
/// its memory stays where it is while it is written.
fn apart<T>(cx: &mut LowerContext<'_, T>, lines: &[Line], packed: &Packed) -> Result<usize> {
    let rooms = packed.rooms_of_lines().iter().map(|room| cx.realloc(0, 0, room.align, room.length as usize));
    let addresses = rooms.collect::<Result<Vec<_>>>()?;
    packed.write_apart(lines, &addresses, cx.as_slice_mut()).ok_or_else(astray)?;
    addresses.first().copied().ok_or_else(astray)
}

/// Says where the list is, and how long.
fn tell<T>(cx: &mut LowerContext<'_, T>, offset: usize, address: usize, count: usize) -> Result<()> {
    let (address, count) = (u32::try_from(address)?, u32::try_from(count)?);
    let told = cx.as_slice_mut().get_mut(offset..).and_then(<[u8]>::first_chunk_mut).ok_or_else(astray)?;
    *told = (u64::from(address) | u64::from(count) << 32).to_le_bytes();
    Ok(())
}

/// `realloc` has checked what it gave.
fn astray() -> wasmtime::Error {
    format_err!("a cart has no place in the plugin's memory")
}
