//! The allocator of a policy: takes memory from the front and never gives any back, since the instance lives for one
//! message only.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

#[global_allocator]
static BUMP: Bump = Bump { next: Cell::new(0), end: Cell::new(0) };

const PAGE: usize = 64 << 10;
/// The memory that is free for a message before any has to be got, in bytes: it is there in each fresh copy, and a usual
/// message needs no more.
const ROOM: usize = 128 << 10;

/// Tells the gateway that the core module alone is as good as the component: it need not be made ready before it is called,
/// whatever goes in may lie in one block, and nothing that comes out has to be given back.
#[used]
#[unsafe(link_section = "tallygate:guest")]
static GUEST: [u8; 1] = *b"1";

/// Gets the memory that a usual message needs, once for all messages.
pub(crate) fn make_room() {
    // Without it, messages get it as they need it.
    let _ = BUMP.grow(BUMP.free() + ROOM);
}

struct Bump {
    /// The first free byte; 0 before the first use.
    next: Cell<usize>,
    /// The first byte behind the memory.
    end: Cell<usize>,
}

// SAFETY: a policy has one thread.
unsafe impl Sync for Bump {}

unsafe extern "C" {
    static __heap_base: u8;
}

impl Bump {
    /// Makes room up to `end`; false when there is no more.
    #[cold]
    fn grow(&self, end: usize) -> bool {
        let have = core::arch::wasm32::memory_size(0) * PAGE;
        if end > have && core::arch::wasm32::memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return false;
        }
        self.end.set(core::arch::wasm32::memory_size(0) * PAGE);
        true
    }

    /// The first free byte.
    #[inline]
    fn free(&self) -> usize {
        match self.next.get() {
            0 => (&raw const __heap_base).addr(),
            next => next,
        }
    }

    #[inline]
    fn reach(&self, end: usize) -> bool {
        if end > self.end.get() && !self.grow(end) {
            return false;
        }
        self.next.set(end);
        true
    }
}

// SAFETY: blocks are disjoint, since `next` only moves back over the very block that is given up.
unsafe impl GlobalAlloc for Bump {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let free = self.free();
        let start = (free + layout.align() - 1) & !(layout.align() - 1);
        match start.checked_add(layout.size()) {
            Some(end) if self.reach(end) => start as *mut u8,
            _ => std::ptr::null_mut(),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block.addr() + layout.size() == self.next.get() {
            self.next.set(block.addr());
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block.addr() + layout.size() == self.next.get() {
            return match block.addr().checked_add(size) {
                Some(end) if self.reach(end) => block,
                _ => std::ptr::null_mut(),
            };
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller's layout is valid, and so is one of its alignment with a size that fits in memory.
        unsafe {
            let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !fresh.is_null() {
                std::ptr::copy_nonoverlapping(block, fresh, layout.size());
            }
            fresh
        }
    }
}
