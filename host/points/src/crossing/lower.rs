//! Lines into a plugin's memory.

use std::mem::MaybeUninit;

use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::{ComponentType, Lower};
use wasmtime::{Result, bail};

use super::packed::Packed;
use super::{Lent, at};
use crate::wit::{Line, PriceCandidate};

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
        if cx.options().string_encoding != StringEncoding::Utf8 {
            return self.lines.linear_lower_to_memory(cx, ty, offset);
        }
        if let Some(packed) = self.packed {
            return lower_packed(cx, self.lines, packed, offset);
        }
        let candidates = candidates_type(cx, ty)?;
        let list = block(cx, 8, self.lines.len(), at::END)?;
        write(cx, offset, &list.bytes())?;
        for (line, here) in self.lines.iter().zip((list.address..).step_by(at::END)) {
            lower_line(cx, line, candidates, here)?;
        }
        Ok(())
    }
}

/// All lines and what they hold in one room.
fn lower_packed<T>(cx: &mut LowerContext<'_, T>, lines: &[Line], packed: &Packed, offset: usize) -> Result<()> {
    let address = cx.realloc(0, 0, Packed::ALIGN, packed.len())?;
    let room = cx.as_slice_mut().get_mut(address..).and_then(|rest| rest.get_mut(..packed.len()));
    if !room.is_some_and(|room| packed.write(lines, address, room)) {
        bail!("lines have no place in the plugin's memory");
    }
    write(cx, offset, &Block { address, length: u32::try_from(lines.len())? }.bytes())
}

/// The type of a line's last field, by the component's own numbering.
fn candidates_type<T>(cx: &LowerContext<'_, T>, ty: InterfaceType) -> Result<InterfaceType> {
    let InterfaceType::List(list) = ty else { bail!("lines are a list") };
    let InterfaceType::Record(line) = cx.types[list].element else { bail!("a line is a record") };
    let last = cx.types[line].fields.last().map(|field| field.ty);
    last.ok_or_else(|| wasmtime::format_err!("a line has fields"))
}

fn lower_line<T>(cx: &mut LowerContext<'_, T>, line: &Line, candidates: InterfaceType, here: usize) -> Result<()> {
    let mut record = Record::default();
    record.put(at::SKU, text(cx, &line.sku)?.bytes());
    record.put(at::PRODUCT, text(cx, &line.product)?.bytes());
    record.put(at::CATEGORY, text(cx, &line.category)?.bytes());
    record.put(at::TAGS, tags(cx, &line.tags)?.bytes());
    record.put(at::ATTRIBUTES, attributes(cx, &line.attributes)?.bytes());
    record.put(at::QUANTITY, line.quantity.to_le_bytes());
    record.put(at::UNIT, line.unit.to_le_bytes());
    record.put(at::COMPARE_AT, [u8::from(line.compare_at.is_some())]);
    record.put(at::COMPARE_AT + 8, line.compare_at.unwrap_or_default().to_le_bytes());
    record.put(at::TOTAL, line.total.to_le_bytes());
    record.put(at::GRAMS, line.grams.to_le_bytes());
    record.put(at::TAX_CATEGORY, text(cx, &line.tax_category)?.bytes());
    record.put(at::REQUIRES_SHIPPING, [u8::from(line.requires_shipping)]);
    record.put(at::GIFT, [u8::from(line.gift)]);
    record.put(at::CANDIDATES, Block::empty(<PriceCandidate as ComponentType>::ALIGN32).bytes());
    write(cx, here, &record.0)?;
    if line.candidates.is_empty() {
        return Ok(());
    }
    line.candidates.linear_lower_to_memory(cx, candidates, here + at::CANDIDATES)
}

fn tags<T>(cx: &mut LowerContext<'_, T>, tags: &[String]) -> Result<Block> {
    let list = block(cx, 4, tags.len(), at::PAIR)?;
    for (tag, here) in tags.iter().zip((list.address..).step_by(at::PAIR)) {
        let tag = text(cx, tag)?;
        write(cx, here, &tag.bytes())?;
    }
    Ok(list)
}

fn attributes<T>(cx: &mut LowerContext<'_, T>, attributes: &[(String, String)]) -> Result<Block> {
    let list = block(cx, 4, attributes.len(), 2 * at::PAIR)?;
    for ((name, value), here) in attributes.iter().zip((list.address..).step_by(2 * at::PAIR)) {
        let name = text(cx, name)?;
        write(cx, here, &name.bytes())?;
        let value = text(cx, value)?;
        write(cx, here + at::PAIR, &value.bytes())?;
    }
    Ok(list)
}

fn text<T>(cx: &mut LowerContext<'_, T>, text: &str) -> Result<Block> {
    let block = block(cx, 1, text.len(), 1)?;
    if !text.is_empty() {
        write(cx, block.address, text.as_bytes())?;
    }
    Ok(block)
}

/// A string or list in the guest's memory.
#[derive(Clone, Copy)]
struct Block {
    address: usize,
    /// The canonical ABI counts in 32 bits.
    length: u32,
}

impl Block {
    /// Nothing, where a guest's own allocator would put it: at the first address that is aligned and not null.
    fn empty(align: u32) -> Self {
        Self { address: align as usize, length: 0 }
    }

    fn bytes(self) -> [u8; at::PAIR] {
        // Addresses are the guest's, which has 32 bits.
        (self.address as u64 | u64::from(self.length) << 32).to_le_bytes()
    }
}

/// Room for `count` elements of `size`.
fn block<T>(cx: &mut LowerContext<'_, T>, align: u32, count: usize, size: usize) -> Result<Block> {
    if count == 0 {
        return Ok(Block::empty(align));
    }
    Ok(Block { address: cx.realloc(0, 0, align, count * size)?, length: u32::try_from(count)? })
}

fn write<T>(cx: &mut LowerContext<'_, T>, here: usize, bytes: &[u8]) -> Result<()> {
    match cx.as_slice_mut().get_mut(here..).and_then(|rest| rest.get_mut(..bytes.len())) {
        Some(slot) => {
            slot.copy_from_slice(bytes);
            Ok(())
        }
        // `realloc` has checked what it gave.
        None => bail!("a line has no place in the plugin's memory"),
    }
}

/// A line that is put together.
struct Record([u8; at::END]);

impl Default for Record {
    fn default() -> Self {
        Self([0; at::END])
    }
}

impl Record {
    #[inline]
    fn put<const SIZE: usize>(&mut self, offset: usize, bytes: [u8; SIZE]) {
        if let Some(slot) = self.0.get_mut(offset..).and_then(<[u8]>::first_chunk_mut) {
            *slot = bytes;
        }
    }
}
