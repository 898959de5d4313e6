//! What reconciling found: the verdict, the backlog beside it, each group's figures, and messages by their numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use tallygate_core::fold::UNREADABLE;
use tallygate_core::{Aggregate, Currency, Day, MessageNumber, Sum};

use super::seen::Ledger;
use super::{Group, Log, Rows};
use crate::limits::NAMED_MESSAGES;
use crate::text::{self, Side, as_text};

/// What reconciling found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// What was still under way.
    pub backlog: Backlog,
    /// The figures, by day, partner and currency.
    pub groups: Vec<GroupReport>,
    /// Accepted messages that are neither in the queue nor, wholly, in the log; at most [`NAMED_MESSAGES`].
    pub lost: Vec<Named>,
    /// How many these are.
    pub lost_messages: u64,
    /// Messages in the log that no journal accepted: their partners never got an answer, or the journal's tail was
    /// cut; at most [`NAMED_MESSAGES`].
    pub never_answered: Vec<Named>,
    /// How many these are.
    pub never_answered_messages: u64,
    /// Gateway runs in the log of which no journal was read.
    pub runs_without_journal: Vec<String>,
    /// Records that were delivered more than once behind the gateway; they count nowhere.
    pub redelivered: u64,
    /// Records of the log that are none of ours.
    pub unreadable_in_log: u64,
    /// Those of them that the fold has taken for dead letters.
    pub unreadable_dead: u64,
    /// What cannot be read of the journals.
    pub damage: Vec<String>,
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every accepted transaction is counted, a duplicate, or dead, once.
    Balanced,
    /// Something is still under way; ask again.
    NotYet,
    /// Something is lost, or stands where it should not.
    NotBalanced,
}

/// What was still under way while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Messages in the queue, waiting or leased.
    pub queue: u64,
    /// Records of the log that are not folded yet.
    pub fold: u64,
    /// Records that came into the log while it was being read.
    pub appended_since: u64,
}

/// A count and a sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Transactions.
    pub count: u64,
    /// What they add up to.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
}

/// How far a count and a sum are off, accepted less accounted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Transactions: above 0 they are lost, below 0 counted too often.
    pub count: i64,
    /// What they add up to.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
}

/// The figures of one day, partner and currency.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// The partner.
    pub partner: String,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
    /// What the journals accepted.
    pub accepted: Figures,
    /// What the log holds beside that.
    pub never_answered: Figures,
    /// What counts.
    pub counted: Figures,
    /// The partners' own repeats.
    pub duplicates: Figures,
    /// The dead letters.
    pub dead: Figures,
    /// Accepted and not in the log, while the queue is not empty.
    pub in_queue: Figures,
    /// In the log and not folded yet.
    pub in_log: Figures,
    /// Accepted and never answered, less counted, duplicates and dead; none while anything is under way, and for days
    /// of which the log no longer holds everything.
    pub difference: Option<Difference>,
    /// Whether the log still holds everything of the day, so that it can be proved.
    pub provable: bool,
}

/// A message, or what one has of a day and currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its number.
    #[serde(serialize_with = "as_text")]
    pub number: MessageNumber,
    /// Whose it is.
    #[serde(flatten)]
    pub group: Group,
    /// How much.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Puts the readings side by side.
