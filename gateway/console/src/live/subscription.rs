//! One browser's subscription to a day: the state of its day when it opens, then what changed, at the browser's own pace.

use std::sync::Arc;

use tallygate_core::Day;
use tallygate_reading::clock;
use tallygate_reading::ledger::{KeySum, Total};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::cache::TooManyDays;
use super::keys::Keys;
use super::message::{Message, State};
use super::selection::Selection;
use super::shared::Shared;
use crate::limits::{HEARTBEAT, UPDATE_PAUSE};
use crate::metrics::Counted;

/// One browser's subscription.
pub(crate) struct Subscription {
    shared: Arc<Shared>,
    selection: Selection,
    day: Day,
    changed: watch::Receiver<()>,
    sent: Option<Sent>,
    _counted: Counted,
}

/// What the browser has, so that only differences are sent.
struct Sent {
    at: Instant,
    state: State,
    totals: Vec<Total>,
    top: Vec<KeySum>,
    found: Vec<KeySum>,
    /// The plot's revision.
    plot: u64,
}

impl Subscription {
    pub(super) fn open(shared: Arc<Shared>, selection: Selection) -> Result<Self, TooManyDays> {
        let (day, changed) = {
            let mut days = shared.days();
            let day = selection.day.unwrap_or(days.today());
            (day, days.watch(day, selection.key.as_deref())?)
        };
        shared.wanted.notify_one();
        let counted = Counted::one(&shared.metrics.browsers);
        Ok(Self { shared, selection, day, changed, sent: None, _counted: counted })
    }

    /// The next message: the whole state at first, then changes, at the latest after a heartbeat; none when a page
    /// that shows today has to turn to another day.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let Some(sent) = &self.sent else {
            self.load_key().await;
            return self.take(true);
        };
        let (earliest, latest) = (sent.at + UPDATE_PAUSE, sent.at + HEARTBEAT);
        loop {
            let heard = timeout_at(latest, self.changed.changed()).await;
            if heard.is_ok() {
                sleep_until(earliest).await;
            }
            let beat = !matches!(heard, Ok(Ok(())));
            let message = self.take(false)?;
            let says_something = message.state.is_some()
                || message.totals.is_some()
                || message.top.is_some()
                || message.found.is_some()
                || message.plot.is_some();
            if says_something || beat {
                return Some(message);
            }
        }
    }

    /// The key's rows straight from the store: the day's may still be loading. It is pinned, so it is being followed.
    async fn load_key(&self) {
        let Some(key) = &self.selection.key else { return };
        let rows = self.shared.reader.rows(tallygate_core::Aggregate::Daily, self.day, Some(key)).await;
        match rows {
            Ok(rows) => self.shared.apply(&rows),
            Err(error) => tracing::debug!(%error, "a key could not be looked up; it comes with the day's load"),
        }
    }

    /// What differs from what the browser has.
    fn take(&mut self, whole: bool) -> Option<Message> {
        self.changed.mark_unchanged();
        let now = clock::now_millis();
        let known = self.sent.as_ref().filter(|_| !whole).map_or(0, |sent| sent.plot);
        let (state, totals, top, found, (plot, revision), today) = {
            let days = self.shared.days();
            let held = days.get(self.day)?;
            let keys = held.view.keys.as_ref();
            let state = State {
                following: days.following,
                store: days.store_answers,
                loaded: held.loaded,
                pruned: keys.is_some_and(Keys::pruned),
            };
            let top = keys.map(|keys| keys.top(self.selection.top)).unwrap_or_default();
            let found = keys.zip(self.selection.key.as_deref()).map(|(keys, key)| keys.key(key)).unwrap_or_default();
            let (plot, revision) = (held.view.series.since(known), held.view.series.revision());
            (state, held.view.totals(), top, found, (plot, revision), days.today())
        };
        if self.selection.day.is_none() && today != self.day {
            return None;
        }
        let before = self.sent.take().filter(|_| !whole);
        let before = before.as_ref();
        let message = Message {
            now,
            day: self.day,
            today,
            whole,
            state: (before.map(|b| b.state) != Some(state)).then_some(state),
            totals: (before.map(|b| &b.totals) != Some(&totals)).then(|| totals.clone()),
            top: (before.map(|b| &b.top) != Some(&top)).then(|| top.clone()),
            found: (before.map(|b| &b.found) != Some(&found)).then(|| found.clone()),
            plot: (whole || !plot.is_empty()).then_some(plot),
        };
        self.sent = Some(Sent { at: Instant::now(), state, totals, top, found, plot: revision });
        Some(message)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.days().leave(self.day, self.selection.key.as_deref());
    }
}
