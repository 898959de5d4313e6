//! A commit that is refused because of one partition, by its topic or by the group: those that were flushed with it begin anew.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::Membership;
use crate::failure::Failure;
use crate::timeouts::{FENCED_PAUSE, FENCED_WAIT, STAND_EVERY};

impl Membership<'_> {
    /// Nothing of a commit with these is visible, because of this partition: it stands, and the others begin anew from what was
    /// committed before. What was taken of them since rests on what is lost.
    pub(super) fn on_refused(&mut self, partition: u32, why: &str, numbers: &BTreeSet<u32>) {
        let ours: Vec<u32> = numbers.iter().filter(|number| self.given.contains_key(number)).copied().collect();
        self.readers.end(ours.iter().copied());
        self.drop_written(&ours);
        for number in ours {
            if number == partition {
                self.suspects.insert(number, Instant::now() + STAND_EVERY / 2);
                self.owned
                    .stop(number, format!("what it has to commit is refused, and nothing of it is counted: {why}"));
            } else {
                self.owned.begin(number);
                self.again.insert(number);
            }
        }
        self.again_at = Instant::now();
        self.want_comparison(false);
    }

    /// Nothing of a commit with these is visible, as the group has given one of them to another, or is about to. Which, it
    /// says itself; what is still ours after a while is taken over again from what was committed before.
    pub(super) fn on_fenced(&mut self, numbers: &BTreeSet<u32>, reason: &str) {
        let ours: Vec<u32> = numbers.iter().filter(|number| self.given.contains_key(number)).copied().collect();
        tracing::info!(?numbers, ?ours, reason, "a commit came after a partition had gone to another");
        if ours.is_empty() {
            return;
        }
        self.readers.end(ours.iter().copied());
        self.drop_written(&ours);
        for number in ours {
            self.owned.begin(number);
            self.again.insert(number);
        }
        self.again_at = Instant::now() + FENCED_PAUSE;
        self.fenced_until.get_or_insert_with(|| Instant::now() + FENCED_WAIT);
        self.want_comparison(false);
        self.show();
    }

    /// What was in a commit that was refused is where it was before.
    pub(super) async fn take_over_again(&mut self) -> Result<(), Failure> {
        let again = std::mem::take(&mut self.again);
        self.take_over(&again.into_iter().collect::<Vec<_>>()).await
    }
}
