//! The days held in memory: today's always, those that browsers look at, and what of them is to be loaded.

use std::collections::HashMap;

use tallygate_core::{Day, Row};
use tokio::sync::watch;
use tokio::time::Instant;

use super::keys::Keys;
use super::view::View;
use crate::limits::{CACHE_IDLE, LIVE_DAYS, LIVE_KEY_BYTES};

/// The days held.
pub(super) struct DayCache {
    held: HashMap<Day, CachedDay>,
    /// Keys that are no longer held: too many to be freed while others wait for the lock.
    gone: Vec<Keys>,
    today: Day,
    /// The number of the last load started.
    loads: u64,
    /// Whether the stream is being followed.
    pub(super) following: bool,
    /// Whether the store answered when it was last asked.
    pub(super) store_answers: bool,
}

/// A day and who looks at it.
pub(super) struct CachedDay {
    pub(super) view: View,
    pub(super) load: Load,
    /// Whether the whole load was in when the stream was being followed.
    pub(super) loaded: bool,
    changed: watch::Sender<()>,
    watchers: usize,
    left_at: Option<Instant>,
}

/// What is known of the store's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    Wanted,
    /// The load of this number; an earlier one still under way does not answer what is wanted now.
    Running(u64),
    Done,
}

/// A load to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) day: Day,
    pub(super) load: u64,
}

/// As many days as can be held are being looked at.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{LIVE_DAYS} days are being watched already, another one can be once a page of theirs is closed")]
pub(crate) struct TooManyDays;

impl CachedDay {
    /// Whether nobody has looked at it for a while.
    fn is_unwatched(&self) -> bool {
        let left = self.left_at.is_some_and(|left| left.elapsed() >= CACHE_IDLE);
        left || (self.watchers == 0 && self.left_at.is_none())
    }
}

impl DayCache {
    pub(super) fn new(today: Day) -> Self {
        let mut days =
            Self { held: HashMap::new(), gone: Vec::new(), today, loads: 0, following: false, store_answers: true };
        days.hold(today);
        days
    }

    pub(super) fn today(&self) -> Day {
        self.today
    }

    pub(super) fn get(&self, day: Day) -> Option<&CachedDay> {
        self.held.get(&day)
    }

    /// Takes rows of the days held and tells those who look at them.
    pub(super) fn apply(&mut self, rows: &[Row], now_millis: i64) {
        let mut changed: Vec<Day> = Vec::new();
        for row in rows {
            let Some(held) = self.held.get_mut(&row.at.day) else {
                continue;
            };
            if held.view.apply(row, now_millis) && !changed.contains(&row.at.day) {
                changed.push(row.at.day);
            }
        }
        for day in changed {
            if let Some(held) = self.held.get(&day) {
                held.changed.send_replace(());
            }
        }
    }

    /// The stream is followed from its end on: everything is to be loaded now, for what was loaded before may have
    /// a hole behind it.
    pub(super) fn followed(&mut self) {
        self.following = true;
        for held in self.held.values_mut() {
            held.load = Load::Wanted;
        }
        self.tell_all();
    }

    /// The stream is no longer followed.
    pub(super) fn lost(&mut self) {
        self.following = false;
        for held in self.held.values_mut() {
            held.loaded = false;
        }
        self.tell_all();
    }

    /// Whether the store answers; those who look are told when it changed.
    pub(super) fn store(&mut self, answers: bool) {
        if self.store_answers != answers {
            self.store_answers = answers;
            self.tell_all();
        }
    }

    /// The loads to be started now.
    pub(super) fn take_wanted(&mut self) -> Vec<Task> {
        let loads = &mut self.loads;
        let wanted = self.held.iter_mut().filter(|(_, held)| held.load == Load::Wanted);
        wanted
            .map(|(day, held)| {
                *loads += 1;
                held.load = Load::Running(*loads);
                Task { day: *day, load: *loads }
            })
            .collect()
    }

    /// Whether this load is still of use.
    pub(super) fn wants(&self, task: Task) -> bool {
        self.held.get(&task.day).is_some_and(|held| held.load == Load::Running(task.load))
    }

