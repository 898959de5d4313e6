//! Reads a topic up to its end as it is now.

use tallygate_stream::{Follower, Record, Start, Stream, StreamError, Topic};

/// Gives each record of a partition of the log from an offset on to `take`.
pub(crate) async fn scan(
    stream: &dyn Stream,
    partition: u32,
    from: u64,
    mut take: impl FnMut(&Record),
) -> Result<(), StreamError> {
    let mut follower = stream.follow(Topic::Transactions, vec![(partition, Start::Offset(from))]).await?;
    until_caught_up(&mut *follower, |record| {
        take(record);
        Ok(())
    })
    .await
}

/// Gives each record that comes to `take`, until all are read or it refuses one.
pub(crate) async fn until_caught_up<E: From<StreamError>>(
    follower: &mut dyn Follower,
    mut take: impl FnMut(&Record) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let batch = follower.next().await?;
        batch.records.iter().try_for_each(&mut take)?;
        if batch.caught_up {
            return Ok(());
        }
        // A reader may always have more at hand, and others fold beside this.
        tokio::task::yield_now().await;
    }
}
