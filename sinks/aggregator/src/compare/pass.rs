//! One reading of a partition's topic of sums, compared with the store as it goes.

use std::collections::{BTreeMap, HashMap};

use tallygate_core::{Aggregate, Day, Row, RowKey, SumsRecord};
use tallygate_stream::{Start, Topic};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::place::{Difference, compare};
use super::{Broken, Comparer};
use crate::ends::Ends;
use crate::limits::{COMPARED_ROWS, NAMED_ROWS};
use crate::news::{Found, News};

/// The newest rows of one aggregate and day that were read and not compared yet.
type Window = BTreeMap<(Day, Aggregate), HashMap<RowKey, Row>>;

/// One reading.
pub(super) struct Pass<'a> {
    comparer: &'a Comparer,
    partition: u32,
    news: &'a mpsc::Sender<News>,
    window: Window,
    held: usize,
    /// Where the topic's last position stands.
    next: u64,
    /// Rows of which the store has taken a later record than the topic showed so far.
    ahead: HashMap<RowKey, (Row, u64)>,
    found: Found,
}

impl<'a> Pass<'a> {
    pub(super) fn new(comparer: &'a Comparer, partition: u32, news: &'a mpsc::Sender<News>) -> Self {
        Self {
            comparer,
            partition,
            news,
            window: Window::new(),
            held: 0,
            next: 0,
            ahead: HashMap::new(),
            found: Found::default(),
        }
    }

    pub(super) async fn run(mut self) -> Result<Found, Broken> {
        let starts = vec![(self.partition, Start::Beginning)];
        let mut follower = self.comparer.stream.follow(Topic::DailySums, starts).await?;
        loop {
            let batch = follower.next().await?;
            for record in &batch.records {
                match SumsRecord::read(record.key(), record.value()) {
                    Ok(SumsRecord::Row(row)) => self.hold(row),
                    Ok(SumsRecord::Position(position)) => self.next = position.next,
                    Ok(SumsRecord::Removed(Some(at))) => self.removed(&at),
                    // What is none of ours: a takeover tells of it.
                    Ok(SumsRecord::Removed(None)) | Err(_) => {}
                }
            }
            if self.held >= COMPARED_ROWS || batch.caught_up {
                self.compare_window().await?;
            }
            if batch.caught_up {
                break;
            }
        }
        // What the store has of a record that the position has passed, the topic must have too; and none can be of a record
        // that the log does not have yet.
        let high = Ends::of(&*self.comparer.stream, Topic::Transactions).await?.high(self.partition);
        let lost = self.ahead.values().find(|(row, _)| row.offset < self.next || row.offset >= high);
        self.found.stand = lost.map(|(row, shown)| {
            let at = row.at.topic_key();
            format!(
                "the store of sums has a row {at} that took the record at offset {}, and the topic of sums, which is at offset \
                 {}, shows it with offset {shown}: the log, the topic or the store was put back from an earlier copy; run \
                 `tallygate recover`",
                row.offset, self.next
            )
        });
        Ok(self.found)
    }

    fn removed(&mut self, at: &RowKey) {
        if let Some(place) = self.window.get_mut(&(at.day, at.aggregate)) {
            self.held -= usize::from(place.remove(at).is_some());
        }
    }

    fn hold(&mut self, row: Row) {
        if self.ahead.get(&row.at).is_some_and(|(stored, _)| stored.offset <= row.offset) {
            self.ahead.remove(&row.at);
        }
        let place = self.window.entry((row.at.day, row.at.aggregate)).or_default();
        self.held += usize::from(place.insert(row.at.clone(), row).is_none());
    }

    async fn compare_window(&mut self) -> Result<(), Broken> {
        let begun = Instant::now();
        self.held = 0;
        for ((day, aggregate), shown) in std::mem::take(&mut self.window) {
            self.compare_place(aggregate, day, &shown).await?;
        }
        // Half of the time at most.
        sleep(begun.elapsed()).await;
        Ok(())
    }

    async fn compare_place(
        &mut self,
        aggregate: Aggregate,
        day: Day,
        shown: &HashMap<RowKey, Row>,
    ) -> Result<(), Broken> {
        self.comparer.metrics.compared.inc_by(shown.len() as u64);
        let Difference { lacks, ahead, .. } = self.differences(aggregate, day, shown).await?;
        if self.ahead.len() < COMPARED_ROWS {
            self.ahead.extend(ahead);
        }
        if lacks.is_empty() {
            return Ok(());
        }
        if self.found.repaired == 0 {
            let _ = self.news.send(News::Repairing(self.partition)).await;
        }
        self.comparer.sums.upsert(&lacks).await?;
        // What does not come back was not away: somebody hides it.
        let again: HashMap<RowKey, Row> = lacks.iter().map(|row| (row.at.clone(), row.clone())).collect();
        let still = self.differences(aggregate, day, &again).await?.lacks;
        let repaired = (lacks.len() - still.len()) as u64;
        self.found.repaired += repaired;
        self.comparer.metrics.repaired.inc_by(repaired);
        tracing::warn!(
            partition = self.partition,
            %day,
            %aggregate,
            rows = repaired,
            hidden = still.len(),
            "rows that the store of sums lacked were written again"
        );
        let room = NAMED_ROWS.saturating_sub(self.found.wrong.len());
        self.found.wrong.extend(still.iter().take(room).map(|row| row.at.topic_key()));
        self.found.hidden += still.len() as u64;
        Ok(())
    }

    async fn differences(
        &self,
        aggregate: Aggregate,
        day: Day,
        shown: &HashMap<RowKey, Row>,
    ) -> Result<Difference, Broken> {
        let log_partition = self.comparer.generation.log_partition(self.partition);
        let stored = self.comparer.sums.read(aggregate, day, log_partition, None).await?;
        Ok(compare(shown, stored))
    }
}
