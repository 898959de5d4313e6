//! One subscription's life: partitions come and go, records are folded, flushes go out one at a time.

mod failure;
mod flush_in_flight;
mod log_ends;
mod open_days;
mod owned;
mod take_over;

use std::future::pending;
use std::sync::Arc;

use tallygate_stream::{Committed, Event, Record, StreamError, Subscription, Topic};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::flush_in_flight::FlushInFlight;
use self::log_ends::LogEnds;
use self::open_days::open;
use self::owned::Owned;
use self::take_over::take_over;
use crate::flush::{FlushError, Flushed, Flusher};
use crate::metrics::PartitionLabel;
use crate::partition::Halt;
use crate::parts::Parts;
use crate::planner::TakeoverPlanner;
use crate::probe::{News, probe};
use crate::timeouts::FENCED_WAIT;

pub(crate) use self::failure::Failure;

/// A member of those who share the partitions.
pub(crate) struct Membership<'a> {
    parts: &'a Parts,
    planner: Arc<TakeoverPlanner>,
    subscription: Box<dyn Subscription>,
    owned: Owned<'a>,
    ends: LogEnds,
    flusher: Arc<Flusher>,
    flush: Option<FlushInFlight>,
    next_flush: Instant,
    /// When the store was last asked and answered, as far as we have heard; what it lost before that is written again.
    store_answered: Option<Instant>,
    /// We were refused as a former owner, and wait until then to hear what is ours.
    fenced_until: Option<Instant>,
    probing: JoinSet<()>,
    news: mpsc::Receiver<News>,
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
        });
        let (tell, news) = mpsc::channel(4);
        let mut probing = JoinSet::new();
        probing.spawn(probe(Arc::clone(&parts.sums), Arc::clone(&parts.stream), parts.metrics.clone(), tell));
        Ok(Self {
            parts,
            planner,
            subscription,
            owned: Owned::new(parts),
            ends: LogEnds::new(bounds),
            flusher,
            flush: None,
            next_flush: Instant::now(),
            store_answered: None,
            fenced_until: None,
            probing,
            news,
        })
    }

    /// Goes on until it fails or is asked to stop; then it flushes what it has.
    pub(crate) async fn run(mut self, shutdown: &CancellationToken) -> Result<(), Failure> {
        loop {
            let is_full = self.owned.is_full(self.records_in_flight());
            let may_flush = self.flush.is_none() && self.owned.is_dirty();
            tokio::select! {
                () = shutdown.cancelled() => return self.stop().await,
                event = self.subscription.next(), if !is_full => self.on_event(event?).await?,
                ended = end_of(&mut self.flush) => self.on_flushed(ended?)?,
                () = sleep_until(self.next_flush), if may_flush => self.begin_flush(),
                Some(news) = self.news.recv() => self.on_news(news),
                Some(ended) = self.probing.join_next() => {
                    ended?;
                    return Err(Failure::Again("the probing of store and log ended"));
                }
                () = reached(self.fenced_until) => {
                    return Err(Failure::Again("nobody says which partitions are ours"));
                }
            }
        }
    }

    async fn on_event(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Records(records) => self.fold(&records).await,
            Event::Assigned(partitions) => self.take_over(partitions).await,
            Event::Revoked(partitions) => self.give_away(&partitions).await,
        }
    }

    async fn fold(&mut self, records: &[Record]) -> Result<(), Failure> {
        for record in records {
            let number = record.partition;
            while let Some(partition) = self.owned.get_mut(number) {
                match partition.take(record, &self.parts.metrics) {
                    Ok(()) => break,
                    Err(Halt::Open(day)) => {
                        open(self.parts, &mut self.owned, &mut self.ends, number, day).await?;
                    }
                    Err(Halt::Stop(reason)) => self.owned.stop(number, reason),
                    Err(Halt::Missing(offset)) => return Err(Failure::Missing(number, offset)),
                }
            }
        }
        let in_flight = self.flush.as_ref().map_or(&[][..], FlushInFlight::partitions);
        let saves = self.owned.pack_learnt(in_flight);
        if !saves.is_empty() {
            self.parts.state.save(saves).await;
        }
        self.show();
        Ok(())
    }

    async fn take_over(&mut self, partitions: Vec<(u32, Option<Committed>)>) -> Result<(), Failure> {
        self.fenced_until = None;
        let numbers: Vec<u32> = partitions.iter().map(|(number, _)| *number).collect();
        self.end_flush_of(&numbers).await?;
        take_over(self.parts, &self.planner, &mut self.owned, &mut self.ends, partitions).await?;
        self.show();
        Ok(())
    }

    async fn give_away(&mut self, partitions: &[u32]) -> Result<(), Failure> {
        tracing::info!(?partitions, "partitions were given to others");
        for partition in partitions {
            self.owned.remove(*partition);
        }
        self.show();
        self.end_flush_of(partitions).await
    }

    fn begin_flush(&mut self) {
        self.next_flush = Instant::now() + self.parts.flush_every;
        let parts = self.owned.take_flush(self.store_answered);
        self.flush = (!parts.is_empty()).then(|| FlushInFlight::begin(&self.flusher, parts));
    }

    /// A flush with any of these partitions must not be out any more when the next event is taken.
    async fn end_flush_of(&mut self, partitions: &[u32]) -> Result<(), Failure> {
        let Some(flush) = self.flush.as_mut().filter(|flush| flush.has_any(partitions)) else { return Ok(()) };
        if !flush.call_back().await {
            let ended = flush.end().await?;
            return self.on_flushed(ended);
        }
        let others_are_ours = flush.partitions().iter().any(|number| self.owned.contains(*number));
        self.flush = None;
        if others_are_ours {
            return Err(Failure::Again("some of the partitions of a flush were given to others"));
        }
        Ok(())
    }

    fn on_flushed(&mut self, outcome: Result<Flushed, FlushError>) -> Result<(), Failure> {
        let Some(flush) = self.flush.take() else { return Ok(()) };
        match outcome {
            Ok(Flushed { partitions, store_was_away }) => {
                self.owned.flushed(partitions);
                if store_was_away {
                    self.owned.rewrite_tail();
                }
                self.owned.close_old_days();
                self.show();
                Ok(())
            }
            Err(FlushError::Stream(StreamError::Fenced(reason))) => self.on_fenced(flush.partitions(), &reason),
            Err(error) => Err(error.into()),
        }
    }

    /// Nothing of the flush is visible. What was folded is lost for us; whoever owns the partitions folds it again.
    fn on_fenced(&mut self, numbers: &[u32], reason: &str) -> Result<(), Failure> {
        let ours = numbers.iter().filter(|number| self.owned.contains(**number)).count();
        tracing::info!(?numbers, ours, reason, "a flush came after the partitions had gone to others");
        if ours == 0 {
            return Ok(());
        }
        if ours < numbers.len() {
            return Err(Failure::Again("some of the partitions of a flush had gone to others"));
        }
        self.owned.remove_all();
        self.show();
        self.fenced_until = Some(Instant::now() + FENCED_WAIT);
        Ok(())
    }

    fn on_news(&mut self, news: News) {
        match news {
            News::StoreIsBack => self.owned.rewrite_tail(),
            News::StoreAnswered(asked) => self.store_answered = Some(asked),
            News::Ends(bounds) => {
                self.ends = LogEnds::new(bounds);
                for (partition, state) in self.owned.iter() {
                    let lag = self.ends.of(partition).saturating_sub(state.next());
                    let lag_of = self.parts.metrics.lag.get_or_create(&PartitionLabel { partition });
                    lag_of.set(i64::try_from(lag).unwrap_or(i64::MAX));
                }
            }
        }
    }

    /// Flushes what was folded.
    async fn stop(&mut self) -> Result<(), Failure> {
        self.finish_flush().await?;
        if self.owned.is_dirty() {
            self.begin_flush();
        }
        self.finish_flush().await
    }

    async fn finish_flush(&mut self) -> Result<(), Failure> {
        match &mut self.flush {
            Some(flush) => {
                let ended = flush.end().await?;
                self.on_flushed(ended)
            }
            None => Ok(()),
        }
    }

    fn records_in_flight(&self) -> u64 {
        self.flush.as_ref().map_or(0, FlushInFlight::records)
    }

    fn show(&self) {
        self.owned.show(self.records_in_flight());
    }
}

/// The end of the flush that is out; never when there is none.
async fn end_of(flush: &mut Option<FlushInFlight>) -> Result<Result<Flushed, FlushError>, JoinError> {
    match flush {
        Some(flush) => flush.end().await,
        None => pending().await,
    }
}

/// When that time is reached; never when there is none.
async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
