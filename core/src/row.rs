//! A row of daily sums: absolute, written whole, fenced by the offset of the last record it took.

use std::fmt::{self, Write};
use std::str::FromStr;

use serde::Deserialize;

use crate::day::Day;
use crate::money::{Currency, Sum};

/// What a row adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregate {
    /// The transactions that counted, by their key.
    Daily,
    /// The transactions that counted, by partner.
    Counted,
    /// The partners' own repeats, by partner.
    Duplicate,
    /// The dead letters, by partner.
    Dead,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// What it adds up.
    pub aggregate: Aggregate,
    /// The business day.
    pub day: Day,
    /// The log partition number, never used twice.
    pub partition: u32,
    /// The transaction's key, or the partner.
    pub key: String,
    /// The currency of the sum.
    pub currency: Currency,
}

/// A row: each figure is a function of its log partition's prefix up to `offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands.
    pub at: RowKey,
    /// The exact sum.
    pub sum: Sum,
    /// How many transactions it took.
    pub count: u64,
    /// The offset of the last record it took. Its write timestamp is this + 1.
    pub offset: u64,
    /// The append time of that record, Unix milliseconds.
    pub updated_at: i64,
}

impl Aggregate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Counted, Self::Duplicate, Self::Dead];

    /// The name in table and topic.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Counted => "counted",
            Self::Duplicate => "duplicate",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Aggregate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|aggregate| aggregate.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no aggregate: daily, counted, duplicate or dead would be right"))
    }
}

#[derive(Deserialize)]
struct WireRow {
    aggregate: String,
    day: String,
    key: String,
    currency: String,
    partition: u32,
    sum: String,
    count: u64,
    offset: u64,
    updated_at: String,
}

impl RowKey {
    /// The record key on the compacted topic: `["daily","2026-11-22","HR123","EUR",3]`.
    pub fn topic_key(&self) -> String {
        let mut text = String::new();
        self.write_topic_key(&mut text);
        text
    }

    /// Writes the record key behind what stands there.
    pub fn write_topic_key(&self, text: &mut String) {
        let Self { aggregate, day, partition, key, currency } = self;
        // A text takes all that is written to it.
        let _ = write!(text, "[\"{aggregate}\",\"{day}\",{},\"{currency}\",{partition}]", Quoted(key));
    }
}

impl RowKey {
    /// Reads a record key of the compacted topic; none when it is no row's.
    pub fn from_topic_key(key: &[u8]) -> Option<Self> {
        let (aggregate, day, key, currency, partition): (String, String, String, String, u32) =
            serde_json::from_slice(key).ok()?;
        Some(Self {
            aggregate: aggregate.parse().ok()?,
            day: day.parse().ok()?,
            partition,
            key,
            currency: currency.parse().ok()?,
        })
    }
}

impl Row {
    /// The record value on the compacted topic.
    pub fn topic_value(&self) -> String {
        let mut text = String::new();
        self.write_topic_value(&mut text);
        text
    }

    /// Writes the record value behind what stands there.
    pub fn write_topic_value(&self, text: &mut String) {
        let Self { at, sum, count, offset, updated_at } = self;
        let RowKey { aggregate, day, partition, key, currency } = at;
        let _ = write!(
            text,
            "{{\"aggregate\":\"{aggregate}\",\"day\":\"{day}\",\"key\":{},\"currency\":\"{currency}\",\"partition\":{partition},\
             \"sum\":\"{sum}\",\"count\":{count},\"offset\":{offset},\"updated_at\":\"{}\"}}",
            Quoted(key),
            Instant(*updated_at),
        );
    }

    /// Reads a record value of the compacted topic.
    ///
    /// # Errors
    /// What does not read.
    pub fn from_topic_value(value: &[u8]) -> Result<Self, String> {
        let wire: WireRow = serde_json::from_slice(value).map_err(|e| e.to_string())?;
        let at = RowKey {
            aggregate: wire.aggregate.parse()?,
            day: wire.day.parse().map_err(|e| format!("day: {e}"))?,
            partition: wire.partition,
            key: wire.key,
            currency: wire.currency.parse().map_err(|e| format!("currency: {e}"))?,
        };
        let updated_at = unix_millis(&wire.updated_at).map_err(|e| format!("updated_at: {e}"))?;
        let sum = wire.sum.parse().map_err(|e| format!("sum: {e}"))?;
        Ok(Self { at, sum, count: wire.count, offset: wire.offset, updated_at })
    }
}

