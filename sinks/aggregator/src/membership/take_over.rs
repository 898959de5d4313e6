//! Taking partitions over (rule 12): all that is read for it is read beside the folding of others.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use tallygate_stream::Topic;
use tokio::time::Instant;

use crate::base::{Base, Refusal};
use crate::ends::Ends;
use crate::failure::Failure;
use crate::limits::TAKEN_OVER_AT_ONCE;
use crate::parts::Parts;

/// The takeovers that are under way, each of partitions of its own.
#[derive(Default)]
pub(super) struct TakeOvers<'a>(Vec<TakeOver<'a>>);

struct TakeOver<'a> {
    partitions: BTreeSet<u32>,
    read: BoxFuture<'a, Result<Found, Failure>>,
}

/// What was found of partitions that are to be taken over.
pub(super) struct Found {
    pub(super) begun: Instant,
    pub(super) partitions: BTreeSet<u32>,
    /// Of the log.
    pub(super) ends: Ends,
    pub(super) bases: Vec<(u32, Base)>,
    /// Those that stand, each with the reason.
    pub(super) standing: Vec<(u32, String)>,
}

impl<'a> TakeOvers<'a> {
    /// Begins to read what these need, each with the offset that the group has committed.
    pub(super) fn begin(&mut self, parts: &'a Parts, given: Vec<(u32, Option<u64>)>) {
        let partitions = given.iter().map(|(number, _)| *number).collect();
        self.0.push(TakeOver { partitions, read: read(parts, given).boxed() });
    }

    /// Takes none of these over; tells which others are not taken over any more either.
    pub(super) fn cancel(&mut self, partitions: &[u32]) -> Vec<u32> {
        let cancelled = self.0.extract_if(.., |one| partitions.iter().any(|number| one.partitions.contains(number)));
        let others = cancelled.flat_map(|one| one.partitions);
        others.filter(|number| !partitions.contains(number)).collect()
    }

    pub(super) fn has(&self, partition: u32) -> bool {
        self.0.iter().any(|one| one.partitions.contains(&partition))
    }

    /// The next that has read all; never when there is none. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Found, Failure> {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                if let Poll::Ready(found) = self.0[at].read.poll_unpin(context) {
                    drop(self.0.swap_remove(at));
                    return Poll::Ready(found);
                }
            }
            Poll::Pending
        })
        .await
    }
}

async fn read(parts: &Parts, given: Vec<(u32, Option<u64>)>) -> Result<Found, Failure> {
    let begun = Instant::now();
    let partitions = given.iter().map(|(number, _)| *number).collect();
    let ends = Ends::of(&*parts.stream, Topic::Transactions).await?;
    let reads = given.into_iter().map(|(number, committed)| {
        let ends = &ends;
        async move {
            match Base::of(parts, ends, number, committed).await {
                Ok(base) => Ok((number, Ok(base))),
                Err(Refusal::Stand(reason)) => Ok((number, Err(reason))),
                Err(Refusal::Failed(failure)) => Err(failure),
            }
        }
    });
    let read: Vec<_> = stream::iter(reads).buffer_unordered(TAKEN_OVER_AT_ONCE).try_collect().await?;
    let (mut bases, mut standing) = (Vec::new(), Vec::new());
    for (number, read) in read {
        match read {
            Ok(base) => bases.push((number, base)),
            Err(reason) => standing.push((number, reason)),
        }
    }
    Ok(Found { begun, partitions, ends, bases, standing })
}
