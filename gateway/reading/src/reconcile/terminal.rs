//! What reconciling found, for a terminal.

use std::fmt::Write as _;

use tallygate_core::Sum;

use super::backlog::Backlog;
use super::daily::DailyDifference;
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
        let _ = match self.verdict {
            Verdict::Balanced => writeln!(
                text,
                "balanced: accepted + never answered = counted + duplicates + dead, the sums by key add up to what counted, \
                 and the store has all {} rows of the topic of sums",
                self.rows_compared
            ),
            Verdict::NotYet => writeln!(text, "not yet: {}; ask again once they are through", self.backlog),
            Verdict::NotBalanced => writeln!(text, "NOT balanced"),
        };
        if self.verdict == Verdict::NotBalanced && self.backlog != Backlog::default() {
            let _ = writeln!(text, "beside it: {}", self.backlog);
        }
        for run in &self.runs_without_journal {
            let _ = writeln!(
                text,
                "\nNO JOURNAL of gateway run {run} was read, though the log holds messages of it: what it accepted cannot be \
                 proved; give its folder with --journal, or the journal is gone"
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
        list(
            &mut text,
            "LOST: accepted, and neither in the queue nor with a shipper nor in the log",
            self.lost_messages,
            &self.lost,
        );
        let never = "never answered: in the log without an accepted line in any journal";
        list(&mut text, never, self.never_answered_messages, &self.never_answered);
        self.sums_that_differ(&mut text);
        for warning in &self.warnings {
            let _ = writeln!(text, "\n{}", text::harmless(warning));
        }
        for damage in &self.damage {
            let _ = writeln!(text, "damaged: {}", text::harmless(damage));
        }
        and_more(&mut text, self.damage.len(), self.damaged);
        text
    }

    fn sums_that_differ(&self, text: &mut String) {
        if self.daily_different > 0 {
            let _ = writeln!(
                text,
                "\nWRONG: the sums by key do not add up to what counted, {} times",
                self.daily_different
            );
        }
        for DailyDifference { day, currency, partition, daily, counted, .. } in &self.daily_differences {
            let _ = writeln!(text, "  {day}  {currency}  log partition {partition}: by key {daily}, counted {counted}");
        }
        and_more(text, self.daily_differences.len(), self.daily_different);
        if self.rows_different > 0 {
            let _ = writeln!(text, "\nWRONG: topic of sums and store differ in {} rows", self.rows_different);
        }
        for row in &self.row_differences {
            let _ = writeln!(text, "  {row}");
        }
        and_more(text, self.row_differences.len(), self.rows_different);
        if !self.store_only_days.is_empty() {
            let days: Vec<String> = self.store_only_days.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "\nin the store alone, let go by the topic of sums: {}", days.join(", "));
        }
    }

    fn table(&self) -> String {
        let cell = |figures: Figures| match figures.count {
            0 if figures.sum == Sum::default() => "-".to_owned(),
            _ => figures.to_string(),
        };
        let rows: Vec<Vec<String>> = self
            .groups
            .iter()
            .map(|group| {
                let difference = match group.difference {
                    Some(d) if d == Difference::default() => "0".to_owned(),
                    Some(d) => format!("{:+}: {}", d.count, d.sum),
                    None if !group.provable => "not all in the log".to_owned(),
                    None => "under way".to_owned(),
                };
                let mut row = vec![group.day.to_string(), group.partner.clone(), group.currency.to_string()];
                row.extend(
                    [
                        group.accepted,
                        group.never_answered,
                        group.filed_elsewhere,
                        group.filed_here,
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
            right("FILED ELSEWHERE"),
            right("FILED HERE"),
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
        let _ = writeln!(text, "  {number}  {day}  {partner}  {figures} {currency}");
    }
    and_more(text, named.len(), messages);
}

fn and_more(text: &mut String, named: usize, all: u64) {
    let more = all.saturating_sub(named as u64);
    if more > 0 {
        let _ = writeln!(text, "  … and {more} more");
    }
}
