//! One subscription's life: partitions come and go, records are folded, flushes go out one at a time.

mod takeover;

use std::collections::BTreeMap;
use std::sync::Arc;

use tallygate_stream::{Bounds, Event, Record, StreamError, Subscription, Topic};
use tallygate_sums::SumsError;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::aggregator::Parts;
use crate::flush::{FlushError, Flushed, Flusher, Stage};
use crate::limits;
use crate::local_state::Lost;
use crate::metrics::PartitionLabel;
use crate::partition::{Halt, Partition};
use crate::planner::TakeoverPlanner;
use crate::probe::{News, probe};

/// Why a membership ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Store(#[from] SumsError),
    #[error(transparent)]
    State(#[from] Lost),
    #[error("partition {0}: the log did not deliver the record at offset {1}, which it holds by its own account")]
    Missing(u32, u64),
    #[error("{0}")]
    Again(&'static str),
    #[error("a task ended: {0}")]
    Task(#[from] JoinError),
}

/// A member of those who share the partitions.
pub(crate) struct Membership<'a> {
    parts: &'a Parts,
    planner: Arc<TakeoverPlanner>,
    subscription: Box<dyn Subscription>,
    flusher: Arc<Flusher>,
    owned: BTreeMap<u32, Partition>,
    /// The next offset of each partition to be given, when last looked at.
    highs: BTreeMap<u32, u64>,
    flush: JoinSet<Result<Flushed, FlushError>>,
    /// The partitions of the flush that is out, and how many records it holds.
    flushing: (Vec<u32>, u64),
    next_flush: Instant,
    /// When the store was last asked and answered, as far as we have heard; what it lost before that is written again.
    store_answered: Option<Instant>,
    /// We were refused as a former owner, and wait until then to hear what is ours.
    fenced_until: Option<Instant>,
    side: JoinSet<()>,
    news: mpsc::Receiver<News>,
}

impl Failure {
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Stream(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
            Self::State(_) | Self::Again(_) => true,
            Self::Missing(..) | Self::Task(_) => false,
        }
    }
}

impl From<FlushError> for Failure {
    fn from(error: FlushError) -> Self {
        match error {
            FlushError::Store(error) => Self::Store(error),
            FlushError::Stream(error) => Self::Stream(error),
            FlushError::CalledBack => Self::Again("a flush was called back"),
        }
    }
}

impl<'a> Membership<'a> {
    pub(crate) async fn begin(parts: &'a Parts) -> Result<Self, Failure> {
        let bounds = parts.stream.bounds(Topic::Transactions).await?;
        let planner = Arc::new(TakeoverPlanner::new(Arc::clone(&parts.state), parts.horizon, &bounds));
        let subscription = parts.stream.subscribe(Arc::clone(&planner) as _).await?;
        let flusher = Arc::new(Flusher {
            sums: Arc::clone(&parts.sums),
            committer: subscription.committer(),
            state: Arc::clone(&parts.state),
            metrics: parts.metrics.clone(),
            stage: Stage::default(),
        });
        let (tell, news) = mpsc::channel(4);
        let mut side = JoinSet::new();
        side.spawn(probe(Arc::clone(&parts.sums), Arc::clone(&parts.stream), parts.metrics.clone(), tell));
        Ok(Self {
            parts,
            planner,
            subscription,
            flusher,
            owned: BTreeMap::new(),
            highs: highs(bounds),
            flush: JoinSet::new(),
            flushing: (Vec::new(), 0),
            next_flush: Instant::now(),
            store_answered: None,
            fenced_until: None,
            side,
            news,
        })
    }

    /// Goes on until it fails or is asked to stop; then it flushes what it has.
    pub(crate) async fn run(mut self, shutdown: &CancellationToken) -> Result<(), Failure> {
        loop {
            let (is_full, may_flush) = (self.is_full(), self.flush.is_empty() && self.is_dirty());
            let fenced_until = self.fenced_until;
            tokio::select! {
                () = shutdown.cancelled() => return self.stop().await,
                event = self.subscription.next(), if !is_full => self.on_event(event?).await?,
                Some(done) = self.flush.join_next() => self.on_flushed(done?)?,
                () = sleep_until(self.next_flush), if may_flush => self.begin_flush(),
                Some(news) = self.news.recv() => self.on_news(news),
                Some(ended) = self.side.join_next() => {
                    ended?;
                    return Err(Failure::Again("the probing of store and log ended"));
                }
                () = sleep_until(fenced_until.unwrap_or(self.next_flush)), if fenced_until.is_some() => {
                    return Err(Failure::Again("nobody says which partitions are ours"));
                }
            }
        }
    }

