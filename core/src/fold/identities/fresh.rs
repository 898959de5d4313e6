//! What was seen since the identities were packed last.

use super::{HEAD_BYTES, SIGHT_BYTES, Sight};

/// The sights that are not packed yet, as they are packed: behind the room for what stands before them.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    packed: Vec<u8>,
    sights: u32,
    /// What the last blob came to: the next may come to as much.
    last: usize,
}

impl Fresh {
    pub(super) fn push(&mut self, sight: Sight) {
        if self.packed.is_empty() {
            self.packed.reserve(self.last);
            self.packed.extend_from_slice(&[0; HEAD_BYTES]);
        }
        let mut packed = [0; SIGHT_BYTES];
        packed[..16].copy_from_slice(&sight.identity.0.to_be_bytes());
        packed[16..24].copy_from_slice(&sight.content.to_be_bytes());
        packed[24..32].copy_from_slice(&sight.number.to_be_bytes());
        packed[32..36].copy_from_slice(&sight.day.epoch_days().to_be_bytes());
        packed[36..].copy_from_slice(&sight.log_day.epoch_days().to_be_bytes());
        self.packed.extend_from_slice(&packed);
        self.sights += 1;
    }

    /// The sights behind the room for the head, and how many they are.
    pub(super) fn take(&mut self) -> (Vec<u8>, u32) {
        let Self { packed, sights, .. } = std::mem::take(self);
        self.last = packed.len();
        (if packed.is_empty() { vec![0; HEAD_BYTES] } else { packed }, sights)
    }
}
