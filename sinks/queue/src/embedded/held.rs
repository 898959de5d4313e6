//! What one consumer holds, and what of it is being acknowledged, also when nobody waits for that any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::{Place, Shared, Stored};
use crate::port::{Delivery, Tag};

/// What a consumer has leased. It outlives the consumer while something is being acknowledged.
pub(super) struct Held {
    shared: Arc<Shared>,
    prefetch: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_tag: u64,
    tags: BTreeMap<Tag, (u64, Place)>,
    /// Being acknowledged, and not among the tags.
    leaving: usize,
    is_consumer_gone: bool,
}

/// Messages that are being acknowledged; dropped before they are [`gone`](Self::gone), they are held as before, or go back
/// where the consumer is no more.
pub(super) struct Leaving {
    held: Arc<Held>,
    count: usize,
    messages: Vec<(Tag, (u64, Place))>,
}

impl Held {
    pub(super) fn new(shared: Arc<Shared>, prefetch: u16) -> Self {
        Self { shared, prefetch: usize::from(prefetch.max(1)), state: Mutex::default() }
    }

    /// How many messages more it may hold.
    pub(super) fn room(&self) -> usize {
        let state = self.lock();
        self.prefetch.saturating_sub(state.tags.len() + state.leaving)
    }

    pub(super) fn hand_out(&self, messages: Vec<Stored>) -> Vec<Delivery> {
        let mut state = self.lock();
        let hand_out = |one: Stored| {
            state.last_tag += 1;
            let tag = Tag(state.last_tag);
            state.tags.insert(tag, (one.sequence, one.place));
            Delivery { tag, message: one.message }
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
        let messages: Vec<_> = {
            let mut state = self.lock();
            tags.iter().filter_map(|tag| state.tags.remove(tag)).collect()
        };
        self.shared.take_back(messages);
    }

    /// The consumer is gone.
    pub(super) fn release_all(&self) {
        let tags = {
            let mut state = self.lock();
            state.is_consumer_gone = true;
            std::mem::take(&mut state.tags)
        };
        self.shared.take_back(tags.into_values());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leaving {
    pub(super) fn sequences(&self) -> impl Iterator<Item = u64> {
        self.messages.iter().map(|(_, (sequence, _))| *sequence)
    }

    /// They are acknowledged, for good.
    pub(super) fn gone(mut self) {
        self.messages.clear();
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let kept = std::mem::take(&mut self.messages);
        let messages: Vec<_> = {
            let mut state = self.held.lock();
            state.leaving -= self.count;
            if state.is_consumer_gone {
                kept.into_iter().map(|(_, message)| message).collect()
            } else {
                state.tags.extend(kept);
                Vec::new()
            }
        };
        // Told in any case: there may be room now.
        self.held.shared.take_back(messages);
    }
}
