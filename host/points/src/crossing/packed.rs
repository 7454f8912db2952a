//! Lines as they are going to lie in a guest's memory, laid out once for all plugins that run over a cart.
//!
//! By the canonical ABI each string and each list is room of its own, that the host asks the guest's allocator for: for
//! a cart of ten lines some eighty calls into the guest, which cost more than the rule. A plugin that keeps to
//! `fondaco:plugin/arena` gives nothing back, so it cannot tell where one room ends and the next begins: it gets all of
//! them as one, which is one copy, with the address of that one added to where each begins.

use super::at;
use crate::wit::{Line, PriceCandidate};

/// Lines and what they hold, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
    /// In the order in which wasmtime would ask for them, which is that of where they begin: the lines themselves first.
    rooms: Vec<Room>,
}

/// A list or a string that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    begin: u32,
    pub(super) length: u32,
    pub(super) align: u32,
    /// Where its address is said, in one of the rooms before it. Of the lines themselves it is said elsewhere.
    told_at: u32,
}

/// Where the fields of `types.price-candidate` are.
mod candidate {
    pub(super) const ID: usize = 0;
    pub(super) const UNIT: usize = 8;
    pub(super) const MIN: usize = 16;
    pub(super) const MAX: usize = 20;
    pub(super) const GROUP: usize = 28;
    pub(super) const FROM: usize = 40;
    pub(super) const UNTIL: usize = 56;
    pub(super) const END: usize = 72;
}

const _: () = {
    use wasmtime::component::ComponentType;
    assert!(<PriceCandidate as ComponentType>::SIZE32 == candidate::END);
    assert!(<PriceCandidate as ComponentType>::ALIGN32 == 8);
};

impl Packed {
    /// What one room for all has to be aligned to.
    pub(super) const ALIGN: u32 = 8;

    /// Lays lines out. None where there are none, or where they are longer than 32 bits can say, which no cart within its
    /// bounds is.
    pub(crate) fn of(lines: &[Line]) -> Option<Self> {
        let records = u32::try_from(lines.len().checked_mul(at::END)?).ok().filter(|&bytes| bytes > 0)?;
        let mut packed = Self {
            bytes: Vec::with_capacity(lines.len() * 2 * at::END),
            rooms: Vec::with_capacity(1 + lines.len() * 8),
        };
        packed.bytes.resize(records as usize, 0);
        packed.rooms.push(Room { begin: 0, length: records, align: Self::ALIGN, told_at: 0 });
        for (line, here) in lines.iter().zip((0..).step_by(at::END)) {
            packed.line(line, here);
        }
        u32::try_from(packed.bytes.len()).is_ok().then_some(packed)
    }

    /// The bytes of one room for all.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// Copies all into one room, which begins at `base`. None where the room is too small or lies beyond 32 bits.
    pub(super) fn write(&self, lines: &[Line], base: usize, memory: &mut [u8]) -> Option<()> {
        let room = memory.get_mut(base..)?.get_mut(..self.bytes.len())?;
        room.copy_from_slice(&self.bytes);
        let base = u32::try_from(base).ok()?;
        for inner in self.rooms.iter().skip(1) {
            *room.get_mut(inner.told_at as usize..)?.first_chunk_mut()? = inner.begin.checked_add(base)?.to_le_bytes();
        }
        enter_prices(lines, room);
        Some(())
    }

