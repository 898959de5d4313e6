//! The memory budget of the bodies that are held at one time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all bodies that are held at one time may come to.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    reserved: AtomicUsize,
    most: usize,
}

/// What one body has of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl MemoryBudget {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { reserved: AtomicUsize::new(0), most })
    }

    /// A reservation of nothing yet.
    pub(crate) fn reservation(self: &Arc<Self>) -> Reservation {
        Reservation { budget: self.clone(), bytes: 0 }
    }
}

impl Reservation {
    /// Reserves so many bytes more; false where the budget does not allow it.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.budget.reserved.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= self.budget.most
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.reserved.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
