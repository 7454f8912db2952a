//! Lines in one piece, for plugins whose memory is never given back.
//!
//! By the canonical ABI each string and each list is room of its own, that the host asks the guest's allocator for: for
//! a cart of ten lines some eighty calls into the guest, which cost more than the rule. A plugin that keeps to
//! `fondaco:plugin/arena` gives nothing back, so it cannot tell where one room ends and the next begins. For such
//! plugins lines are laid out once, when the first of them runs over a cart, with all addresses counted from the
//! beginning; a call is then one room, one copy, and the beginning added to each address.

use super::at;
use crate::wit::{Line, PriceCandidate};

/// Lines as they lie in a guest's memory, all addresses from their own beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
    /// Where in `bytes` addresses are.
    addresses: Vec<u32>,
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
    /// What the room has to be aligned to.
    pub(super) const ALIGN: u32 = 8;

    /// Lays lines out. None where they are longer than 32 bits can say, which no cart within its bounds is.
    pub(crate) fn of(lines: &[Line]) -> Option<Self> {
        let mut packed = Self { bytes: Vec::with_capacity(lines.len() * 2 * at::END), addresses: Vec::new() };
        packed.addresses.reserve(lines.len() * 8);
        packed.bytes.resize(lines.len() * at::END, 0);
        for (line, here) in lines.iter().zip((0..).step_by(at::END)) {
            packed.line(line, here);
        }
        u32::try_from(packed.bytes.len()).ok()?;
        Some(packed)
    }

    /// The bytes of the room that they need.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Copies the lines into their room, which begins at `base`, with the prices that they have now: those change while
    /// plugins run over a cart, and nothing else does. False where the room is too small or lies beyond 32 bits.
    pub(super) fn write(&self, lines: &[Line], base: usize, room: &mut [u8]) -> bool {
        let (Ok(base), true) = (u32::try_from(base), room.len() == self.bytes.len()) else { return false };
        room.copy_from_slice(&self.bytes);
        for &at in &self.addresses {
            let Some(slot) = room.get_mut(at as usize..).and_then(<[u8]>::first_chunk_mut::<4>) else { return false };
            *slot = u32::from_le_bytes(*slot).wrapping_add(base).to_le_bytes();
        }
        let (records, _) = room.as_chunks_mut::<{ at::END }>();
        for (line, record) in lines.iter().zip(records) {
            put(record, at::UNIT, line.unit.to_le_bytes());
            put(record, at::TOTAL, line.total.to_le_bytes());
        }
        true
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
        self.put(here + at::UNIT, line.unit.to_le_bytes());
        self.option(line.compare_at.map(i64::to_le_bytes), here + at::COMPARE_AT, 8);
        self.put(here + at::TOTAL, line.total.to_le_bytes());
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
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.pair(begin, text.len(), 1, at);
    }

    /// Room for a list's elements, told of at `at`.
    fn list(&mut self, count: usize, size: usize, align: usize, at: usize) -> usize {
        if count > 0 {
            self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
        }
        let begin = self.bytes.len();
        self.bytes.resize(begin + count * size, 0);
        self.pair(begin, count, align, at);
        begin
    }

    /// What is empty is nowhere: at the first address that is aligned and not null, as a guest's allocator has it.
    fn pair(&mut self, begin: usize, count: usize, align: usize, at: usize) {
        let (begin, here) = if count == 0 { (align, None) } else { (begin, Some(at)) };
        // Longer ones than 32 bits can say are found when all is laid out.
        let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
        self.put(at, word(begin));
        self.put(at + 4, word(count));
        self.addresses.extend(here.and_then(|at| u32::try_from(at).ok()));
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

#[inline]
fn put<const SIZE: usize>(record: &mut [u8], at: usize, bytes: [u8; SIZE]) {
    if let Some(slot) = record.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *slot = bytes;
    }
}
