//! The component's allocator: an arena that is empty again when a call is over.
//!
//! A quote makes hundreds of small allocations, most of them by the host while it hands values over, and all of them
//! die with the call. So a pointer that moves on serves them, and goes back to the start when the last block is freed:
//! an instance can be used again and again. What outlives a call (the parsed policies), and what the arena has no room
//! for, goes to the standard allocator; if something else ever outlives a call, the arena merely fills up and all goes
//! there.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// An arena of so many bytes.
#[repr(C, align(16))]
pub(crate) struct Arena<const BYTES: usize> {
    bytes: UnsafeCell<[u8; BYTES]>,
    /// Where the next block goes.
    next: Cell<usize>,
    /// Blocks that are in use.
    live: Cell<usize>,
    lasting: Cell<bool>,
}

// SAFETY: an instance of a component has one thread.
unsafe impl<const BYTES: usize> Sync for Arena<BYTES> {}

impl<const BYTES: usize> Arena<BYTES> {
    /// All zero, so that it takes no room in the component's file.
    pub(crate) const fn new() -> Self {
        Self { bytes: UnsafeCell::new([0; BYTES]), next: Cell::new(0), live: Cell::new(0), lasting: Cell::new(false) }
    }

    /// Runs `make`, whose allocations outlive the call.
    pub(crate) fn lasting<T>(&self, make: impl FnOnce() -> T) -> T {
        let before = self.lasting.replace(true);
        let made = make();
        self.lasting.set(before);
        made
    }

    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }

    /// Where in the arena a block begins, if it is in the arena.
    #[inline]
    fn offset(&self, block: *mut u8) -> Option<usize> {
        let offset = block.addr().wrapping_sub(self.start().addr());
        (offset < BYTES).then_some(offset)
    }

    #[inline]
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let start = self.start();
        let next = self.next.get();
        let gap = (start.addr() + next).wrapping_neg() & (layout.align() - 1);
        let block = next + gap;
        let end = block.checked_add(layout.size())?;
        // `block < BYTES`, so that a block of no bytes at the very end is not mistaken for one outside.
        if end > BYTES || block >= BYTES || self.lasting.get() {
            return None;
        }
        self.next.set(end);
        self.live.set(self.live.get() + 1);
        Some(start.wrapping_add(block))
    }

    #[inline]
    fn give_back(&self, offset: usize, size: usize) {
        let live = self.live.get() - 1;
        self.live.set(live);
        if live == 0 {
            self.next.set(0);
        } else if offset + size == self.next.get() {
            self.next.set(offset);
        }
    }

    /// Makes the last block longer or shorter where it stands.
    #[inline]
    fn resize_last(&self, offset: usize, layout: Layout, new_size: usize) -> bool {
        let is_last = offset + layout.size() == self.next.get();
        match offset.checked_add(new_size) {
            Some(end) if is_last && end <= BYTES => {
                self.next.set(end);
                true
            }
            _ => new_size <= layout.size(),
        }
    }
}

// SAFETY: `take` hands out aligned blocks inside of `bytes` that do not overlap while they live: `next` goes back only
// past blocks that were freed, or to the start when none lives. All other blocks are the system's.
unsafe impl<const BYTES: usize> GlobalAlloc for Arena<BYTES> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(block) => block,
            // SAFETY: the same contract.
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset(block) {
            Some(offset) => self.give_back(offset, layout.size()),
            // SAFETY: the same contract; the block is not ours.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(offset) = self.offset(block) else {
            // SAFETY: the same contract; the block is not ours.
            return unsafe { System.realloc(block, layout, new_size) };
        };
        if self.resize_last(offset, layout, new_size) {
            return block;
        }
        // SAFETY: the caller vouches for the new size; the blocks are distinct, and the old one is shorter.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(block, moved, layout.size());
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn it_is_empty_again_when_the_last_block_is_freed() {
        let arena = Arena::<64>::new();
        // SAFETY: blocks are used within their bounds, and freed once.
        unsafe {
            let one = arena.alloc(layout(10, 1));
            let two = arena.alloc(layout(8, 8));
            assert_eq!((arena.offset(one), arena.offset(two)), (Some(0), Some(16)));
            arena.dealloc(one, layout(10, 1));
            assert_eq!(arena.next.get(), 24);
            arena.dealloc(two, layout(8, 8));
            assert_eq!((arena.next.get(), arena.live.get()), (0, 0));
        }
    }

    #[test]
    fn what_lasts_or_has_no_room_is_the_systems() {
        let arena = Arena::<64>::new();
        // SAFETY: as above.
        unsafe {
            let large = arena.alloc(layout(65, 1));
            let lasting = arena.lasting(|| arena.alloc(layout(8, 8)));
            assert_eq!((arena.offset(large), arena.offset(lasting), arena.live.get()), (None, None, 0));
            let larger = arena.realloc(large, layout(65, 1), 100);
            arena.dealloc(larger, layout(100, 1));
            arena.dealloc(lasting, layout(8, 8));
            // From the arena to the system, with what is in it.
            let block = arena.alloc(layout(4, 4));
            block.write(7);
            let moved = arena.realloc(block, layout(4, 4), 128);
            assert_eq!((arena.offset(moved), moved.read(), arena.next.get()), (None, 7, 0));
            arena.dealloc(moved, layout(128, 4));
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Alloc(usize, usize),
        Free(prop::sample::Index),
        Resize(prop::sample::Index, usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (1_usize..40, 0_u32..5).prop_map(|(size, align)| Act::Alloc(size, 1 << align)),
            any::<prop::sample::Index>().prop_map(Act::Free),
            (any::<prop::sample::Index>(), 1_usize..60).prop_map(|(index, size)| Act::Resize(index, size)),
        ]
    }

    proptest! {
        #[test]
        fn no_block_overwrites_another(acts in prop::collection::vec(act(), 1..60)) {
            let arena = Box::new(Arena::<256>::new());
            let mut blocks: Vec<(*mut u8, Layout, u8)> = Vec::new();
            let mut mark = 0_u8;
            // SAFETY: blocks are used within their bounds, and freed once.
            unsafe {
                for act in acts {
                    match act {
                        Act::Alloc(size, align) => {
                            mark = mark.wrapping_add(1);
                            let block = arena.alloc(layout(size, align));
                            prop_assert_eq!(block.addr() % align, 0);
                            block.write_bytes(mark, size);
                            blocks.push((block, layout(size, align), mark));
                        }
                        Act::Free(index) if !blocks.is_empty() => {
                            let (block, layout, _) = blocks.swap_remove(index.index(blocks.len()));
                            arena.dealloc(block, layout);
                        }
                        Act::Resize(index, size) if !blocks.is_empty() => {
                            let position = index.index(blocks.len());
                            let (block, old, mark) = blocks[position];
                            let moved = arena.realloc(block, old, size);
                            moved.write_bytes(mark, size);
                            blocks[position] = (moved, layout(size, old.align()), mark);
                        }
                        Act::Free(_) | Act::Resize(..) => {}
                    }
                    for (block, layout, mark) in &blocks {
                        let bytes = std::slice::from_raw_parts(*block, layout.size());
                        prop_assert!(bytes.iter().all(|byte| byte == mark));
                    }
                }
                for (block, layout, _) in blocks {
                    arena.dealloc(block, layout);
                }
            }
            prop_assert_eq!((arena.next.get(), arena.live.get()), (0, 0));
        }
    }
}
