//! The promise of a stream, whichever server or file keeps it.
//!
//! - Three topics, each with the same number of partitions: transactions (the log), daily sums (compacted by record key)
//!   and dead letters. In a partition, offsets ascend and are never used twice, not even after everything was pruned;
//!   they need not be contiguous.
//! - The broker stamps each record with its append time; times in a partition MAY go back, offsets do not.
//! - An `append` that returned `Ok` is durable. One that failed says which records may not be; all others are, and those
//!   MAY be appended again: the log is at-least-once. A record that is refused, or whose partition is away, keeps no other
//!   one from the log.
//! - The partitions of the transactions are shared out among all live subscriptions; one partition has one owner. A former
//!   owner's `commit` MUST fail ([`StreamError::Fenced`]) once another owner has been given the partition, and then none
//!   of it is ever visible. A commit that was begun before [`Event::Revoked`] was handed out is waited for before the
//!   partition goes to its next owner, for a bounded time. What one subscription keeps while others come and go stays its
//!   own without a break: it is in no event, and its commits go on.
//! - A commit is all or nothing: sums, dead letters and consumed offsets. Readers see committed records alone, but for who
//!   asks for those before ([`Stream::follow_uncommitted`]).
//! - Owning and reading are apart: a subscription says what is ours, and its committed offsets fence the commits; records
//!   are read by a [`Follower`], from where the reader says. There is no silent reset to either end: a start that the log no
//!   longer has is [`StreamError::Refused`], naming partition, offset and what is there.
//! - What was not committed by any subscription is never pruned from a log of our own; Kafka prunes by time alone.
//! - Memory is bounded; records not yet taken stay with the broker. Not asking never loses the ownership.
//! - Every call but the waiting ones ([`Subscription::next`]) ends within a bounded time.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::headers::NewHeaders;
use crate::records::Record;

/// A stream of three topics.
#[async_trait]
pub trait Stream: Send + Sync {
    /// Creates the topics that are missing and checks those that are there: partition count, append-time stamping,
    /// compaction, retention. A retention that an earlier configuration of ours gave is raised; what somebody else chose is
    /// refused where it is too short.
    ///
    /// # Errors
    /// [`StreamError::Refused`] naming the topic, the setting, its value, and what would be right.
    async fn prepare(&self, retention: Retention) -> Result<(), StreamError>;

    /// Appends records to the transactions; `Ok` when all of them are durable.
    ///
    /// # Errors
    /// Which of them may not be, and why: append those again, where that can help.
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended>;

    /// Joins those who share the partitions of the transactions.
    ///
    /// # Errors
    /// When the broker does not answer in time.
    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError>;

    /// Reads a topic without owning or committing anything. `starts` names the partitions and where each begins.
    ///
    /// # Errors
    /// When the broker does not answer in time.
    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError>;

    /// As [`follow`](Self::follow), and shows records before their commit too, where there is such a time; they are shown once, whatever
    /// becomes of the commit. It is for who may show what is true of no committed position yet: each row of sums is true of
    /// some prefix of the log, and stands in the store before it comes here.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    async fn follow_uncommitted(
        &self,
        topic: Topic,
        starts: Vec<(u32, Start)>,
    ) -> Result<Box<dyn Follower>, StreamError> {
        self.follow(topic, starts).await
    }

    /// For each partition of the topic what it holds, and up to where the subscriptions' commits have come (of the
    /// transactions; 0 otherwise and before the first commit).
    ///
    /// # Errors
    /// When the broker does not answer in time.
    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError>;

    /// Why the broker does not let this process in now, such as a password that was changed; none where it does, or where it
    /// has not said so. Calls find out later, when their time is over.
    fn refuses_us(&self) -> Option<String> {
        None
    }
}

/// How long records must be there to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that a fold looks back.
    pub fold_days: u32,
    /// Days that it may lag behind the log beside.
    pub lag_days: u32,
}

impl Retention {
    /// All of it, in days.
    pub fn days(self) -> u32 {
        self.fold_days.saturating_add(self.lag_days)
    }
}

/// One member of those who share the partitions.
#[async_trait]
pub trait Subscription: Send + Sync {
    /// The next thing that happened. Cancel-safe.
    ///
    /// # Errors
    /// When the subscription is lost; drop it and subscribe again.
    async fn next(&mut self) -> Result<Event, StreamError>;

    /// The handle that commits, while [`next`](Self::next) goes on.
    fn committer(&self) -> Arc<dyn Committer>;

    /// Gives everything back and waits, a bounded time, until the others were told: a process that ends earlier leaves its
    /// partitions to nobody until it is missed.
    async fn leave(self: Box<Self>);
}

/// Commits what its subscription owns.
#[async_trait]
pub trait Committer: Send + Sync {
    /// Makes sums, dead letters and offsets visible together.
    ///
    /// # Errors
    /// [`StreamError::Fenced`] when the group has given one of its partitions to another, or is about to: nothing of it is
    /// visible, ever. The subscription may live on, and the other partitions may be ours as before; what was committed holds. Call its
    /// [`next`](Subscription::next), which says what goes and comes, or fails. [`StreamError::RefusedOf`] when a topic takes no record of a partition: nothing of it is visible, ever,
    /// and the subscription lives on. After any other error it is unknown whether the commit took place, and nobody will say anything: drop
    /// the subscription and subscribe again at once. So it is with a commit that the broker ended by itself, as one that
    /// took too long, while the group stayed as it was.
    async fn commit(&self, flush: Flush) -> Result<(), StreamError>;
}

