//! Puts the readings side by side: the figures of each group, and the verdict.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::fold::UNREADABLE;
use tallygate_core::{Aggregate, Day};

use super::backlog::Backlog;
use super::daily::{Daily, DailyDifference};
use super::figures::{Difference, Figures};
use super::group::Group;
use super::group_report::GroupReport;
use super::log::Log;
use super::messages::Messages;
use super::named::Named;
use super::report::Report;
use super::rows::Rows;
use super::tally::Tally;
use super::topic::TopicAndStore;
use super::verdict::Verdict;
use crate::limits::NAMED_MESSAGES;

/// All that was read.
pub(super) struct Readings {
    pub(super) messages: Messages,
    pub(super) log: Log,
    pub(super) rows: Rows,
    pub(super) daily: Daily,
    pub(super) topic: TopicAndStore,
    pub(super) backlog: Backlog,
    /// Messages that are lost unless they are under way: some of them, with what is missing of them, and how many.
    pub(super) missing: (Vec<Named>, u64),
    /// Log partitions whose rows are being written to the store again.
    pub(super) repairing: BTreeSet<u32>,
    pub(super) warnings: Vec<String>,
}

/// Puts the readings side by side.
pub(super) fn balance(read: Readings) -> Report {
    let Readings { messages, log, rows, daily, topic, backlog, missing, repairing, warnings } = read;
    let is_moving = backlog.moves();
    let waits_before_log = backlog.queue > 0 || backlog.leased > 0;
    let provable = |day: Day| log.is_complete(day);

    let groups = groups(&messages, &rows, &log, is_moving, waits_before_log);
    let is_off = groups.iter().any(|group| group.difference.is_some_and(|d| d != Difference::default()));
    let (unreadable_in_log, unreadable_waiting, unreadable_dead) = unreadable(&log, &rows);
    let unreadable_off = !is_moving && unreadable_in_log != unreadable_dead + unreadable_waiting;

    let is_lost = !waits_before_log && messages.lacks_any(provable);
    let (lost, lost_messages) = if is_lost { missing } else { (Vec::new(), 0) };

    let stands = |difference: &DailyDifference| {
        !is_moving || (difference.is_settled && !repairing.contains(&difference.partition))
    };
    let daily_differences: Vec<DailyDifference> = daily.differences.into_iter().filter(stands).collect();
    let (mut row_differences, mut rows_different) = (topic.unequal.named, topic.unequal.rows);
    if !is_moving {
        row_differences.extend(topic.apart.named);
        rows_different += topic.apart.rows;
    }
    let runs_without_journal = messages.runs_without_journal(provable);
    let is_wrong = is_off
        || unreadable_off
        || is_lost
        || !daily_differences.is_empty()
        || rows_different > 0
        || !runs_without_journal.is_empty()
        || messages.has_foreign_numbers();
    let (never_answered, never_answered_messages) = messages.never_answered();
    let mut damage = messages.damage.named;
    damage.extend(topic.damage.named);
    Report {
        verdict: match (is_wrong, is_moving) {
            (true, _) => Verdict::NotBalanced,
            (false, true) => Verdict::NotYet,
            (false, false) => Verdict::Balanced,
        },
        backlog,
        groups,
        lost: first(lost),
        lost_messages,
        never_answered,
        never_answered_messages,
        runs_without_journal,
        daily_different: daily_differences.len() as u64,
        daily_differences: first(daily_differences),
        row_differences: first(row_differences),
        rows_different,
        rows_compared: topic.rows,
        store_only_days: topic.store_only_days.into_iter().collect(),
        redelivered: log.redelivered,
        unreadable_in_log,
        unreadable_dead,
        warnings,
        damage: first(damage),
        damaged: messages.damage.places + topic.damage.places,
    }
}

fn groups(messages: &Messages, rows: &Rows, log: &Log, is_moving: bool, waits_before_log: bool) -> Vec<GroupReport> {
    let mut groups: BTreeMap<Group, Tally> = messages.tallies.clone().into_iter().collect();
    for (_, group) in rows.keys().filter(|(_, group)| group.partner != UNREADABLE) {
        groups.entry(group.clone()).or_default();
    }
    let row = |aggregate, group: &Group| rows.get(&(aggregate, group.clone())).copied().unwrap_or_default();
    let reports = groups.into_iter().map(|(group, tally)| {
        let mut report = GroupReport {
            accepted: tally.accepted,
            never_answered: tally.unanswered,
            filed_elsewhere: tally.filed_elsewhere,
            filed_here: tally.filed_here,
            counted: row(Aggregate::Counted, &group),
            duplicates: row(Aggregate::Duplicate, &group),
            dead: row(Aggregate::Dead, &group),
            in_queue: if waits_before_log { tally.missing() } else { Figures::default() },
            in_log: tally.waiting,
            difference: None,
            provable: log.is_complete(group.day),
            day: group.day,
            partner: group.partner,
            currency: group.currency,
        };
        if !is_moving && report.provable {
            report.difference = Some(report.off());
        }
        report
    });
    reports.collect()
}

/// Records that are none of ours: in the log, of them not folded yet, and in the store, of the days that can be proved.
fn unreadable(log: &Log, rows: &Rows) -> (u64, u64, u64) {
    let of = |by_day: &BTreeMap<Day, u64>| {
        by_day.iter().filter(|(day, _)| log.is_complete(**day)).map(|(_, records)| records).sum::<u64>()
    };
    let dead = rows.iter().filter(|((aggregate, group), _)| {
        *aggregate == Aggregate::Dead && group.partner == UNREADABLE && log.is_complete(group.day)
    });
    (of(&log.unreadable), of(&log.unreadable_waiting), dead.map(|(_, figures)| figures.count).sum())
}

fn first<T>(mut named: Vec<T>) -> Vec<T> {
    named.truncate(NAMED_MESSAGES);
    named
}