    async fn stop(&mut self) -> Result<(), Failure> {
        while let Some(done) = self.flush.join_next().await {
            self.on_flushed(done?)?;
        }
        if self.is_dirty() {
            self.begin_flush();
        }
        while let Some(done) = self.flush.join_next().await {
            self.on_flushed(done?)?;
        }
        Ok(())
    }

    async fn on_event(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Records(records) => self.take(&records).await,
            Event::Assigned(partitions) => self.take_over(partitions).await,
            Event::Revoked(partitions) => {
                tracing::info!(?partitions, "partitions were given to others");
                for partition in &partitions {
                    self.drop_partition(*partition);
                }
                self.end_flush_of(&partitions).await
            }
        }
    }

    /// A flush with any of these partitions must not be out any more when the next event is taken.
    async fn end_flush_of(&mut self, partitions: &[u32]) -> Result<(), Failure> {
        let (numbers, _) = &self.flushing;
        if !numbers.iter().any(|number| partitions.contains(number)) {
            return Ok(());
        }
        if !self.flusher.stage.call_back() {
            return match self.flush.join_next().await {
                Some(done) => self.on_flushed(done?),
                None => Ok(()),
            };
        }
        self.flush.shutdown().await;
        let (numbers, _) = std::mem::take(&mut self.flushing);
        if numbers.iter().any(|number| self.owned.contains_key(number)) {
            return Err(Failure::Again("some of the partitions of a flush were given to others"));
        }
        Ok(())
    }

    async fn take(&mut self, records: &[Record]) -> Result<(), Failure> {
        for record in records {
            let number = record.partition;
            while let Some(partition) = self.owned.get_mut(&number) {
                match partition.take(record, &self.parts.metrics) {
                    Ok(()) => break,
                    Err(Halt::Open(day)) => self.open(number, day).await?,
                    Err(Halt::Stop(reason)) => self.stop_partition(number, reason),
                    Err(Halt::Missing(offset)) => return Err(Failure::Missing(number, offset)),
                }
            }
        }
        self.save_learnt().await;
        self.show();
        Ok(())
    }

    /// A long learning goes to the local state piece by piece. One whose flush is out waits, as pieces have an order.
    async fn save_learnt(&mut self) {
        let (flushing, _) = &self.flushing;
        let saves: Vec<_> = self
            .owned
            .iter_mut()
            .filter(|(number, partition)| partition.unpacked() >= limits::LEARN_RECORDS && !flushing.contains(number))
            .filter_map(|(_, partition)| partition.pack())
            .collect();
        if !saves.is_empty() {
            self.parts.state.save(saves).await;
        }
    }

    fn begin_flush(&mut self) {
        let answered = self.store_answered;
        let shares: Vec<_> = self.owned.values_mut().filter_map(|partition| partition.share(answered)).collect();
        self.next_flush = Instant::now() + self.parts.flush_every;
        if !shares.is_empty() {
            let numbers = shares.iter().map(|share| share.partition).collect();
            self.flushing = (numbers, shares.iter().map(|share| share.records).sum());
            self.flusher.stage.write();
            self.flush.spawn(Arc::clone(&self.flusher).flush(shares));
        }
    }

    fn on_flushed(&mut self, outcome: Result<Flushed, FlushError>) -> Result<(), Failure> {
        let (numbers, _) = std::mem::take(&mut self.flushing);
        match outcome {
            Ok(flushed) => {
                let now = Instant::now();
                for (number, position, stretch) in flushed.partitions {
                    if let Some(partition) = self.owned.get_mut(&number) {
                        partition.flushed(position, stretch, now);
                    }
                }
                if flushed.store_was_away {
                    self.rewrite_tail();
                }
                // Nothing is on its way to the store now.
                self.owned.values_mut().for_each(Partition::close_old_days);
                self.show();
                Ok(())
            }
            Err(FlushError::Stream(StreamError::Fenced(reason))) => self.on_fenced(&numbers, &reason),
            Err(error) => Err(error.into()),
        }
    }

    /// Nothing of the flush is visible. What was folded is lost for us; whoever owns the partitions folds it again.
    fn on_fenced(&mut self, numbers: &[u32], reason: &str) -> Result<(), Failure> {
        let ours = numbers.iter().filter(|number| self.owned.contains_key(number)).count();
        tracing::info!(?numbers, ours, reason, "a flush came after the partitions had gone to others");
        if ours == 0 {
            return Ok(());
        }
        if ours < numbers.len() {
            return Err(Failure::Again("some of the partitions of a flush had gone to others"));
        }
        let all: Vec<u32> = self.owned.keys().copied().collect();
        for number in all {
            self.drop_partition(number);
        }
        self.fenced_until = Some(Instant::now() + limits::FENCED_WAIT);
        Ok(())
    }

    fn on_news(&mut self, news: News) {
        match news {
            News::StoreIsBack => self.rewrite_tail(),
            News::StoreAnswered(asked) => self.store_answered = Some(asked),
            News::Ends(bounds) => {
                self.highs = highs(bounds);
                for (number, partition) in &self.owned {
                    let lag = self.high(*number).saturating_sub(partition.next());
                    let label = PartitionLabel { partition: *number };
                    self.parts.metrics.lag.get_or_create(&label).set(i64::try_from(lag).unwrap_or(i64::MAX));
                }
            }
        }
    }

    fn rewrite_tail(&mut self) {
        self.owned.values_mut().for_each(Partition::rewrite_tail);
        let rows: usize = self.owned.values().map(|partition| partition.fold().dirty()).sum();
        tracing::info!(rows, "the store of sums was away: rows of the last minutes are written again");
    }

    /// Others go on; what was stopped waits for somebody to look at it.
    fn stop_partition(&mut self, number: u32, reason: String) {
        tracing::error!(partition = number, reason, "a partition stopped");
        self.drop_partition(number);
        self.parts.stopped.send_modify(|stopped| drop(stopped.insert(number, reason)));
        self.show();
    }

    fn drop_partition(&mut self, number: u32) {
        self.owned.remove(&number);
        self.parts.metrics.lag.remove(&PartitionLabel { partition: number });
        self.parts.stopped.send_if_modified(|stopped| stopped.remove(&number).is_some());
        self.show();
    }

    fn is_dirty(&self) -> bool {
        self.owned.values().any(Partition::is_dirty)
    }

    fn is_full(&self) -> bool {
        let (mut rows, mut pending, mut bytes) = (0, self.flushing.1, 0);
        for partition in self.owned.values() {
            rows += partition.fold().dirty();
            pending += partition.pending();
            bytes += partition.dead_letter_bytes();
        }
        rows >= limits::DIRTY_ROWS || pending >= limits::PENDING_RECORDS || bytes >= limits::DEAD_LETTER_BYTES
    }

    fn high(&self, number: u32) -> u64 {
        self.highs.get(&number).copied().unwrap_or(0)
    }

    fn show(&self) {
        let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let sum = |of: fn(&Partition) -> usize| gauge(self.owned.values().map(of).sum());
        let metrics = &self.parts.metrics;
        metrics.partitions.set(gauge(self.owned.len()));
        metrics.stopped.set(gauge(self.parts.stopped.borrow().len()));
        metrics.known.set(sum(|partition| partition.fold().known()));
        metrics.dirty.set(sum(|partition| partition.fold().dirty()));
        let pending = |partition: &Partition| usize::try_from(partition.pending()).unwrap_or(usize::MAX);
        metrics.pending.set(sum(pending) + i64::try_from(self.flushing.1).unwrap_or(i64::MAX));
    }
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        let all: Vec<u32> = self.owned.keys().copied().collect();
        for number in all {
            self.drop_partition(number);
        }
    }
}

fn highs(bounds: Vec<Bounds>) -> BTreeMap<u32, u64> {
    bounds.into_iter().map(|bounds| (bounds.partition, bounds.high)).collect()
}
