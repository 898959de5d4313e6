//! One subscription's life: partitions come and go, records are folded, flushes go out one at a time.

mod flushes;
mod folding;
mod owned;
mod readers;
mod refused;
mod take_over;

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Arc;

use tallygate_stream::{Event, Flush, StreamError, Subscription, Topic};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::flushes::{Ended, Flushes};
use self::owned::{Owned, Whose};
use self::readers::Readers;
use self::take_over::{Found, TakeOvers};
use crate::base::Base;
use crate::compare::{Comparer, Wanted};
use crate::ends::Ends;
use crate::failure::Failure;
use crate::flush::{Flusher, records};
use crate::news::News;
use crate::parts::Parts;
use crate::probe::probe;
use crate::teller::tell;
use crate::timeouts::{SETTLE, SETTLE_PAUSE, STAND_EVERY};

/// A member of those who share the partitions.
pub(crate) struct Membership<'a> {
    parts: &'a Parts,
    subscription: Box<dyn Subscription>,
    /// What was given to us, with what is committed for it.
    given: BTreeMap<u32, Option<u64>>,
    /// What has to be taken over again, as a commit with it was refused for another partition.
    again: BTreeSet<u32>,
    again_at: Instant,
    taking: TakeOvers<'a>,
    /// Partitions of which a topic refused a record, and when each is tried again: it is flushed alone until that goes well.
    suspects: BTreeMap<u32, Instant>,
    owned: Owned<'a>,
    readers: Readers,
    ends: Ends,
    flusher: Arc<Flusher>,
    flushes: Flushes,
    no_flush_before: Instant,
    /// When partitions that stand are tried again; until then it is often.
    next_try: Instant,
    settles_until: Instant,
    /// We are refused as a former owner, and until then hear what is ours.
    fenced_until: Option<Instant>,
    compare: watch::Sender<Wanted>,
    /// Who works beside the folding.
    beside: JoinSet<()>,
    news: mpsc::Receiver<News>,
}

impl<'a> Membership<'a> {
    pub(crate) async fn begin(parts: &'a Parts) -> Result<Self, Failure> {
        let ends = Ends::of(&*parts.stream, Topic::Transactions).await?;
        let subscription = parts.stream.subscribe().await?;
        let flusher = Arc::new(Flusher {
            sums: Arc::clone(&parts.sums),
            committer: subscription.committer(),
            state: Arc::clone(&parts.state),
            metrics: parts.metrics.clone(),
        });
        let (report, news) = mpsc::channel(16);
        let (compare, wanted) = watch::channel(Wanted::default());
        let comparer = Comparer {
            stream: Arc::clone(&parts.stream),
            sums: Arc::clone(&parts.sums),
            generation: parts.generation.clone(),
            metrics: parts.metrics.clone(),
            every: parts.compare_every,
        };
        let (sums, stream) = (Arc::clone(&parts.sums), Arc::clone(&parts.stream));
        let mut beside = JoinSet::new();
        beside.spawn(comparer.run(wanted, report.clone()));
        beside.spawn(probe(sums, stream, parts.generation.log, parts.metrics.clone(), report));
        beside.spawn(tell(Arc::clone(&parts.sums), parts.wall.clone(), parts.statuses.subscribe()));
        Ok(Self {
            parts,
            subscription,
            given: BTreeMap::new(),
            again: BTreeSet::new(),
            again_at: Instant::now(),
            taking: TakeOvers::default(),
            suspects: BTreeMap::new(),
            owned: Owned::new(parts),
            readers: Readers::default(),
            ends,
            flushes: Flushes::new(Arc::clone(&flusher), parts.flush_rows),
            flusher,
            no_flush_before: Instant::now(),
            next_try: Instant::now() + STAND_EVERY,
            settles_until: Instant::now(),
            fenced_until: None,
            compare,
            beside,
            news,
        })
    }

    /// Goes on until it fails or is asked to stop; then it flushes what it has.
    pub(crate) async fn run(mut self, shutdown: &CancellationToken) -> Result<(), Failure> {
        loop {
            let is_full = self.owned.is_full(self.flushes.records());
            let next_flush = self.next_flush();
            tokio::select! {
                () = shutdown.cancelled() => return self.stop().await,
                () = sleep_until(self.again_at), if !self.again.is_empty() => self.take_over_again().await?,
                event = self.subscription.next() => self.on_event(event?).await?,
                found = self.taking.next() => self.on_found(found?).await?,
                records = self.readers.next(), if !is_full => self.fold(records?).await?,
                ended = self.flushes.next() => self.on_committed(ended?)?,
                () = reached(next_flush) => self.begin_flush(Whose::Due { in_flight: self.flushes.records() }),
                Some(news) = self.news.recv() => self.on_news(news)?,
                () = sleep_until(self.next_try) => self.try_standing().await?,
                Some(ended) = self.beside.join_next() => {
                    ended?;
                    return Err(Failure::Again("what works beside the folding ended"));
                }
                () = reached(self.fenced_until) => {
                    return Err(Failure::Again("nobody says which partitions are ours"));
                }
            }
        }
    }

