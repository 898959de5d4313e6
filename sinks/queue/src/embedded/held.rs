//! What one consumer holds, and what of it is being acknowledged, also when nobody waits for that any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::Messages;
use super::leases::Leases;
use crate::port::{Delivery, Tag};

/// What a consumer has leased. It outlives the consumer while something is being acknowledged.
pub(super) struct Held {
    leases: Arc<Leases>,
    prefetch: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_tag: u64,
    tags: BTreeMap<Tag, i64>,
    /// Being acknowledged, and not among the tags.
    leaving: usize,
    is_consumer_gone: bool,
}

/// Messages that are being acknowledged; dropped before they are [`gone`](Self::gone), they are held as before, or go back
/// where the consumer is no more.
pub(super) struct Leaving {
    held: Arc<Held>,
    count: usize,
    messages: Vec<(Tag, i64)>,
}

impl Held {
    pub(super) fn new(leases: Arc<Leases>, prefetch: u16) -> Self {
        Self { leases, prefetch: usize::from(prefetch.max(1)), state: Mutex::default() }
    }

    /// How many messages more it may hold.
    pub(super) fn room(&self) -> usize {
        let state = self.lock();
        self.prefetch.saturating_sub(state.tags.len() + state.leaving)
    }

    pub(super) fn hand_out(&self, messages: Messages) -> Vec<Delivery> {
        let mut state = self.lock();
        let hand_out = |(id, message): (i64, Vec<u8>)| {
            state.last_tag += 1;
            let tag = Tag(state.last_tag);
            state.tags.insert(tag, id);
            Delivery { tag, message: message.into() }
        };
        messages.into_iter().map(hand_out).collect()
    }

    /// Those of the tags that are held.
    pub(super) fn leave(held: &Arc<Self>, tags: &[Tag]) -> Leaving {
        let mut state = held.lock();
        let messages: Vec<_> = tags.iter().filter_map(|tag| Some((*tag, state.tags.remove(tag)?))).collect();
        state.leaving += messages.len();
        Leaving { held: Arc::clone(held), count: messages.len(), messages }
    }

    pub(super) fn release(&self, tags: &[Tag]) {
        let ids: Vec<i64> = {
            let mut state = self.lock();
            tags.iter().filter_map(|tag| state.tags.remove(tag)).collect()
        };
        self.leases.take_back(ids);
    }

    /// The consumer is gone.
    pub(super) fn release_all(&self) {
        let tags = {
            let mut state = self.lock();
            state.is_consumer_gone = true;
            std::mem::take(&mut state.tags)
        };
        self.leases.take_back(tags.into_values());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leaving {
    pub(super) fn ids(&self) -> BTreeSet<i64> {
        self.messages.iter().map(|(_, id)| *id).collect()
    }

    /// They are deleted, for good.
    pub(super) fn gone(mut self) {
        self.messages.clear();
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let kept = std::mem::take(&mut self.messages);
        let ids: Vec<i64> = {
            let mut state = self.held.lock();
            state.leaving -= self.count;
            if state.is_consumer_gone {
                kept.into_iter().map(|(_, id)| id).collect()
            } else {
                state.tags.extend(kept);
                Vec::new()
            }
        };
        // Told in any case: there may be room now.
        self.held.leases.take_back(ids);
    }
}
