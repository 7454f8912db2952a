//! The allocator of plugins: a pointer that only moves on.
//!
//! A plugin's instance serves one call and is then thrown away, so freeing would be work for nothing. The arena lies
//! in the instance's own initial memory: a small cart never grows memory, which would cost a system call and, with
//! several threads, a shoot-down of other cores' page tables. Nothing is handed out twice, so all of it is still zero.
//!
//! `#[plugin]` installs it for WebAssembly alone. Services, whose instances live on, keep the standard allocator.

#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::{Cell, UnsafeCell},
    ptr,
};

/// Enough for a cart of 300 lines. Untouched pages of it cost nothing: hosts map them lazily. What one call touched may
/// cost those after it, of whichever plugin, since a host clears a slot's pages rather than give them back.
const ARENA_BYTES: usize = 192 * 1024;
const PAGE_BYTES: usize = 64 * 1024;
/// What memory grows by at least, once the arena is used up: 2 MiB.
const GROWTH_PAGES: usize = 32;

#[repr(C, align(16))]
struct Arena(UnsafeCell<[u8; ARENA_BYTES]>);

// SAFETY: an instance of a plugin has one thread.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(UnsafeCell::new([0; ARENA_BYTES]));

/// An allocator that never frees.
pub struct Bump {
    next: Cell<*mut u8>,
    end: Cell<*mut u8>,
}

// SAFETY: an instance of a plugin has one thread.
unsafe impl Sync for Bump {}

impl Bump {
    /// The allocator, at the start of the arena. Only one may exist in a component; `#[plugin]` makes it.
    #[allow(clippy::new_without_default)]
    #[doc(hidden)]
    pub const fn new() -> Self {
        let start = ARENA.0.get().cast::<u8>();
        // SAFETY: one past the end of the arena is still a valid place for a pointer.
        let end = unsafe { start.add(ARENA_BYTES) };
        Self { next: Cell::new(start), end: Cell::new(end) }
    }

    /// More memory behind the end. Null when the host refuses.
    #[cold]
    #[inline(never)]
    fn grow(&self, layout: Layout) -> *mut u8 {
        let pages = layout.size().div_ceil(PAGE_BYTES).saturating_add(1).max(GROWTH_PAGES);
        let Some(base) = grow_memory(pages) else {
            return ptr::null_mut();
        };
        // Whatever was left of the arena is given up: it is smaller than what was asked for.
        self.next.set(base);
        self.end.set(base.wrapping_add(pages * PAGE_BYTES));
        self.take(layout).unwrap_or(ptr::null_mut())
    }

    #[inline]
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let next = self.next.get();
        let gap = next.addr().wrapping_neg() & (layout.align() - 1);
        let left = self.end.get().addr() - next.addr();
        let taken = gap.checked_add(layout.size())?;
        if taken > left {
            return None;
        }
        self.next.set(next.wrapping_add(taken));
        Some(next.wrapping_add(gap))
    }
}

// SAFETY: blocks come from `take`, which hands each byte out once, aligned, and inside of memory that exists.
unsafe impl GlobalAlloc for Bump {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(block) => block,
            None => self.grow(layout),
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: same contract; memory that was never handed out is zero.
        unsafe { self.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if new_size <= layout.size() {
            return block;
        }
        let more = new_size - layout.size();
        let is_last = block.wrapping_add(layout.size()) == self.next.get();
        if is_last && more <= self.end.get().addr() - self.next.get().addr() {
            self.next.set(self.next.get().wrapping_add(more));
            return block;
        }
        // SAFETY: the caller vouches for the new size, as for `alloc`; the blocks are distinct, and the old one is
        // shorter.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn grow_memory(pages: usize) -> Option<*mut u8> {
    let before = core::arch::wasm32::memory_grow(0, pages);
    // The allocator's own provenance: all of linear memory.
    (before != usize::MAX).then(|| ptr::with_exposed_provenance_mut(before * PAGE_BYTES))
}

/// Tests on a native machine take fresh pages from the system.
#[cfg(not(target_arch = "wasm32"))]
fn grow_memory(pages: usize) -> Option<*mut u8> {
    let layout = Layout::from_size_align(pages.checked_mul(PAGE_BYTES)?, PAGE_BYTES).ok()?;
    // SAFETY: the size is not zero.
    let base = unsafe { std::alloc::alloc_zeroed(layout) };
    (!base.is_null()).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// One test, because there is one arena.
    #[test]
    fn hands_out_each_byte_once() {
        let bump = Bump::new();
        // SAFETY: the layouts are valid, and blocks are used within their bounds.
        unsafe {
            let first = bump.alloc(layout(3, 1));
            let second = bump.alloc(layout(8, 8));
            assert_eq!(second.addr() % 8, 0);
            assert!(second.addr() >= first.addr() + 3);

            // The last block grows where it stands; another one moves, with what is in it.
            second.write(42);
            assert_eq!(bump.realloc(second, layout(8, 8), 64), second);
            first.write(7);
            let moved = bump.realloc(first, layout(3, 1), 10);
            assert_ne!(moved, first);
            assert_eq!((moved.read(), second.read()), (7, 42));
            assert_eq!(bump.realloc(moved, layout(10, 1), 2), moved);

            // Freed memory stays as it is, and new memory is zero.
            bump.dealloc(moved, layout(10, 1));
            let zeroed = bump.alloc_zeroed(layout(16, 16));
            assert!(zeroed.addr() >= moved.addr() + 10);
            assert_eq!(std::slice::from_raw_parts(zeroed, 16), [0; 16]);

            // Beyond the arena memory grows, and goes on as before.
            let large = bump.alloc(layout(ARENA_BYTES, 16));
            large.add(ARENA_BYTES - 1).write(1);
            let behind = bump.alloc(layout(1, 1));
            assert_eq!(behind.addr(), large.addr() + ARENA_BYTES);

            // What no machine has is refused.
            assert!(bump.take(layout(isize::MAX as usize, 1)).is_none());
        }
    }
}
