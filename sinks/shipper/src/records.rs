//! Makes the records of a message.

use std::borrow::Cow;

use bytes::Bytes;
use tallygate_core::envelope::{self, Head, Line};
use tallygate_core::{Generation, Identity, PartitionBy, partition, record};
use tallygate_stream::NewRecord;

use crate::limits::UNREADABLE_BYTES;
use crate::metrics::ShipperMetrics;

/// Makes records for one generation of the log.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    by: PartitionBy,
    partitions: u32,
    generation: u32,
    metrics: ShipperMetrics,
}

impl Records {
    pub(crate) fn new(generation: &Generation, metrics: ShipperMetrics) -> Self {
        let plan = &generation.plan;
        Self { by: plan.partition_by, partitions: plan.partitions, generation: generation.number, metrics }
    }

    /// One record for each transaction of the message, its value the line as it stands there.
    ///
    /// What does not read is shipped as it is: it must neither be lost nor hold up what is behind it, and the fold puts
    /// it with the dead letters.
    pub(crate) fn add(&self, message: &Bytes, records: &mut Vec<NewRecord>) {
        let envelope = match envelope::decode(message) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::error!(%error, bytes = message.len(), "a message does not read, it becomes a dead letter");
                let generation = vec![(record::GENERATION, self.generation.to_string())];
                records.push(self.unreadable(message, generation));
                return;
            }
        };
        for (ordinal, json) in (0..).zip(envelope.lines()) {
            let value = message.slice_ref(json.as_bytes());
            records.push(match Line::read(json) {
                Ok(line) => self.record(message, &envelope.head, &line, ordinal, value),
                Err(error) => {
                    tracing::error!(number = %envelope.head.number, ordinal, %error, "a transaction does not read, it becomes a dead letter");
                    let nothing = Line { id: "".into(), time: "".into(), key: "".into(), kind: "".into() };
                    self.unreadable(&value, record::headers(&envelope.head, &nothing, ordinal, self.generation))
                }
            });
        }
    }

    fn record(&self, message: &Bytes, head: &Head<'_>, line: &Line<'_>, ordinal: u32, value: Bytes) -> NewRecord {
        let identity = match self.by {
            PartitionBy::Key => Identity(0),
            PartitionBy::Id => Identity::of(&head.partner, &head.policy, &line.id),
        };
        NewRecord {
            partition: partition::partition(self.by, &line.key, identity, self.partitions),
            key: match &line.key {
                Cow::Borrowed(key) => message.slice_ref(key.as_bytes()),
                Cow::Owned(key) => Bytes::copy_from_slice(key.as_bytes()),
            },
            headers: bytes(record::headers(head, line, ordinal, self.generation)),
            value,
        }
    }

    /// Always to the same partition, that of the empty key.
    fn unreadable(&self, value: &Bytes, headers: Vec<(&'static str, String)>) -> NewRecord {
        self.metrics.unreadable.inc();
        NewRecord {
            partition: partition::partition(PartitionBy::Key, "", Identity(0), self.partitions),
            key: Bytes::new(),
            headers: bytes(headers),
            value: value.slice(..value.len().min(UNREADABLE_BYTES)),
        }
    }
}

fn bytes(headers: Vec<(&'static str, String)>) -> Vec<(&'static str, Bytes)> {
    headers.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{generation, message};

    fn records(by: PartitionBy, message: &Bytes) -> Vec<NewRecord> {
        let mut all = Vec::new();
        Records::new(&generation(by), ShipperMetrics::default()).add(message, &mut all);
        all
    }

    #[test]
    fn each_line_is_a_record_as_the_fold_reads_it() {
        let message = message(7, &[("a", "key \" one"), ("b", "two")]);
        let records = records(PartitionBy::Key, &message);
        assert_eq!(records.len(), 2);
        for (ordinal, record) in records.iter().enumerate() {
            assert_eq!(record.headers[0].0, record::NUMBER);
            assert_eq!(record.headers[1].0, record::POLICY);
            let entry =
                record::Entry::read(Some(&record.headers[0].1), Some(&record.headers[1].1), &record.value).unwrap();
            assert_eq!((entry.number.message.sequence, entry.number.ordinal as usize), (7, ordinal));
            assert_eq!(entry.key.as_bytes(), record.key);
            let by_key = partition::partition(PartitionBy::Key, &entry.key, Identity(0), 4);
            assert_eq!(record.partition, by_key);
        }
    }

    #[test]
    fn rule_5_by_id_the_partition_is_that_of_the_identity() {
        let message = message(7, &[("a", "k"), ("b", "k"), ("c", "k"), ("d", "k")]);
        for (record, id) in records(PartitionBy::Id, &message).iter().zip(["a", "b", "c", "d"]) {
            let identity = Identity::of("shop-1", "json", id);
            assert_eq!(record.partition, partition::partition(PartitionBy::Id, "k", identity, 4));
        }
    }

    #[test]
    fn what_does_not_read_is_shipped_as_it_is_without_a_number() {
        let garbage = Bytes::from(vec![0xFF; UNREADABLE_BYTES + 1]);
        let records = records(PartitionBy::Key, &garbage);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].value, garbage.slice(..UNREADABLE_BYTES));
        assert_eq!(records[0].headers, [(record::GENERATION, Bytes::from("1"))]);
    }

    #[test]
    fn a_line_that_does_not_read_keeps_its_number_and_its_neighbours() {
        let whole = message(7, &[("a", "k"), ("b", "k")]);
        let text = String::from_utf8(whole.to_vec()).unwrap();
        let (head, lines) = text.split_once('\n').unwrap();
        let broken = Bytes::from(format!("{head}\n{{not json\n{lines}"));
        let records = records(PartitionBy::Key, &broken);
        assert_eq!(records.len(), 3);
        assert_eq!(records[0].value, "{not json");
        assert!(records[0].headers[0].1.ends_with(b"/7/0"));
        assert!(records[2].headers[0].1.ends_with(b"/7/2"));
    }
}
