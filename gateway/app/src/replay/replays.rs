//! Carries replays out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use tallygate_console::replays::{RefusedLine, Replay, ReplayError, Replayed, Replayer};
use tallygate_core::envelope::{self, Head};
use tallygate_core::generation::Plan;
use tallygate_core::{Day, MessageNumber, PartitionBy, Run};
use tallygate_front::journal::{self, Journal, JournalMetrics};
use tallygate_front::{DayRange, FrontOptions, KeyScopes};
use tallygate_queue::Queue;
use tallygate_reading::clock::now_millis;
use tallygate_reading::dead_letters::{self, Mended, Position};

use super::letters::Letters;
use super::ready::{NotReady, Ready, Terms, refused_line};

/// Letters on their way into the queue at one time.
const AT_ONCE: usize = 64;

/// Replays dead letters, each as a message of its own, numbered by a run of this process's own.
pub(crate) struct Replays {
    queue: Arc<dyn Queue>,
    letters: Letters,
    options: FrontOptions,
    partitions: (PartitionBy, u32),
    run: Run,
    sequence: AtomicU64,
}

/// One replay, with the letters that may go back.
struct Under<'r> {
    replays: &'r Replays,
    journal: Journal,
    today: Day,
    /// The queue did not confirm; nothing more is sent.
    away: AtomicBool,
}

impl Replays {
    /// `options` are those of the partners' side: zone, horizon, journal and patience are the same; `plan` is the log's.
    pub(crate) fn new(queue: Arc<dyn Queue>, letters: Letters, options: FrontOptions, plan: &Plan) -> Self {
        let partitions = (plan.partition_by, plan.partitions);
        Self {
            queue,
            letters,
            options,
            partitions,
            run: Run(uuid::Uuid::now_v7().as_u128()),
            sequence: AtomicU64::new(0),
        }
    }

    async fn send(&self, ready: Vec<Ready>, today: Day) -> Result<Vec<RefusedLine>, ReplayError> {
        let (options, run) = (self.options.journal_options(), self.run);
        let open = move || Journal::open(&options, run, today, JournalMetrics::default());
        let journal = tokio::task::spawn_blocking(open).await.map_err(|error| ReplayError::Away(error.to_string()))?;
        let journal = journal.map_err(|error| ReplayError::Away(error.to_string()))?;
        let under = Under { replays: self, journal, today, away: AtomicBool::new(false) };
        let sent = stream::iter(ready).map(|ready| under.send(ready)).buffer_unordered(AT_ONCE);
        let outcomes: Vec<Result<(), RefusedLine>> = sent.collect().await;
        Ok(outcomes.into_iter().filter_map(Result::err).collect())
    }
}

#[async_trait]
impl Replayer for Replays {
    async fn replay(&self, request: Replay, by: &str) -> Result<Replayed, ReplayError> {
        let unix_millis = now_millis();
        let today = Day::of_unix_millis(unix_millis);
        // As the fold decides, to the day: what would only die again need not go back.
        let days = DayRange::of(today, self.options.horizon_days, self.options.future_days);
        let keys = KeyScopes::of(&self.options.partners);
        let terms = Terms { zone: &self.options.zone, keys: &keys, days, by, unix_millis, partitions: self.partitions };
        let mut replayed = Replayed { dry_run: request.dry_run, ..Replayed::default() };
        let mut asked: BTreeMap<Position, u64> = BTreeMap::new();
        let mut lines = Vec::new();
        for (line, text) in request.lines {
            match Mended::read(&text) {
                Err(refused) => replayed.refused.push(refused_line(line, None, refused)),
                Ok(mended) => match asked.get(&mended.at) {
                    Some(first) => {
                        let problem = format!("line {first} names the same letter; one of them would be right");
                        let refused = dead_letters::Refused { field: "at".to_owned(), problem };
                        replayed.refused.push(refused_line(line, Some(mended.at), refused));
                    }
                    None => {
                        asked.insert(mended.at, line);
                        lines.push((line, mended));
                    }
                },
            }
        }
        let away = |error: tallygate_stream::StreamError| ReplayError::Away(error.to_string());
        let stream = self.letters.stream().await.map_err(away)?;
        let positions: BTreeSet<Position> = asked.into_keys().collect();
        let originals = dead_letters::pick(&**stream, &positions).await.map_err(away)?;
        let mut ready = Vec::new();
        for (line, mended) in lines {
            match terms.check(line, &mended, originals.get(&mended.at)) {
                Ok(good) => ready.push(good),
                Err(NotReady::Outside(_)) if request.as_is => replayed.outside += 1,
                Err(NotReady::Outside(refused) | NotReady::Refused(refused)) => {
                    replayed.refused.push(refused_line(line, Some(mended.at), refused));
                }
            }
        }
        replayed.replayed = ready.len() as u64;
        if !request.dry_run && !ready.is_empty() {
            let refused = self.send(ready, today).await?;
            replayed.replayed -= refused.len() as u64;
            replayed.refused.extend(refused);
        }
        replayed.refused.sort_by_key(|refused| refused.line);
        Ok(replayed)
    }
}

impl Under<'_> {
    /// Queues a letter and journals it.
    async fn send(&self, ready: Ready) -> Result<(), RefusedLine> {
        let Replays { queue, options, run, sequence, .. } = self.replays;
        if self.away.load(Ordering::Relaxed) {
            return Err(ready.refused("queue", "did not confirm another letter, so this one was not sent".to_owned()));
        }
        let sums = journal::sums(&ready.transaction);
        let room =
            self.journal.claim(&ready.partner, &sums).map_err(|error| ready.refused("journal", error.to_string()))?;
        let number = MessageNumber { run: *run, sequence: sequence.fetch_add(1, Ordering::Relaxed) };
        let head = Head {
            number,
            partner: (&*ready.partner).into(),
            policy: (&*ready.policy).into(),
            version: (&*ready.version).into(),
            traceparent: ready.traceparent.as_deref().unwrap_or_default().into(),
        };
        let message = envelope::encode(&head, &ready.transaction)
            .map_err(|large| ready.refused("transaction", large.to_string()))?;
        let published = tokio::time::timeout(options.limits.queue_time, queue.publish(Bytes::from(message))).await;
        let published = published.unwrap_or_else(|_| Err(queue.late(options.limits.queue_time)));
        if let Err(failed) = published {
            self.away.store(true, Ordering::Relaxed);
            let problem = format!("{failed}: it is not known whether it was replayed; replay it again, it counts once");
            return Err(ready.refused("queue", problem));
        }
        let appended = self.journal.append(room, self.today, number, &ready.partner, &sums).await;
        appended.map_err(|error| {
            ready.refused(
                "journal",
                format!("{error}: it is in the queue without a line; replay it again, it counts once"),
            )
        })
    }
}