/// A Unix time in milliseconds as RFC 3339 in UTC.
pub fn instant(unix_millis: i64) -> String {
    Instant(unix_millis).to_string()
}

/// The same, where it is written.
struct Instant(i64);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = Day::of_unix_millis(self.0);
        let Some(date) = day.text() else {
            return match jiff::Timestamp::from_millisecond(self.0) {
                Ok(time) => write!(f, "{time:.3}"),
                Err(_) => write!(f, "{}", self.0),
            };
        };
        let millis = self.0 - day.start_unix_millis();
        let digit = |number: i64| b'0' + (number % 10) as u8;
        let (hours, minutes, seconds) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
        let two = |number: i64| [digit(number / 10), digit(number)];
        let ([h, hh], [m, mm], [s, ss]) = (two(hours), two(minutes), two(seconds));
        let [t, tt, ttt] = [digit(millis / 100), digit(millis / 10), digit(millis)];
        let time = [b'T', h, hh, b':', m, mm, b':', s, ss, b'.', t, tt, ttt, b'Z'];
        f.write_str(date.as_str())?;
        // Digits and marks by construction.
        f.write_str(std::str::from_utf8(&time).unwrap_or_default())
    }
}

/// A text as a string of JSON.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = self.0.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        if !is_plain {
            return f.write_str(&serde_json::to_string(self.0).unwrap_or_default());
        }
        f.write_str("\"")?;
        f.write_str(self.0)?;
        f.write_str("\"")
    }
}

/// Reads what [`instant`] wrote.
///
/// # Errors
/// What does not read.
pub(crate) fn unix_millis(text: &str) -> Result<i64, String> {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(time.as_millisecond()),
        Err(error) => text.parse().map_err(|_| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_has_this_form_on_the_compacted_topic_and_reads_back() {
        let row = Row {
            at: RowKey {
                aggregate: Aggregate::Daily,
                day: "2026-11-22".parse().unwrap(),
                partition: 3,
                key: "HR123".into(),
                currency: "EUR".parse().unwrap(),
            },
            sum: "125.00".parse().unwrap(),
            count: 2,
            offset: 17,
            updated_at: 1_795_375_181_500,
        };
        assert_eq!(row.at.topic_key(), r#"["daily","2026-11-22","HR123","EUR",3]"#);
        assert_eq!(
            row.topic_value(),
            r#"{"aggregate":"daily","day":"2026-11-22","key":"HR123","currency":"EUR","partition":3,"sum":"125.00","count":2,"offset":17,"updated_at":"2026-11-22T19:19:41.500Z"}"#
        );
        assert_eq!(RowKey::from_topic_key(row.at.topic_key().as_bytes()).as_ref(), Some(&row.at));
        assert_eq!(Row::from_topic_value(row.topic_value().as_bytes()), Ok(row));
    }

    proptest! {
        #[test]
        fn any_row_reads_back_from_json(
            key in "\\PC{0,8}|[\\x00-\\x7f]{0,8}",
            (day, partition, offset) in (-719_162_i32..2_932_896, any::<u32>(), any::<u64>()),
            (units, count) in (any::<i64>(), any::<u64>()),
            updated_at in -62_135_596_800_000_i64..253_402_207_200_999,
        ) {
            let (day, currency) = (Day::from_epoch_days(day), "EUR".parse().unwrap());
            let at = RowKey { aggregate: Aggregate::Counted, day, partition, key, currency };
            let sum = Sum::from_units(i128::from(units) * i128::from(count >> 20));
            let row = Row { at, sum, count, offset, updated_at };
            prop_assert_eq!(RowKey::from_topic_key(row.at.topic_key().as_bytes()), Some(row.at.clone()));
            let time = jiff::Timestamp::from_millisecond(updated_at).unwrap();
            prop_assert_eq!(instant(updated_at), format!("{time:.3}"));
            prop_assert_eq!(Row::from_topic_value(row.topic_value().as_bytes()), Ok(row));
        }
    }
}
