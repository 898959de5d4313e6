//! Reads a stretch of one partition of the log.

use tallygate_stream::{Record, Start, Stream, StreamError, Topic};

/// Gives each record from an offset on to `take`, up to the end of the log as it is now.
pub(super) async fn scan(
    stream: &dyn Stream,
    partition: u32,
    from: u64,
    mut take: impl FnMut(&Record),
) -> Result<(), StreamError> {
    let mut follower = stream.follow(Topic::Transactions, vec![(partition, Start::Offset(from))]).await?;
    loop {
        let batch = follower.next().await?;
        batch.records.iter().for_each(&mut take);
        if batch.caught_up {
            return Ok(());
        }
    }
}
