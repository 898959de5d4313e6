//! Rows for the tests of the live page.

use tallygate_core::{Aggregate, Row, RowKey};

pub(crate) const DAY: &str = "2026-11-22";

pub(crate) fn row(key: &str, currency: &str, partition: u32, offset: u64, count: u64, sum: &str) -> Row {
    Row {
        at: RowKey {
            aggregate: Aggregate::Daily,
            day: DAY.parse().unwrap(),
            partition,
            key: key.into(),
            currency: currency.parse().unwrap(),
        },
        sum: sum.parse().unwrap(),
        count,
        offset,
        updated_at: 9_000,
    }
}

pub(crate) fn counted(partner: &str, currency: &str, partition: u32, offset: u64, count: u64, sum: &str) -> Row {
    let mut row = row(partner, currency, partition, offset, count, sum);
    row.at.aggregate = Aggregate::Counted;
    row
}
