//! The messages that a consumer was handed, and how to tell the server which of them are settled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::gate::Gate;
use crate::port::Tag;

/// The messages handed out, oldest first.
pub(super) struct Held {
    messages: VecDeque<HeldMessage>,
    /// The tag of the last message.
    last: u64,
    leased: Arc<AtomicU64>,
    gate: Gate,
}

struct HeldMessage {
    tag: u64,
    bytes: usize,
    is_settled: bool,
}

/// Messages that the server has sent, and that never came.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages behind {last} and before {tag} of a channel never came; all that it holds goes back")]
pub(super) struct PassedOver {
    last: u64,
    tag: u64,
}

/// What to tell the server of a set of settled messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// All up to here are settled.
    pub(super) up_to: Option<u64>,
    /// These are too, though older ones are not.
    pub(super) single: Vec<u64>,
}

impl Held {
    pub(super) fn new(leased: Arc<AtomicU64>, gate: Gate) -> Self {
        Self { messages: VecDeque::new(), last: 0, leased, gate }
    }

    /// Takes a message in. Not where one before it never came: a server counts what it sends on a channel from 1 on, and an
    /// answer that stands for all before a tag would settle that one too.
    pub(super) fn add(&mut self, tag: u64, bytes: usize) -> Result<(), PassedOver> {
        if tag != self.last + 1 {
            return Err(PassedOver { last: self.last, tag });
        }
        self.last = tag;
        self.messages.push_back(HeldMessage { tag, bytes, is_settled: false });
        self.leased.fetch_add(1, Ordering::Relaxed);
        self.gate.hand_out(bytes);
        Ok(())
    }

    /// Marks messages as settled. One call must not mix fates: everything up to a tag shares one answer to the server.
    pub(super) fn settle(&mut self, tags: &[Tag]) -> Settled {
        let mut fresh = Vec::with_capacity(tags.len());
        let mut bytes = 0;
        for tag in tags {
            if let Ok(at) = self.messages.binary_search_by_key(&tag.0, |held| held.tag)
                && let Some(held) = self.messages.get_mut(at)
                && !std::mem::replace(&mut held.is_settled, true)
            {
                fresh.push(tag.0);
                bytes += held.bytes;
            }
        }
        self.leased.fetch_sub(fresh.len() as u64, Ordering::Relaxed);
        self.gate.settle(bytes);
        fresh.sort_unstable();
        let mut front = 0;
        while let Some(held) = self.messages.pop_front_if(|held| held.is_settled) {
            front = held.tag;
        }
        // The tag that stands for all before it must itself be new to the server, which refuses one it no longer knows.
        let prefix = fresh.partition_point(|tag| *tag <= front);
        let single = fresh.split_off(prefix);
        Settled { up_to: fresh.last().copied(), single }
    }
}

impl Settled {
    /// What to tell the server, in order: a tag, and whether it stands for all before it.
    pub(super) fn answers(self) -> impl Iterator<Item = (u64, bool)> {
        let all_before = self.up_to.into_iter().map(|tag| (tag, true));
        all_before.chain(self.single.into_iter().map(|tag| (tag, false)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let left = self.messages.iter().filter(|held| !held.is_settled).count();
        self.leased.fetch_sub(left as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn held(tags: std::ops::RangeInclusive<u64>) -> Held {
        let mut held = Held::new(Arc::default(), Gate::default());
        tags.for_each(|tag| held.add(tag, 1).unwrap());
        held
    }

    fn settle(held: &mut Held, tags: &[u64]) -> (Option<u64>, Vec<u64>) {
        let tags: Vec<Tag> = tags.iter().copied().map(Tag).collect();
        let Settled { up_to, single } = held.settle(&tags);
        (up_to, single)
    }

    #[test]
    fn what_comes_behind_a_message_that_never_came_is_not_taken_in() {
        let mut held = held(1..=3);
        assert_eq!(held.add(5, 1), Err(PassedOver { last: 3, tag: 5 }));
        assert!(held.add(6, 1).is_err(), "nor is what follows it");
        assert_eq!(settle(&mut held, &[1, 2, 3, 5, 6]), (Some(3), vec![]));
    }

    #[test]
    fn a_prefix_is_settled_at_once_and_the_rest_one_by_one() {
        let mut held = held(1..=9);
        assert_eq!(settle(&mut held, &[2, 1, 3]), (Some(3), vec![]));
        assert_eq!(settle(&mut held, &[5, 7]), (None, vec![5, 7]));
        assert_eq!(settle(&mut held, &[4]), (Some(4), vec![]), "5 is gone for the server and must not be named again");
        assert_eq!(settle(&mut held, &[6, 9]), (Some(6), vec![9]));
        assert_eq!(settle(&mut held, &[6, 1, 42]), (None, vec![]), "twice settled and never held");
        assert_eq!(held.leased.load(Ordering::Relaxed), 1);
        assert_eq!(settle(&mut held, &[8]), (Some(8), vec![]));
        assert!(held.messages.is_empty());
    }
}
