//! The position of a fold, as a record of the topic of sums: with the rows before it, it is the whole checkpoint.

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::generation::{Generation, LogId, Plan};
use crate::row::{instant, unix_millis};

/// What the value of a position has where a row has its aggregate.
pub const POSITION: &str = "position";

/// How far a log partition was folded, and what a later owner has to know to go on alike (rule 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The log partition number, never used twice.
    pub partition: u32,
    /// The generation of the log, with the log's own number.
    pub generation: Generation,
    /// The offset of the next record to fold.
    pub next: u64,
    /// Of the record before it (rule 8); none before the first.
    pub fingerprint: Option<Fingerprint>,
    /// The running maximum of the append times, Unix milliseconds; none before the first record.
    pub clock: Option<i64>,
    /// The last days of the log that a later record's identity may lie in, each with the offset of its first record.
    pub days: Vec<(Day, u64)>,
    /// How many rows of days within the horizon there are; a topic that holds others has lost some.
    pub rows: u64,
    /// Times that hold in the place of those the broker stamped.
    pub corrections: Vec<Correction>,
    /// How often the partition was recovered by hand.
    pub recoveries: u32,
}

/// A 128-bit hash (XXH3) of a record's append time, key, number and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub u128);

/// An operator's word on when some records were appended: a broker's clock was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The offset of the first record.
    pub first: u64,
    /// The offset of the last one.
    pub last: u64,
    /// The append time that holds for all of them, Unix milliseconds.
    pub time: i64,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    aggregate: String,
    partition: u32,
    log: String,
    next: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    days: Vec<(String, u64)>,
    rows: u64,
    corrections: Vec<WireCorrection>,
    recoveries: u32,
    generation: WireGeneration,
}

#[derive(Serialize, Deserialize)]
struct WireCorrection {
    first: u64,
    last: u64,
    time: String,
}

#[derive(Serialize, Deserialize)]
struct WireGeneration {
    number: u32,
    first_partition: u32,
    topic: String,
    partitions: u32,
    partition_by: String,
    horizon_days: u16,
    future_days: u16,
    fold_rules: u32,
    group: String,
}

impl Position {
    /// Where a log partition begins.
    pub fn beginning(generation: Generation, log_partition: u32) -> Self {
        Self {
            partition: log_partition,
            generation,
            next: 0,
            fingerprint: None,
            clock: None,
            days: Vec::new(),
            rows: 0,
            corrections: Vec::new(),
            recoveries: 0,
        }
    }

    /// The record key on the compacted topic: `["position",3]`.
    pub fn topic_key(&self) -> String {
        serde_json::to_string(&(POSITION, self.partition)).unwrap_or_default()
    }