    async fn on_event(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Assigned(partitions) => {
                let numbers: Vec<u32> = partitions.iter().map(|(number, _)| *number).collect();
                // What they were ours for before is over, also where nobody said so.
                self.end_flushes_of(&numbers).await?;
                self.given.extend(partitions);
                // A former owner's transaction may show, or vanish, a little later.
                (self.settles_until, self.next_try) = (Instant::now() + SETTLE, Instant::now() + SETTLE_PAUSE);
                self.fenced_until = None;
                self.take_over(&numbers).await
            }
            Event::Revoked(partitions) => self.give_away(&partitions).await,
        }
    }

    /// Begins to take over what of these was given to us, beside the folding of the others.
    async fn take_over(&mut self, numbers: &[u32]) -> Result<(), Failure> {
        self.end_flushes_of(numbers).await?;
        self.readers.end(numbers.iter().copied());
        let others = self.taking.cancel(numbers);
        let numbers: BTreeSet<u32> = numbers.iter().copied().chain(others).collect();
        let given = |number: &u32| Some((*number, *self.given.get(number)?));
        let given: Vec<(u32, Option<u64>)> = numbers.iter().filter_map(given).collect();
        given.iter().for_each(|(number, _)| self.owned.begin(*number));
        if !given.is_empty() {
            self.taking.begin(self.parts, given);
        }
        self.show();
        Ok(())
    }

    /// Makes them ours. Nothing of theirs goes to the store before their positions were committed as they were found: one who
    /// reads and is no owner any more may have read what belongs to two owners, and finds out here.
    async fn on_found(&mut self, found: Found) -> Result<(), Failure> {
        let Found { begun, partitions, ends, bases, standing } = found;
        self.ends = ends;
        standing.into_iter().for_each(|(number, reason)| self.owned.stop(number, reason));
        let mut flush = Flush::default();
        for (number, base) in &bases {
            flush.sums.push(records::position(*number, base.position()));
            flush.offsets.push((*number, base.position().next));
        }
        if !bases.is_empty() {
            match self.flusher.committer.commit(flush).await {
                Ok(()) => self.read_on(bases).await?,
                Err(StreamError::Fenced(reason)) => self.on_fenced(&partitions, &reason),
                Err(StreamError::RefusedOf { partition, why }) if partitions.contains(&partition) => {
                    self.on_refused(partition, &why, &partitions);
                }
                Err(error) => return Err(error.into()),
            }
            self.parts.metrics.takeover.observe(begun.elapsed().as_secs_f64());
        }
        self.want_comparison(true);
        self.show();
        Ok(())
    }

    async fn read_on(&mut self, bases: Vec<(u32, Base)>) -> Result<(), Failure> {
        self.fenced_until = None;
        let mut from = Vec::new();
        for (number, base) in bases {
            base.tell(number, &self.parts.metrics);
            let (reads_from, partition) = base.partition(number, self.parts);
            from.push((number, reads_from));
            #[cfg(feature = "faults")]
            let partition = partition.with_faults(self.parts.faults);
            self.owned.insert(number, partition);
        }
        self.read_from(from).await
    }

    /// Those that cannot be read from there stand.
    async fn read_from(&mut self, from: Vec<(u32, u64)>) -> Result<(), Failure> {
        for (number, reason) in self.readers.begin(&*self.parts.stream, from).await? {
            self.owned.stop(number, reason);
        }
        Ok(())
    }

    async fn give_away(&mut self, partitions: &[u32]) -> Result<(), Failure> {
        tracing::info!(?partitions, "partitions go to others");
        let others = self.taking.cancel(partitions);
        self.readers.end(partitions.iter().copied());
        self.fenced_until = None;
        for partition in partitions {
            self.given.remove(partition);
            self.again.remove(partition);
            self.owned.remove(*partition);
        }
        self.want_comparison(false);
        self.show();
        self.end_flushes_of(partitions).await?;
        self.take_over(&others).await
    }

    /// What a partition stands for may have been set right.
    async fn try_standing(&mut self) -> Result<(), Failure> {
        self.parts.kept.forget_old();
        let is_suspect = |number: &u32| self.suspects.get(number).is_some_and(|again| *again > Instant::now());
        let is_due = |number: &u32| !is_suspect(number) && !self.taking.has(*number);
        let standing: Vec<u32> = self.owned.standing().into_iter().filter(is_due).collect();
        let outcome = if standing.is_empty() { Ok(()) } else { self.take_over(&standing).await };
        let every = if Instant::now() < self.settles_until { SETTLE_PAUSE } else { STAND_EVERY };
        self.next_try = Instant::now() + every;
        outcome
    }

    /// When the next flush begins; none while there is no room for it, and where there is nothing to flush.
    fn next_flush(&self) -> Option<Instant> {
        let due = self.flushes.has_room().then(|| self.owned.due(&self.ends, self.flushes.records())).flatten();
        due.map(|due| due.max(self.no_flush_before))
    }

    fn begin_flush(&mut self, whose: Whose) {
        self.no_flush_before = Instant::now() + self.parts.flush_every;
        let parts = self.owned.take_flush(whose, &self.ends, &self.suspects);
        let standing = self.owned.standing();
        self.readers.end(standing.into_iter());
        if !parts.is_empty() {
            let is_alone = parts.iter().any(|part| self.suspects.contains_key(&part.partition));
            self.flushes.begin(parts, is_alone);
        }
    }

    /// A flush with any of these partitions must not be out any more when the next event is taken.
    async fn end_flushes_of(&mut self, partitions: &[u32]) -> Result<(), Failure> {
        self.drop_written(partitions);
        match self.flushes.end_of_any(partitions).await? {
            Some(ended) => self.on_committed(ended),
            None => Ok(()),
        }
    }

    /// What was taken of these, and no commit was begun with, is not committed any more.
    fn drop_written(&mut self, partitions: &[u32]) {
        self.parts.kept.add_unsaved(self.flushes.drop_written(partitions));
    }

    fn on_committed(&mut self, ended: Ended) -> Result<(), Failure> {
        let Ended { positions, store_was_away, unsaved, outcome } = ended;
        self.parts.kept.add_unsaved(unsaved);
        let numbers: BTreeSet<u32> = positions.iter().map(|(number, _)| *number).collect();
        match outcome {
            Ok(()) => {
                for (number, next) in positions {
                    if let Some(committed) = self.given.get_mut(&number) {
                        *committed = Some(next);
                    }
                }
                self.fenced_until = None;
                self.suspects.retain(|number, _| !numbers.contains(number));
                if store_was_away {
                    self.want_comparison(true);
                }
                self.owned.close_old_days();
            }
            Err(StreamError::Fenced(reason)) => self.on_fenced(&numbers, &reason),
            Err(StreamError::RefusedOf { partition, why }) if numbers.contains(&partition) => {
                self.on_refused(partition, &why, &numbers);
            }
            Err(error) => return Err(error.into()),
        }
        self.show();
        Ok(())
    }

    fn on_news(&mut self, news: News) -> Result<(), Failure> {
        match news {
            News::StoreMayLack => self.want_comparison(true),
            News::Foreign(foreign) => return Err(foreign.into()),
            News::Ends(bounds) => {
                self.ends = Ends::new(bounds);
                self.owned.show_lag(&self.ends);
            }
            News::Repairing(number) => self.owned.repairing(number),
            News::Compared(number, found) => {
                self.owned.compared(number, found);
                if !self.owned.contains(number) {
                    self.readers.end([number].into_iter());
                }
            }
        }
        Ok(())
    }

    /// Says what is to be compared with the store; at once, where it may lack something.
    fn want_comparison(&self, at_once: bool) {
        let partitions = self.owned.numbers();
        self.compare.send_if_modified(|wanted| {
            let changed = at_once || wanted.partitions != partitions;
            wanted.round += u64::from(at_once);
            wanted.partitions = partitions;
            changed
        });
    }

    /// Flushes what was folded.
    async fn stop(mut self) -> Result<(), Failure> {
        let flushed = self.flush_all().await;
        self.subscription.leave().await;
        flushed
    }

    async fn flush_all(&mut self) -> Result<(), Failure> {
        loop {
            if self.owned.is_dirty() && self.flushes.has_room() {
                self.begin_flush(Whose::All);
            }
            if self.flushes.is_empty() {
                return Ok(());
            }
            let ended = self.flushes.next().await?;
            self.on_committed(ended)?;
        }
    }

    fn show(&self) {
        self.owned.show(self.flushes.records());
    }
}

/// When that time is reached; never when there is none.
async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