    /// The counted rows of a day are in.
    pub(super) fn base(&mut self, day: Day) {
        if let Some(held) = self.held.get_mut(&day) {
            held.view.base();
        }
    }

    /// The whole load is in.
    pub(super) fn loaded(&mut self, task: Task) {
        if !self.wants(task) {
            return;
        }
        if let Some(held) = self.held.get_mut(&task.day) {
            held.load = Load::Done;
            held.loaded = self.following;
            held.changed.send_replace(());
        }
    }

    /// One more looks at this day, and at this key of it.
    pub(super) fn watch(&mut self, day: Day, key: Option<&str>) -> Result<watch::Receiver<()>, TooManyDays> {
        if !self.held.contains_key(&day) && self.held.len() >= LIVE_DAYS {
            let today = self.today;
            let unwatched = self.held.iter().find(|(day, held)| held.watchers == 0 && **day != today);
            let unwatched = *unwatched.ok_or(TooManyDays)?.0;
            self.gone.extend(self.held.remove(&unwatched).and_then(|held| held.view.keys));
        }
        let held = self.hold(day);
        held.watchers += 1;
        held.left_at = None;
        if held.view.keys.is_none() {
            held.view.keys = Some(Keys::default());
            held.load = Load::Wanted;
            held.loaded = false;
        }
        if let Some(key) = key {
            *held.view.pinned.entry(key.to_owned()).or_default() += 1;
        }
        Ok(held.changed.subscribe())
    }

    /// One fewer does.
    pub(super) fn leave(&mut self, day: Day, key: Option<&str>) {
        let Some(held) = self.held.get_mut(&day) else {
            return;
        };
        held.watchers = held.watchers.saturating_sub(1);
        if held.watchers == 0 {
            held.left_at = Some(Instant::now());
        }
        let Some(key) = key else { return };
        if let Some(pins) = held.view.pinned.get_mut(key) {
            *pins -= 1;
            if *pins == 0 {
                held.view.pinned.remove(key);
            }
        }
    }

    /// Lets go of what nobody looks at any more, and holds the day that it is.
    pub(super) fn evict(&mut self, today: Day) {
        if today != self.today {
            self.today = today;
            self.tell_all();
        }
        for held in self.held.values_mut().filter(|held| held.is_unwatched()) {
            self.gone.extend(held.view.keys.take());
        }
        self.held.retain(|day, held| !held.is_unwatched() || *day == today);
        self.hold(today);
    }

    /// Keys that are no longer held, to be freed beside the lock.
    pub(super) fn take_gone(&mut self) -> Vec<Keys> {
        std::mem::take(&mut self.gone)
    }

    /// How many keys are held.
    pub(super) fn keys(&self) -> usize {
        let keys = self.held.values().filter_map(|held| held.view.keys.as_ref());
        keys.map(Keys::len).sum()
    }

    fn hold(&mut self, day: Day) -> &mut CachedDay {
        self.held.entry(day).or_insert_with(|| CachedDay {
            view: View::new(LIVE_KEY_BYTES),
            load: Load::Wanted,
            loaded: false,
            changed: watch::Sender::new(()),
            watchers: 0,
            left_at: None,
        })
    }

    fn tell_all(&self) {
        for held in self.held.values() {
            held.changed.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::test_rows::{DAY, row};

    #[tokio::test(start_paused = true)]
    async fn keys_that_nobody_looks_at_any_more_are_handed_over_to_be_freed_elsewhere() {
        let (today, day): (Day, Day) = ("2026-11-23".parse().unwrap(), DAY.parse().unwrap());
        let mut days = DayCache::new(today);
        let _changed = days.watch(day, None).unwrap();
        days.apply(&[row("HR1", "EUR", 0, 1, 1, "1.00")], 0);
        days.leave(day, None);
        days.evict(today);
        assert!((days.keys(), days.take_gone().len()) == (1, 0), "whoever comes back at once finds them");
        tokio::time::advance(CACHE_IDLE).await;
        days.evict(today);
        let gone: Vec<usize> = days.take_gone().iter().map(Keys::len).collect();
        assert!(days.get(day).is_none() && gone == [1], "{gone:?}");
    }
}
