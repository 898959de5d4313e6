//! A commit that a topic refuses because of one partition: it stands alone, and those that were flushed with it begin anew.

use tokio::time::Instant;

use super::{Failure, Membership};
use crate::timeouts::STAND_EVERY;

impl Membership<'_> {
    /// Nothing of a commit with these is visible, because of this partition: it stands, and the others begin anew from what was
    /// committed before.
    pub(super) fn on_refused(&mut self, partition: u32, why: &str, before: &[(u32, Option<u64>)]) {
        let ours: Vec<_> = before.iter().filter(|(number, _)| self.given.contains_key(number)).copied().collect();
        self.readers.end(ours.iter().map(|(number, _)| *number));
        for (number, committed) in ours {
            self.given.insert(number, committed);
            if number == partition {
                self.suspects.insert(number, Instant::now() + STAND_EVERY / 2);
                self.owned
                    .stop(number, format!("what it has to commit is refused, and nothing of it is counted: {why}"));
            } else {
                self.owned.begin(number);
                self.again.push((number, committed));
            }
        }
        self.want_comparison(false);
    }

    /// What stood beside a partition in a flush that was refused is where it was before.
    pub(super) async fn take_over_again(&mut self) -> Result<(), Failure> {
        let again: Vec<_> =
            std::mem::take(&mut self.again).into_iter().filter(|(number, _)| self.given.contains_key(number)).collect();
        if again.is_empty() { Ok(()) } else { self.take_over(again).await }
    }
}
