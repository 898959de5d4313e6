//! Rows and generations as Cassandra's types, and rows gathered into batches.

use std::collections::HashMap;

use scylla::value::{CqlDate, CqlDecimal, CqlDecimalBorrowed, CqlTimestamp};
use tallygate_core::generation::Plan;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, LogId, Row, RowKey, Sum};

use super::failure::unreadable;
use crate::limits::{BATCH_BYTES, BATCH_ROWS, ROW_BYTES};
use crate::port::SumsError;

/// Key, currency, sum, count, offset, updated_at.
pub(super) type StoredRow = (String, String, Option<CqlDecimal>, Option<i64>, Option<i64>, Option<CqlTimestamp>);

/// Number, first partition, topic, partitions, partition_by, horizon days, future days, fold rules, log, group.
pub(super) type StoredGeneration = (i32, i32, String, i32, String, i32, i32, i32, Option<String>, Option<String>);

/// Name, text, when.
pub(super) type StoredNotice = (String, Option<String>, Option<CqlTimestamp>);

type Values<'a> = (&'a str, CqlDate, i32, &'a str, &'a str, CqlDecimalBorrowed<'a>, i64, i64, CqlTimestamp, i64);

/// A sum's digits, big-endian two's complement, and their scale.
pub(super) struct Decimal {
    bytes: [u8; 16],
    first: usize,
    scale: i32,
}

/// Cassandra counts days from the middle of its range.
const EPOCH: i64 = 1 << 31;

/// Batches of one partition each, within the limits of rows and bytes.
pub(super) fn batches(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut open: HashMap<(Aggregate, Day, u32), (usize, Vec<&Row>)> = HashMap::new();
    let mut full = Vec::new();
    for row in rows {
        let bytes = ROW_BYTES + row.at.key.len();
        let place = (row.at.aggregate, row.at.day, row.at.partition);
        let (size, batch) = open.entry(place).or_default();
        if batch.len() == BATCH_ROWS || (!batch.is_empty() && *size + bytes > BATCH_BYTES) {
            full.push(std::mem::take(batch));
            *size = 0;
        }
        *size += bytes;
        batch.push(row);
    }
    full.extend(open.into_values().map(|(_, batch)| batch));
    full
}

pub(super) fn values<'a>(row: &'a Row, sum: &'a Decimal, timestamp: i64) -> Values<'a> {
    (
        row.at.aggregate.as_str(),
        date(row.at.day),
        int(row.at.partition),
        &row.at.key,
        row.at.currency.as_str(),
        CqlDecimalBorrowed::from_signed_be_bytes_slice_and_exponent(&sum.bytes[sum.first..], sum.scale),
        signed(row.count),
        signed(row.offset),
        CqlTimestamp(row.updated_at),
        timestamp,
    )
}

/// The shortest two's complement, as Java writes it: Cassandra compares equal cells byte by byte.
pub(super) fn decimal(sum: Sum) -> Decimal {
    let (unscaled, scale) = sum.unscaled();
    let bytes = unscaled.to_be_bytes();
    let fill = if unscaled < 0 { 0xff } else { 0 };
    let mut first = 0;
    while first < bytes.len() - 1 && bytes[first] == fill && (bytes[first + 1] ^ fill) & 0x80 == 0 {
        first += 1;
    }
    Decimal { bytes, first, scale: scale as i32 }
}

pub(super) fn row(stored: StoredRow, aggregate: Aggregate, day: Day, partition: u32) -> Result<Row, SumsError> {
    let (key, currency, Some(sum), Some(count), Some(offset), Some(updated_at)) = stored else {
        return Err(unreadable(format_args!(
            "a row of {aggregate} on {day} in partition {partition} is not whole; only the aggregator may write this table"
        )));
    };
    Ok(Row {
        at: RowKey {
            aggregate,
            day,
            partition,
            key,
            currency: currency.parse().map_err(|e| unreadable(format_args!("currency: {e}")))?,
        },
        sum: read_decimal(&sum)?,
        count: unsigned(count)?,
        offset: unsigned(offset)?,
        updated_at: updated_at.0,
    })
}

