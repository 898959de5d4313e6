//! Holds all partitions, so that nobody folds meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use tallygate_stream::{Event, Flush, NewRecord, Stream, Subscription, Topic};
use tokio::time::timeout;

use super::ByHandError;

/// How long it waits to be given all partitions: a killed owner's session must be over.
const GIVEN_WITHIN: Duration = Duration::from_secs(60);
/// Records of one commit.
const COMMIT_RECORDS: usize = 50_000;

/// All partitions, held.
pub struct Held {
    subscription: Box<dyn Subscription>,
    committed: BTreeMap<u32, Option<u64>>,
}

/// Takes all partitions.
///
/// # Errors
/// When another aggregator has some of them: it must be stopped first.
pub async fn hold(stream: &dyn Stream) -> Result<Held, ByHandError> {
    let all = stream.bounds(Topic::Transactions).await?.len();
    let mut subscription = stream.subscribe().await?;
    let mut committed = BTreeMap::new();
    let given = async {
        while committed.len() < all {
            match subscription.next().await? {
                Event::Assigned(partitions) => committed.extend(partitions),
                Event::Revoked(partitions) => committed.retain(|partition, _| !partitions.contains(partition)),
            }
        }
        Ok::<_, ByHandError>(())
    };
    match timeout(GIVEN_WITHIN, given).await {
        Ok(outcome) => outcome?,
        Err(_) => {
            subscription.leave().await;
            return Err(ByHandError::Refused(
                "an aggregator runs and has some of the partitions: stop every process with the aggregator's role first"
                    .to_owned(),
            ));
        }
    }
    Ok(Held { subscription, committed })
}

impl Held {
    /// The partitions.
    pub fn partitions(&self) -> Vec<u32> {
        self.committed.keys().copied().collect()
    }

    /// What the group had committed for a partition when it was taken.
    pub fn committed(&self, partition: u32) -> Option<u64> {
        self.committed.get(&partition).copied().flatten()
    }

    /// Gives them back.
    pub async fn leave(self) {
        self.subscription.leave().await;
    }

    /// Writes records of one partition to the topic of sums, the position last, and the group's offset with them.
    pub(super) async fn commit(
        &mut self,
        partition: u32,
        next: u64,
        records: Vec<NewRecord>,
    ) -> Result<(), ByHandError> {
        let committer = self.subscription.committer();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let sums = records.by_ref().take(COMMIT_RECORDS).collect();
            committer.commit(Flush { sums, dead_letters: Vec::new(), offsets: vec![(partition, next)] }).await?;
        }
        self.committed.insert(partition, Some(next));
        Ok(())
    }
}
