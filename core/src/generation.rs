//! A generation of the log: what must not change while its rows are being added to.

use std::fmt;
use std::str::FromStr;

use crate::fold::Horizon;

/// The rules of the fold as this release applies them; a change that alters any sum or verdict raises it.
pub const FOLD_RULES: u32 = 2;

/// What tells one log from every other: a random number, drawn when its first generation was made. It stands in the store
/// and in every position, so that neither is ever taken for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId(pub u128);

/// The text is no log's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 hexadecimal digits")]
pub struct NotALogId;

/// What decides a record's partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionBy {
    /// The key: one row a key, and a resend that changes its key is another transaction.
    Key,
    /// The identity: a hot key spreads over all partitions, and a reader adds up its few rows.
    Id,
}

/// What the operator's configuration wants of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The topic, or the name of the embedded log.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// What decides a record's partition.
    pub partition_by: PartitionBy,
    /// How late a transaction may come, in days.
    pub horizon_days: u16,
    /// How far ahead a transaction's day may lie, in days.
    pub future_days: u16,
    /// [`FOLD_RULES`].
    pub fold_rules: u32,
    /// The name under which its readers share it. Two groups would both own it.
    pub group: String,
}

/// A plan that was put to work, with the log partition numbers it owns for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// 1 for the first.
    pub number: u32,
    /// The number of its partition 0; its others follow. No number is ever used twice.
    pub first_partition: u32,
    /// The log that it is a generation of.
    pub log: LogId,
    /// What it was made for.
    pub plan: Plan,
}

/// The configuration no longer says what the generation was made for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{key} is {configured}, but generation {number} of the log was made with {made}; the sums would no longer be exact, so put it back"
)]
pub struct Changed {
    /// The configuration key.
    pub key: &'static str,
    /// What it says now.
    pub configured: String,
    /// What it said when the generation was made.
    pub made: String,
    /// The generation.
    pub number: u32,
}

impl Plan {
    /// Which days count, as the fold takes it.
    pub fn horizon(&self) -> Horizon {
        Horizon { past: self.horizon_days, future: self.future_days }
    }
}

impl Generation {
    /// The first generation of this plan and log.
    pub fn first(plan: Plan, log: LogId) -> Self {
        Self { number: 1, first_partition: 0, log, plan }
    }

    /// The number, in table and topic, of a partition of this generation's topic.
    pub fn log_partition(&self, partition: u32) -> u32 {
        self.first_partition + partition
    }

    /// All its log partition numbers.
    pub fn log_partitions(&self) -> std::ops::Range<u32> {
        self.first_partition..self.first_partition + self.plan.partitions
    }

    /// Whether the configured plan is still this generation's.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, configured: &Plan) -> Result<(), Changed> {
        let made = &self.plan;
        let pairs = [
            ("stream.topic", configured.topic.clone(), made.topic.clone()),
            ("stream.partitions", configured.partitions.to_string(), made.partitions.to_string()),
            ("stream.partition_by", configured.partition_by.to_string(), made.partition_by.to_string()),
            ("stream.group", configured.group.clone(), made.group.clone()),
            ("aggregator.horizon_days", configured.horizon_days.to_string(), made.horizon_days.to_string()),
            ("aggregator.future_days", configured.future_days.to_string(), made.future_days.to_string()),
            (
                "the release's version of the fold's rules",
                configured.fold_rules.to_string(),
                made.fold_rules.to_string(),
            ),
        ];
        match pairs.into_iter().find(|(_, configured, made)| configured != made) {
            Some((key, configured, made)) => Err(Changed { key, configured, made, number: self.number }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for LogId {
    type Err = NotALogId;

    fn from_str(text: &str) -> Result<Self, NotALogId> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(NotALogId)
    }
}

impl fmt::Display for PartitionBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Id => "id",
        })
    }
}

impl FromStr for PartitionBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "key" => Ok(Self::Key),
            "id" => Ok(Self::Id),
            _ => Err(format!("{text:?} is no way to partition, \"key\" or \"id\" would be right")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_7_names_what_changed() {
        let plan = Plan {
            topic: "t".into(),
            partitions: 4,
            partition_by: PartitionBy::Key,
            horizon_days: 7,
            future_days: 7,
            fold_rules: FOLD_RULES,
            group: "g".into(),
        };
        let generation = Generation::first(plan.clone(), LogId(7));
        assert_eq!(generation.check(&plan), Ok(()));
        let changed = generation.check(&Plan { horizon_days: 3, ..plan }).unwrap_err();
        assert_eq!((changed.key, &*changed.configured, &*changed.made), ("aggregator.horizon_days", "3", "7"));
    }
}