    /// The record value on the compacted topic.
    pub fn topic_value(&self) -> String {
        let Generation { number, first_partition, log, plan } = &self.generation;
        let correction = |correction: &Correction| WireCorrection {
            first: correction.first,
            last: correction.last,
            time: instant(correction.time),
        };
        let wire = Wire {
            aggregate: POSITION.to_owned(),
            partition: self.partition,
            log: log.to_string(),
            next: self.next,
            fingerprint: self.fingerprint.map(|fingerprint| format!("{:032x}", fingerprint.0)),
            clock: self.clock.map(instant),
            days: self.days.iter().map(|(day, first)| (day.to_string(), *first)).collect(),
            rows: self.rows,
            corrections: self.corrections.iter().map(correction).collect(),
            recoveries: self.recoveries,
            generation: WireGeneration {
                number: *number,
                first_partition: *first_partition,
                topic: plan.topic.clone(),
                partitions: plan.partitions,
                partition_by: plan.partition_by.to_string(),
                horizon_days: plan.horizon_days,
                future_days: plan.future_days,
                fold_rules: plan.fold_rules,
                group: plan.group.clone(),
            },
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads a record value of the compacted topic.
    ///
    /// # Errors
    /// What does not read.
    pub fn from_topic_value(value: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(value).map_err(|e| e.to_string())?;
        let log: LogId = wire.log.parse().map_err(|e| format!("log: {e}"))?;
        let hash =
            |text: String| u128::from_str_radix(&text, 16).map(Fingerprint).map_err(|e| format!("fingerprint: {e}"));
        let day = |(day, first): (String, u64)| Ok((day.parse().map_err(|e| format!("days: {e}"))?, first));
        let correction = |wire: WireCorrection| {
            let time = unix_millis(&wire.time).map_err(|e| format!("corrections: {e}"))?;
            Ok::<_, String>(Correction { first: wire.first, last: wire.last, time })
        };
        let generation = wire.generation;
        Ok(Self {
            partition: wire.partition,
            next: wire.next,
            fingerprint: wire.fingerprint.map(hash).transpose()?,
            clock: wire.clock.map(|clock| unix_millis(&clock)).transpose().map_err(|e| format!("clock: {e}"))?,
            days: wire.days.into_iter().map(day).collect::<Result<_, String>>()?,
            rows: wire.rows,
            corrections: wire.corrections.into_iter().map(correction).collect::<Result<_, _>>()?,
            recoveries: wire.recoveries,
            generation: Generation {
                number: generation.number,
                first_partition: generation.first_partition,
                log,
                plan: Plan {
                    topic: generation.topic,
                    partitions: generation.partitions,
                    partition_by: generation.partition_by.parse()?,
                    horizon_days: generation.horizon_days,
                    future_days: generation.future_days,
                    fold_rules: generation.fold_rules,
                    group: generation.group,
                },
            },
        })
    }

    /// The append time that holds for the record at this offset, which the broker stamped so.
    pub fn append_time(&self, offset: u64, stamped: i64) -> i64 {
        let is_of = |correction: &&Correction| (correction.first..=correction.last).contains(&offset);
        self.corrections.iter().find(is_of).map_or(stamped, |correction| correction.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::PartitionBy;

    fn position() -> Position {
        let plan = Plan {
            topic: "t".into(),
            partitions: 4,
            partition_by: PartitionBy::Id,
            horizon_days: 7,
            future_days: 3,
            fold_rules: 2,
            group: "g".into(),
        };
        Position {
            next: 18,
            fingerprint: Some(Fingerprint(0xabc)),
            clock: Some(1_795_375_181_500),
            days: vec![("2026-11-21".parse().unwrap(), 3), ("2026-11-22".parse().unwrap(), 9)],
            rows: 5,
            corrections: vec![Correction { first: 4, last: 6, time: 1_795_375_000_000 }],
            recoveries: 1,
            ..Position::beginning(Generation { number: 2, first_partition: 4, log: LogId(0xfe), plan }, 6)
        }
    }

    #[test]
    fn a_position_has_this_form_on_the_compacted_topic_and_reads_back() {
        let position = position();
        assert_eq!(position.topic_key(), r#"["position",6]"#);
        assert_eq!(
            position.topic_value(),
            concat!(
                r#"{"aggregate":"position","partition":6,"log":"000000000000000000000000000000fe","next":18,"#,
                r#""fingerprint":"00000000000000000000000000000abc","clock":"2026-11-22T19:19:41.500Z","#,
                r#""days":[["2026-11-21",3],["2026-11-22",9]],"rows":5,"#,
                r#""corrections":[{"first":4,"last":6,"time":"2026-11-22T19:16:40.000Z"}],"recoveries":1,"#,
                r#""generation":{"number":2,"first_partition":4,"topic":"t","partitions":4,"partition_by":"id","#,
                r#""horizon_days":7,"future_days":3,"fold_rules":2,"group":"g"}}"#
            )
        );
        assert_eq!(Position::from_topic_value(position.topic_value().as_bytes()), Ok(position));
    }

    #[test]
    fn the_beginning_reads_back() {
        let beginning = Position::beginning(position().generation, 6);
        assert_eq!(Position::from_topic_value(beginning.topic_value().as_bytes()), Ok(beginning));
    }

    #[test]
    fn rule_6_a_correction_holds_from_its_first_record_to_its_last() {
        let position = position();
        let times = [3, 4, 6, 7].map(|offset| position.append_time(offset, 1));
        assert_eq!(times, [1, 1_795_375_000_000, 1_795_375_000_000, 1]);
    }
}