fn read_decimal(decimal: &CqlDecimal) -> Result<Sum, SumsError> {
    let (bytes, scale) = decimal.as_signed_be_bytes_slice_and_exponent();
    let bad = || unreadable("a sum has more digits than any sum of ours");
    if bytes.is_empty() || bytes.len() > 16 {
        return Err(bad());
    }
    let fill = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
    let mut whole = [fill; 16];
    whole[16 - bytes.len()..].copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(whole);
    let missing = u32::try_from(9 - i64::from(scale)).map_err(|_| bad())?;
    10_i128.checked_pow(missing).and_then(|factor| unscaled.checked_mul(factor)).map(Sum::from_units).ok_or_else(bad)
}

pub(super) fn store_generation(generation: &Generation) -> (i32, i32, &str, i32, String, i32, i32, i32, String, &str) {
    let Generation { number, first_partition, log, plan } = generation;
    (
        int(*number),
        int(*first_partition),
        &plan.topic,
        int(plan.partitions),
        plan.partition_by.to_string(),
        i32::from(plan.horizon_days),
        i32::from(plan.future_days),
        int(plan.fold_rules),
        log.to_string(),
        &plan.group,
    )
}

pub(super) fn generation(stored: StoredGeneration) -> Result<Generation, SumsError> {
    let (number, first_partition, topic, partitions, partition_by, past, future, rules, log, group) = stored;
    let whole = |number: i32| u32::try_from(number).map_err(unreadable);
    let days = |number: i32| u16::try_from(number).map_err(unreadable);
    Ok(Generation {
        number: whole(number)?,
        first_partition: whole(first_partition)?,
        // A generation of an earlier release has none; its rules are others too.
        log: log.map_or(Ok(LogId(0)), |log| log.parse()).map_err(unreadable)?,
        plan: Plan {
            topic,
            partitions: whole(partitions)?,
            partition_by: partition_by.parse().map_err(|e: String| unreadable(e))?,
            horizon_days: days(past)?,
            future_days: days(future)?,
            fold_rules: whole(rules)?,
            group: group.unwrap_or_default(),
        },
    })
}

pub(super) fn notice((name, text, at): StoredNotice) -> Option<Notice> {
    Some(Notice { name, text: text?, at: at?.0 })
}

pub(super) fn day(date: CqlDate) -> Day {
    Day::from_epoch_days((i64::from(date.0) - EPOCH) as i32)
}

pub(super) fn date(day: Day) -> CqlDate {
    CqlDate((i64::from(day.epoch_days()) + EPOCH) as u32)
}

/// Partition and generation numbers stay far below 2^31: Kafka's own are of that size.
pub(super) fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Counts and offsets stay below 2^63: Kafka's own offsets are of that size.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> Result<u64, SumsError> {
    u64::try_from(number).map_err(|_| unreadable(format_args!("{number} is no count and no offset")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sums_are_as_short_as_java_writes_them_and_read_back() {
        for (units, bytes) in [
            (0, vec![0]),
            (1_270_000_000, vec![127]),
            (1_280_000_000, vec![0, 128]),
            (-1_280_000_000, vec![128]),
            (-1_290_000_000, vec![255, 127]),
        ] {
            let decimal = decimal(Sum::from_units(units));
            assert_eq!((&decimal.bytes[decimal.first..], decimal.scale), (&bytes[..], 2), "{units}");
        }
        for units in [i128::MAX, i128::MIN, 10_i128.pow(36) + 1, -1, 1 - 10_i128.pow(30), 123] {
            let written = decimal(Sum::from_units(units));
            let stored =
                CqlDecimal::from_signed_be_bytes_slice_and_exponent(&written.bytes[written.first..], written.scale);
            assert_eq!(read_decimal(&stored).unwrap().units(), units);
        }
    }

    #[test]
    fn a_batch_is_of_one_partition_and_keeps_the_limits() {
        let row = |n: u32| Row {
            at: RowKey {
                aggregate: Aggregate::Daily,
                day: Day::from_epoch_days(20_000),
                partition: n % 3,
                key: "k".repeat(if n.is_multiple_of(2) { 256 } else { 1 }),
                currency: "EUR".parse().unwrap(),
            },
            sum: Sum::default(),
            count: 1,
            offset: u64::from(n),
            updated_at: 0,
        };
        let rows: Vec<Row> = (0..10_000).map(row).collect();
        let batches = batches(&rows);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), rows.len());
        for batch in batches {
            let size: usize = batch.iter().map(|row| ROW_BYTES + row.at.key.len()).sum();
            assert!(batch.len() <= BATCH_ROWS && size <= BATCH_BYTES);
            assert!(batch.iter().all(|row| row.at.partition == batch[0].at.partition));
        }
    }
}