pub(super) fn draw(ledger: Ledger, log: Log, rows: Rows, backlog: Backlog) -> Report {
    let provable = |day: Day| log.complete_from.is_none_or(|from| day >= from);
    let missing: Vec<Named> = ledger.missing().into_iter().filter(|named| provable(named.group.day)).collect();
    let never_answered = ledger.unanswered();
    let moving = backlog.queue > 0 || backlog.fold > 0 || backlog.appended_since > 0;
    let waiting_in_queue = backlog.queue > 0;

    let mut groups: BTreeSet<Group> = ledger.accepted().keys().cloned().collect();
    groups.extend(never_answered.iter().map(|named| named.group.clone()));
    groups.extend(rows.keys().map(|(_, group)| group.clone()).filter(|group| group.partner != UNREADABLE));
    let never = add_up(&never_answered);
    let in_queue = if waiting_in_queue { add_up(&missing) } else { BTreeMap::new() };
    let of = |figures: &BTreeMap<Group, Figures>, group: &Group| figures.get(group).copied().unwrap_or_default();
    let row = |aggregate, group: &Group| rows.get(&(aggregate, group.clone())).copied().unwrap_or_default();
    let reports = groups.into_iter().map(|group| {
        let mut report = GroupReport {
            accepted: of(ledger.accepted(), &group),
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
        never_answered.iter().map(|named| named.number.run).filter(|run| !ledger.knows(*run)).collect();
    Report {
        verdict,
        backlog,
        groups,
        lost_messages: messages(&lost),
        lost: first(lost),
        never_answered_messages: messages(&never_answered),
        never_answered: first(never_answered),
        runs_without_journal: runs.into_iter().map(|run| run.to_string()).collect(),
        redelivered: log.redelivered,
        unreadable_in_log,
        unreadable_dead,
        damage: ledger.damage,
    }
}

impl Report {
    /// For a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let Backlog { queue, fold, appended_since } = self.backlog;
        let _ = match self.verdict {
            Verdict::Balanced => writeln!(text, "balanced: accepted + never answered = counted + duplicates + dead"),
            Verdict::NotYet => writeln!(
                text,
                "not yet: {queue} messages in the queue, {fold} records of the log not folded yet, {appended_since} came \
                 meanwhile; ask again once they are through"
            ),
            Verdict::NotBalanced => writeln!(text, "NOT balanced"),
        };
        if self.verdict == Verdict::NotBalanced && self.backlog != Backlog::default() {
            let _ = writeln!(
                text,
                "beside it: {queue} messages in the queue, {fold} records of the log not folded yet, {appended_since} came meanwhile"
            );
        }
        if !self.groups.is_empty() {
            let _ = write!(text, "\n{}", self.table());
        }
        if self.unreadable_in_log > 0 || self.unreadable_dead > 0 {
            let _ = writeln!(
                text,
                "\nnot ours: {} records of the log cannot be read, {} of them are dead letters",
                self.unreadable_in_log, self.unreadable_dead
            );
        }
        if self.redelivered > 0 {
            let _ =
                writeln!(text, "\ndelivered again behind the gateway, counted nowhere: {} records", self.redelivered);
        }
        list(&mut text, "LOST: accepted, and neither in the queue nor in the log", self.lost_messages, &self.lost);
        let never = "never answered: in the log without an accepted line in any journal";
        list(&mut text, never, self.never_answered_messages, &self.never_answered);
        for run in &self.runs_without_journal {
            let _ = writeln!(text, "  no journal of run {run} was read; is a gateway's journal missing here?");
        }
        for damage in &self.damage {
            let _ = writeln!(text, "damaged: {}", text::harmless(damage));
        }
        text
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }

    fn table(&self) -> String {
        let cell = |figures: Figures| match figures.count {
            0 if figures.sum == Sum::default() => "-".to_owned(),
            count => format!("{count}: {}", figures.sum),
        };
        let rows: Vec<Vec<String>> = self
            .groups
            .iter()
            .map(|group| {
                let difference = match group.difference {
                    Some(d) if d == Difference::default() => "0".to_owned(),
                    Some(d) => format!("{:+}: {}", d.count, d.sum),
                    None if !group.provable => "older than the log".to_owned(),
                    None => "under way".to_owned(),
                };
                let mut row = vec![group.day.to_string(), group.partner.clone(), group.currency.to_string()];
                row.extend(
                    [
                        group.accepted,
                        group.never_answered,
                        group.counted,
                        group.duplicates,
                        group.dead,
                        group.in_queue,
                        group.in_log,
                    ]
                    .map(cell),
                );
                row.push(difference);
                row
            })
            .collect();
        let right = |heading| (heading, Side::Right);
        let columns = [
            ("DAY", Side::Left),
            ("PARTNER", Side::Left),
            ("CURRENCY", Side::Left),
            right("ACCEPTED"),
            right("NEVER ANSWERED"),
            right("COUNTED"),
            right("DUPLICATES"),
            right("DEAD"),
            right("IN QUEUE"),
            right("NOT FOLDED"),
            right("DIFFERENCE"),
        ];
        text::table(&columns, &rows)
    }
}

impl GroupReport {
    fn off(&self) -> Difference {
        let (mut count, mut sum) = (0_i64, Sum::default());
        for figures in [self.accepted, self.never_answered] {
            count += figures.count as i64;
            sum = sum + figures.sum;
        }
        for figures in [self.counted, self.duplicates, self.dead, self.in_queue, self.in_log] {
            count -= figures.count as i64;
            sum = sum - figures.sum;
        }
        Difference { count, sum }
    }
}

impl Figures {
    /// So much more.
    pub(super) fn add(&mut self, count: u64, sum: Sum) {
        self.count += count;
        self.sum = self.sum + sum;
    }
}

impl Serialize for Group {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut group = serializer.serialize_struct("Group", 3)?;
        group.serialize_field("day", &self.day.to_string())?;
        group.serialize_field("partner", &self.partner)?;
        group.serialize_field("currency", self.currency.as_str())?;
        group.end()
    }
}

fn add_up(named: &[Named]) -> BTreeMap<Group, Figures> {
    let mut figures: BTreeMap<Group, Figures> = BTreeMap::new();
    for named in named {
        figures.entry(named.group.clone()).or_default().add(named.figures.count, named.figures.sum);
    }
    figures
}

fn messages(named: &[Named]) -> u64 {
    named.iter().map(|named| named.number).collect::<BTreeSet<_>>().len() as u64
}

fn first(mut named: Vec<Named>) -> Vec<Named> {
    named.truncate(NAMED_MESSAGES);
    named
}

fn list(text: &mut String, what: &str, messages: u64, named: &[Named]) {
    if messages == 0 {
        return;
    }
    let _ = writeln!(text, "\n{what}: {messages} messages");
    for Named { number, group, figures } in named {
        let partner = text::harmless(&group.partner);
        let Group { day, currency, .. } = group;
        let _ = writeln!(text, "  {number}  {day}  {partner}  {}: {} {currency}", figures.count, figures.sum);
    }
    if (named.len() as u64) < messages {
        let _ = writeln!(text, "  … and {} more", messages - named.len() as u64);
    }
}