    /// Copies each into a room of its own, of which these are the addresses. None where one of them is too small.
    pub(super) fn write_apart(&self, lines: &[Line], addresses: &[usize], memory: &mut [u8]) -> Option<()> {
        for (room, &address) in self.rooms.iter().zip(addresses) {
            let bytes = self.bytes.get(room.begin as usize..)?.get(..room.length as usize)?;
            memory.get_mut(address..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        }
        for (room, &address) in self.rooms.iter().zip(addresses).skip(1) {
            let outer = self.rooms.partition_point(|other| other.begin <= room.told_at).checked_sub(1)?;
            let into = room.told_at - self.rooms.get(outer)?.begin;
            let told = memory.get_mut(addresses.get(outer)?.checked_add(into as usize)?..)?.first_chunk_mut()?;
            *told = u32::try_from(address).ok()?.to_le_bytes();
        }
        enter_prices(lines, memory.get_mut(*addresses.first()?..)?);
        Some(())
    }

    fn line(&mut self, line: &Line, here: usize) {
        self.text(&line.sku, here + at::SKU);
        self.text(&line.product, here + at::PRODUCT);
        self.text(&line.category, here + at::CATEGORY);
        let tags = self.list(line.tags.len(), at::PAIR, 4, here + at::TAGS);
        for (tag, at) in line.tags.iter().zip((tags..).step_by(at::PAIR)) {
            self.text(tag, at);
        }
        let attributes = self.list(line.attributes.len(), 2 * at::PAIR, 4, here + at::ATTRIBUTES);
        for ((name, value), at) in line.attributes.iter().zip((attributes..).step_by(2 * at::PAIR)) {
            self.text(name, at);
            self.text(value, at + at::PAIR);
        }
        self.put(here + at::QUANTITY, line.quantity.to_le_bytes());
        self.option(line.compare_at.map(i64::to_le_bytes), here + at::COMPARE_AT, 8);
        self.put(here + at::GRAMS, line.grams.to_le_bytes());
        self.text(&line.tax_category, here + at::TAX_CATEGORY);
        self.put(here + at::REQUIRES_SHIPPING, [u8::from(line.requires_shipping)]);
        self.put(here + at::GIFT, [u8::from(line.gift)]);
        let candidates = self.list(line.candidates.len(), candidate::END, 8, here + at::CANDIDATES);
        for (candidate, at) in line.candidates.iter().zip((candidates..).step_by(candidate::END)) {
            self.candidate(candidate, at);
        }
    }

    fn candidate(&mut self, price: &PriceCandidate, here: usize) {
        self.text(&price.id, here + candidate::ID);
        self.put(here + candidate::UNIT, price.unit.to_le_bytes());
        self.put(here + candidate::MIN, price.min_quantity.to_le_bytes());
        self.option(price.max_quantity.map(u32::to_le_bytes), here + candidate::MAX, 4);
        if let Some(group) = &price.group {
            self.put(here + candidate::GROUP, [1]);
            self.text(group, here + candidate::GROUP + 4);
        }
        self.option(price.from_ms.map(u64::to_le_bytes), here + candidate::FROM, 8);
        self.option(price.until_ms.map(u64::to_le_bytes), here + candidate::UNTIL, 8);
    }

    /// A string, told of at `at`.
    fn text(&mut self, text: &str, at: usize) {
        let begin = self.room(text.len(), text.len(), 1, at);
        if let Some(room) = self.bytes.get_mut(begin..) {
            room.copy_from_slice(text.as_bytes());
        }
    }

    /// Room for a list's elements, told of at `at`.
    fn list(&mut self, count: usize, size: usize, align: u32, at: usize) -> usize {
        self.room(count, count * size, align, at)
    }

    /// Room at the end for `count` elements. What is empty is nowhere: at the first address that is aligned and not null,
    /// as a guest's own allocator has it.
    fn room(&mut self, count: usize, length: usize, align: u32, at: usize) -> usize {
        // What is longer than 32 bits can say is found when all is laid out.
        let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.put(at + 4, word(count).to_le_bytes());
        if count == 0 {
            self.put(at, align.to_le_bytes());
            return self.bytes.len();
        }
        let begin = self.bytes.len().next_multiple_of(align as usize);
        self.bytes.resize(begin + length, 0);
        self.rooms.push(Room { begin: word(begin), length: word(length), align, told_at: word(at) });
        begin
    }

    fn option<const SIZE: usize>(&mut self, value: Option<[u8; SIZE]>, at: usize, payload: usize) {
        if let Some(value) = value {
            self.put(at, [1]);
            self.put(at + payload, value);
        }
    }

    fn put<const SIZE: usize>(&mut self, at: usize, bytes: [u8; SIZE]) {
        put(&mut self.bytes, at, bytes);
    }
}

/// The prices that lines have now: they change while plugins run over a cart, and nothing else does.
fn enter_prices(lines: &[Line], records: &mut [u8]) {
    let (records, _) = records.as_chunks_mut::<{ at::END }>();
    for (line, record) in lines.iter().zip(records) {
        put(record, at::UNIT, line.unit.to_le_bytes());
        put(record, at::TOTAL, line.total.to_le_bytes());
    }
}

#[inline]
fn put<const SIZE: usize>(record: &mut [u8], at: usize, bytes: [u8; SIZE]) {
    if let Some(slot) = record.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *slot = bytes;
    }
}
