//! Puts the readings side by side: the figures of each group, and the verdict.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::fold::UNREADABLE;
use tallygate_core::{Aggregate, Day};

use super::backlog::Backlog;
use super::figures::{Difference, Figures};
use super::group::Group;
use super::group_report::GroupReport;
use super::log::Log;
use super::messages::Messages;
use super::named::{Named, messages as count};
use super::report::Report;
use super::rows::Rows;
use super::verdict::Verdict;
use crate::limits::NAMED_MESSAGES;

/// Puts the readings side by side.
pub(super) fn balance(messages: Messages, log: Log, rows: Rows, backlog: Backlog) -> Report {
    let provable = |day: Day| log.complete_from.is_none_or(|from| day >= from);
    let missing: Vec<Named> = messages.missing().into_iter().filter(|named| provable(named.group.day)).collect();
    let never_answered = messages.unanswered();
    let moving = backlog.moves();
    let waiting_in_queue = backlog.queue > 0;

    let mut groups: BTreeSet<Group> = messages.accepted().keys().cloned().collect();
    groups.extend(never_answered.iter().map(|named| named.group.clone()));
    groups.extend(rows.keys().map(|(_, group)| group.clone()).filter(|group| group.partner != UNREADABLE));
    let never = add_up(&never_answered);
    let in_queue = if waiting_in_queue { add_up(&missing) } else { BTreeMap::new() };
    let of = |figures: &BTreeMap<Group, Figures>, group: &Group| figures.get(group).copied().unwrap_or_default();
    let row = |aggregate, group: &Group| rows.get(&(aggregate, group.clone())).copied().unwrap_or_default();
    let reports = groups.into_iter().map(|group| {
        let mut report = GroupReport {
            accepted: of(messages.accepted(), &group),
            never_answered: of(&never, &group),
            counted: row(Aggregate::Counted, &group),
            duplicates: row(Aggregate::Duplicate, &group),
            dead: row(Aggregate::Dead, &group),
            in_queue: of(&in_queue, &group),
            in_log: of(&log.waiting, &group),
            difference: None,
            provable: provable(group.day),
            day: group.day,
            partner: group.partner,
            currency: group.currency,
        };
        if !moving && report.provable {
            report.difference = Some(report.off());
        }
        report
    });
    let groups: Vec<GroupReport> = reports.collect();

    let sum_of =
        |by_day: &BTreeMap<Day, u64>| by_day.iter().filter(|(day, _)| provable(**day)).map(|(_, n)| n).sum::<u64>();
    let unreadable_in_log = sum_of(&log.unreadable);
    let dead_unreadable = rows.iter().filter(|((aggregate, group), _)| {
        *aggregate == Aggregate::Dead && group.partner == UNREADABLE && provable(group.day)
    });
    let unreadable_dead = dead_unreadable.map(|(_, figures)| figures.count).sum();
    let off = groups.iter().any(|group| group.difference.is_some_and(|d| d != Difference::default()))
        || (!moving && unreadable_in_log != unreadable_dead + sum_of(&log.unreadable_waiting));
    let lost = if waiting_in_queue { Vec::new() } else { missing };
    let verdict = match (off || !lost.is_empty(), moving) {
        (true, _) => Verdict::NotBalanced,
        (false, true) => Verdict::NotYet,
        (false, false) => Verdict::Balanced,
    };
    let runs: BTreeSet<_> =
        never_answered.iter().map(|named| named.number.run).filter(|run| !messages.knows(*run)).collect();
    Report {
        verdict,
        backlog,
        groups,
        lost_messages: count(&lost),
        lost: first(lost),
        never_answered_messages: count(&never_answered),
        never_answered: first(never_answered),
        runs_without_journal: runs.into_iter().map(|run| run.to_string()).collect(),
        redelivered: log.redelivered,
        unreadable_in_log,
        unreadable_dead,
        damage: messages.damage,
    }
}

fn add_up(named: &[Named]) -> BTreeMap<Group, Figures> {
    let mut figures: BTreeMap<Group, Figures> = BTreeMap::new();
    for named in named {
        figures.entry(named.group.clone()).or_default().add(named.figures.count, named.figures.sum);
    }
    figures
}

fn first(mut named: Vec<Named>) -> Vec<Named> {
    named.truncate(NAMED_MESSAGES);
    named
}