/// Reads along one topic.
#[async_trait]
pub trait Follower: Send {
    /// The next records, as soon as there are any. One batch says `caught_up` when all was read that was there when the
    /// following began, however much is appended meanwhile; and one each time that the end of all partitions is reached
    /// later. It comes with the last records or empty. Cancel-safe.
    ///
    /// # Errors
    /// When the broker is away for longer than a bounded time; follow again.
    async fn next(&mut self) -> Result<Batch, StreamError>;

    /// What [`next`](Self::next) would hand on without waiting for anything; none also where that cannot be told.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    fn at_hand(&mut self) -> Result<Option<Batch>, StreamError> {
        Ok(None)
    }
}

/// What [`Subscription::next`] reports, in order.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours too, with the offset that was committed for each; none when nothing ever was. No commit of a
    /// former owner can change that any more.
    Assigned(Vec<(u32, Option<u64>)>),
    /// These partitions are no longer ours.
    Revoked(Vec<u32>),
}

/// Where to read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The first record there is.
    Beginning,
    /// The record at this offset, or the first after it where offsets are not contiguous; the end when it is the next
    /// offset to be given. Refused when records from it on were pruned.
    Offset(u64),
    /// Behind the last record.
    End,
}

/// The topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The log.
    Transactions,
    /// The rows of daily sums, compacted by record key.
    DailySums,
    /// What could not be counted, with the reason.
    DeadLetters,
}

/// A record to append.
#[derive(Clone, Debug, Default)]
pub struct NewRecord {
    /// The partition, from 0.
    pub partition: u32,
    /// The record's key.
    pub key: Bytes,
    /// Its headers.
    pub headers: NewHeaders,
    /// The record's value.
    pub value: Bytes,
}

impl NewRecord {
    /// What it holds of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.value.len() + self.headers.packed().len()
    }
}

/// Records of a follower.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order within each partition.
    pub records: Vec<Record>,
    /// Whether all that the topic held was read: at the beginning, or at the moment of the batch.
    pub caught_up: bool,
}

/// What a commit makes visible together.
#[derive(Debug, Default)]
pub struct Flush {
    /// For the daily sums: rows, and the positions that they belong to.
    pub sums: Vec<NewRecord>,
    /// For the dead letters.
    pub dead_letters: Vec<NewRecord>,
    /// Of each partition that it comes from, the offset of the next record to fold.
    pub offsets: Vec<(u32, u64)>,
}

/// What a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The partition.
    pub partition: u32,
    /// The first offset there is.
    pub low: u64,
    /// The next offset to be given; records up to it may not all be visible yet.
    pub high: u64,
    /// The committed offset, of the transactions.
    pub committed: u64,
}

/// What of an append may not be durable; all its other records are.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} records were not appended, the first of them because: {first}", .records.len())]
pub struct NotAppended {
    first: StreamError,
    records: Vec<FailedRecord>,
}

/// A record that may not be durable.
#[derive(Clone, Debug)]
pub struct FailedRecord {
    /// Its place among those that were given, from 0.
    pub index: usize,
    /// Why.
    pub error: StreamError,
}

impl NotAppended {
    /// The outcome of an append of which these records failed: `Ok` when there are none.
    ///
    /// # Errors
    /// Itself, with the records in the order in which they were given.
    pub fn of(mut records: Vec<FailedRecord>) -> Result<(), Self> {
        records.sort_unstable_by_key(|record| record.index);
        match records.first() {
            None => Ok(()),
            Some(first) => Err(Self { first: first.error.clone(), records }),
        }
    }

    /// The outcome of an append of so many records that all failed alike.
    ///
    /// # Errors
    /// Itself, unless there were no records.
    pub fn all(records: usize, error: &StreamError) -> Result<(), Self> {
        Self::of((0..records).map(|index| FailedRecord { index, error: error.clone() }).collect())
    }

    /// Why the first of them failed.
    pub fn first(&self) -> &StreamError {
        &self.first
    }

    /// The records, in the order in which they were given; at least one.
    pub fn records(&self) -> &[FailedRecord] {
        &self.records
    }
}

/// Why a stream did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StreamError {
    /// It cannot answer now; trying again later may help.
    #[error("stream is away: {0}")]
    Away(String),
    /// The group has given the partition to another, or is about to: what is ours now, the subscription says.
    #[error("stream refused a former owner: {0}")]
    Fenced(String),
    /// It will not work until somebody changes something.
    #[error("stream cannot be used: {0}")]
    Refused(String),
    /// A commit cannot be made, because a topic will not take a record of this partition until somebody changes something.
    #[error("stream cannot be used: {why}")]
    RefusedOf {
        /// The partition.
        partition: u32,
        /// Why, with the name of the topic.
        why: String,
    },
}

impl StreamError {
    /// Whether trying again, with a new subscription where there was one, may help.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::RefusedOf { .. })
    }
}
