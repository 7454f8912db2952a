//! A cart as it is going to lie in a guest's memory, laid out once for all plugins that run over it.
//!
//! By the canonical ABI each string and each list is room of its own, that the host asks the guest's allocator for: for
//! a cart of ten lines some hundred calls into the guest, which cost more than the rule. A plugin that keeps to
//! `fondaco:plugin/arena` gives nothing back, so it cannot tell where one room ends and the next begins: it gets all of
//! them as one, which is one copy, with the address of that one added to where each begins.

use super::at::{self, address, buyer, candidate, cart, context, standing};
use crate::wit::{Address, Buyer, Cart, Context, Line, PriceCandidate};

/// A cart without its shipping, which changes while plugins run: the record, and behind it what it holds, one behind the
/// other. All numbers of bytes are counted from the record's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
    /// In the order of where they begin: the lines themselves, what they hold, all else.
    rooms: Vec<Room>,
    /// How many of them are the lines and what they hold.
    of_lines: usize,
}

/// A list or a string that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    begin: u32,
    pub(super) length: u32,
    pub(super) align: u32,
    /// Where its address is said: in the record, or in one of the rooms before it.
    told_at: u32,
}

/// What the record takes, and where what it holds begins.
const RECORD: usize = cart::SHIPPING;
const _: () = assert!(RECORD.is_multiple_of(Packed::ALIGN as usize));

impl Packed {
    /// What one room for all has to be aligned to.
    pub(super) const ALIGN: u32 = 8;

    /// Lays a cart out. None where it has no lines, or where it is longer than 32 bits can say, which no cart within its
    /// bounds is.
    pub(crate) fn of(cart: &Cart) -> Option<Self> {
        let lines = &cart.lines;
        let records = lines.len().checked_mul(at::END).filter(|&bytes| bytes > 0)?;
        let mut packed = Self {
            bytes: Vec::with_capacity(RECORD + 2 * records + 512),
            rooms: Vec::with_capacity(20 + lines.len() * 8),
            of_lines: 0,
        };
        packed.bytes.resize(RECORD, 0);
        let first = packed.list(lines.len(), at::END, Self::ALIGN, cart::LINES);
        for (line, here) in lines.iter().zip((first..).step_by(at::END)) {
            packed.line(line, here);
        }
        packed.of_lines = packed.rooms.len();
        packed.context(&cart.context, cart::CONTEXT);
        packed.texts(&cart.codes, cart::CODES);
        if let Some(to) = &cart.destination {
            packed.put(cart::DESTINATION, [1]);
            packed.address(to, cart::DESTINATION + 4);
        }
        u32::try_from(packed.bytes.len()).is_ok().then_some(packed)
    }

    /// The bytes of one room for all that the record holds.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - RECORD
    }

    /// The lines and what they hold.
    pub(super) fn rooms_of_lines(&self) -> &[Room] {
        self.rooms.get(..self.of_lines).unwrap_or_default()
    }

    /// Writes the record to `record`, and all that it holds into one room, which begins at `base`. None where either
    /// does not fit or lies beyond 32 bits.
    pub(super) fn write(&self, lines: &[Line], record: usize, base: usize, memory: &mut [u8]) -> Option<()> {
        let (own, held) = self.bytes.split_at_checked(RECORD)?;
        memory.get_mut(record..)?.get_mut(..RECORD)?.copy_from_slice(own);
        let room = memory.get_mut(base..)?.get_mut(..held.len())?;
        room.copy_from_slice(held);
        enter_prices(lines, room);
        for inner in &self.rooms {
            let address = u32::try_from(base + (inner.begin as usize).checked_sub(RECORD)?).ok()?;
            let told_at = inner.told_at as usize;
            let told_at = told_at.checked_sub(RECORD).map_or(record + told_at, |within| base + within);
            *memory.get_mut(told_at..)?.first_chunk_mut()? = address.to_le_bytes();
        }
        Some(())
    }

    /// Copies each of the lines' rooms into a room of its own, of which these are the addresses. None where one of them is
    /// too small.
    pub(super) fn write_apart(&self, lines: &[Line], addresses: &[usize], memory: &mut [u8]) -> Option<()> {
        let rooms = self.rooms_of_lines();
        for (room, &address) in rooms.iter().zip(addresses) {
            let bytes = self.bytes.get(room.begin as usize..)?.get(..room.length as usize)?;
            memory.get_mut(address..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        }
        // Where the lines are is not said here.
        for (room, &address) in rooms.iter().zip(addresses).skip(1) {
            let outer = rooms.partition_point(|other| other.begin <= room.told_at).checked_sub(1)?;
            let into = room.told_at - rooms.get(outer)?.begin;
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
        self.texts(&line.tags, here + at::TAGS);
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

    fn context(&mut self, context: &Context, here: usize) {
        self.text(&context.request_id, here + context::REQUEST_ID);
        self.text(&context.store, here + context::STORE);
        self.text(&context.channel, here + context::CHANNEL);
        self.text(&context.currency, here + context::CURRENCY);
        if let Some(country) = &context.country {
            self.put(here + context::COUNTRY, [1]);
            self.text(country, here + context::COUNTRY + 4);
        }
        self.text(&context.locale, here + context::LOCALE);
        self.put(here + context::NOW_MS, context.now_ms.to_le_bytes());
        self.put(here + context::UTC_OFFSET, context.utc_offset_minutes.to_le_bytes());
        if let Some(buyer) = &context.buyer {
            self.put(here + context::BUYER, [1]);
            self.buyer(buyer, here + context::BUYER + 8);
        }
    }

    fn buyer(&mut self, buyer: &Buyer, here: usize) {
        self.text(&buyer.id, here + buyer::ID);
        self.texts(&buyer.groups, here + buyer::GROUPS);
        self.put(here + buyer::ORDERS, buyer.orders.to_le_bytes());
        self.put(here + buyer::SPENT, buyer.spent.to_le_bytes());
        if let Some(its) = &buyer.standing {
            let here = here + buyer::STANDING + 8;
            self.put(here - 8, [1]);
            self.text(&its.tier, here + standing::TIER);
            self.put(here + standing::COEFFICIENT, its.multiplier.coefficient.to_le_bytes());
            self.put(here + standing::SCALE, its.multiplier.scale.to_le_bytes());
            self.put(here + standing::POINTS, its.points.to_le_bytes());
        }
    }

    fn address(&mut self, to: &Address, here: usize) {
        self.text(&to.country, here + address::COUNTRY);
        self.text(&to.region, here + address::REGION);
        self.text(&to.postal_code, here + address::POSTAL_CODE);
        self.text(&to.city, here + address::CITY);
        self.texts(&to.street, here + address::STREET);
    }

    /// A list of strings, told of at `at`.
    fn texts(&mut self, texts: &[String], at: usize) {
        let first = self.list(texts.len(), at::PAIR, 4, at);
        for (text, at) in texts.iter().zip((first..).step_by(at::PAIR)) {
            self.text(text, at);
        }
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
