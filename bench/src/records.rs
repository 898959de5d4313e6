//! The records of a log that is folded.

use std::ops::Range;

use anyhow::Result;
use tallygate_core::envelope::{Head, Line};
use tallygate_core::record::MessageHeaders;
use tallygate_core::{Draft, Identity, MessageNumber, PartitionBy, Run, Transaction, partition};
use tallygate_stream::{NewHeaders, NewRecord, Stream};

use crate::log::draft;

/// Among which the records are spread.
pub const KEYS: u64 = 100_000;
const BATCH: usize = 5_000;

/// What of a record is made of its transaction.
pub struct Made {
    pub key: String,
    pub number: String,
    pub value: String,
}

pub fn made(n: u64) -> Result<Made> {
    made_of(n, draft(n, KEYS, 0))
}

fn made_of(n: u64, draft: Draft) -> Result<Made> {
    let transaction = Transaction::check_all(vec![draft], "shop-1", &"UTC".parse()?)?.remove(0);
    Ok(Made { key: transaction.key, number: format!("{}/{n}/0", Run(7)), value: transaction.json })
}

/// Appends those with these numbers.
pub async fn fill(stream: &dyn Stream, numbers: Range<u64>) -> Result<()> {
    for start in numbers.clone().step_by(BATCH) {
        let batch = start..numbers.end.min(start + BATCH as u64);
        stream.append(batch.map(|n| record(n, made(n)?)).collect::<Result<_>>()?).await?;
    }
    Ok(())
}

/// One under a key that is said.
pub fn record_of_key(n: u64, key: String) -> Result<NewRecord> {
    record(n, made_of(n, Draft { key, ..draft(n, KEYS, 0) })?)
}

fn record(n: u64, made: Made) -> Result<NewRecord> {
    let head = Head {
        number: MessageNumber { run: Run(7), sequence: n },
        partner: "shop-1".into(),
        policy: "json".into(),
        version: "0".repeat(64).into(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
    };
    let line = Line::read(&made.value)?;
    let headers = MessageHeaders::new(head, 1);
    let headers = headers.of(&line, 0);
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_bytes()));
    Ok(NewRecord {
        partition: partition::partition(PartitionBy::Key, &made.key, Identity(0), 4),
        key: made.key.into_bytes().into(),
        headers: NewHeaders::of(&headers),
        value: made.value.into(),
    })
}
