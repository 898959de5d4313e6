//! What reconciling found, for a terminal.

use std::fmt::Write as _;

use tallygate_core::Sum;

use super::backlog::Backlog;
use super::figures::{Difference, Figures};
use super::group::Group;
use super::named::Named;
use super::report::Report;
use super::verdict::Verdict;
use crate::text::{self, Side};

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
