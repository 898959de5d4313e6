//! Makes the records of a message.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use tallygate_core::envelope::{self, BadEnvelope, Line};
use tallygate_core::record::{self, MessageHeaders};
use tallygate_core::{Generation, Identity, PartitionBy, partition};
use tallygate_stream::{NewHeaders, NewRecord};

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

    /// One record for each transaction of the message, its value the line as it stands there, each with what the message
    /// calls it; of those in `chosen` alone, where some are. Each is made when it is asked for.
    ///
    /// What does not read is shipped as it is: it must neither be lost nor hold up what is behind it, and the fold puts
    /// it with the dead letters.
    ///
    /// # Errors
    /// When another release wrote the message: that one reads it.
    pub(crate) fn of<'m>(
        &'m self,
        message: &'m Bytes,
        chosen: Option<&[u32]>,
    ) -> Result<Box<dyn Iterator<Item = (u32, NewRecord)> + Send + 'm>, BadEnvelope> {
        let is_first = chosen.is_none();
        let chosen: Option<BTreeSet<u32>> = chosen.map(|chosen| chosen.iter().copied().collect());
        let is_chosen = move |ordinal: &u32| chosen.as_ref().is_none_or(|chosen| chosen.contains(ordinal));
        let envelope = match envelope::decode(message) {
            Ok(envelope) => envelope,
            Err(foreign @ BadEnvelope::Format(_)) => return Err(foreign),
            Err(error) => {
                if is_first {
                    tracing::error!(%error, bytes = message.len(), "a message does not read, it becomes a dead letter");
                    self.metrics.unreadable.inc();
                }
                let parts = (0..).zip(self.unreadable(message)).filter(move |(ordinal, _)| is_chosen(ordinal));
                return Ok(Box::new(parts));
            }
        };
        let headers = MessageHeaders::new(envelope.head.clone(), self.generation);
        let lines = (0..).zip(envelope.lines()).filter(move |(ordinal, _)| is_chosen(ordinal));
        Ok(Box::new(lines.flat_map(move |(ordinal, json)| {
            let value = message.slice_ref(json.as_bytes());
            let mut more = Vec::new();
            let record = match Line::read(json) {
                Ok(line) => self.record(message, &headers, &line, ordinal, value),
                Err(error) => {
                    if is_first {
                        tracing::error!(number = %headers.head().number, ordinal, %error, "a transaction does not read, it becomes a dead letter");
                        self.metrics.unreadable.inc();
                    }
                    let nothing = Line { id: "".into(), time: "".into(), key: "".into(), kind: "".into() };
                    let mut parts = self.parts(value, &headers.of(&nothing, ordinal));
                    let first = parts.next();
                    more.extend(parts);
                    first.unwrap_or_default()
                }
            };
            std::iter::once(record).chain(more).map(move |record| (ordinal, record))
        })))
    }

    /// What the message calls each of its records, and how large its value is.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(crate) fn sizes(&self, message: &Bytes) -> Result<Vec<(u32, usize)>, BadEnvelope> {
        match envelope::decode(message) {
            Ok(envelope) => Ok((0..).zip(envelope.lines().map(str::len)).collect()),
            Err(foreign @ BadEnvelope::Format(_)) => Err(foreign),
            Err(_) => Ok((0..).zip(self.unreadable(message).map(|record| record.value.len())).collect()),
        }
    }

    /// How many partitions they are spread over.
    pub(crate) fn partitions(&self) -> usize {
        self.partitions as usize
    }

    fn record(
        &self,
        message: &Bytes,
        headers: &MessageHeaders<'_>,
        line: &Line<'_>,
        ordinal: u32,
        value: Bytes,
    ) -> NewRecord {
        let head = headers.head();
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
            headers: NewHeaders::of(
                &headers.of(line, ordinal).each_ref().map(|(name, value)| (*name, value.as_bytes())),
            ),
            value,
        }
    }

    /// A message that does not read, whole.
    fn unreadable<'m>(&'m self, message: &'m Bytes) -> impl Iterator<Item = NewRecord> + use<'m> {
        self.parts(message.clone(), &[(record::GENERATION, self.generation.to_string().into())])
    }

    /// What does not read, in as many parts as it takes, none of them larger than a record may be. One number is one record's:
    /// the first part has it.
    fn parts<'m>(
        &'m self,
        whole: Bytes,
        headers: &[(&'static str, Cow<'_, str>)],
    ) -> impl Iterator<Item = NewRecord> + use<'m> {
        let parts = whole.len().div_ceil(UNREADABLE_BYTES).max(1);
        let headers: Vec<(&'static str, String)> =
            headers.iter().map(|(name, value)| (*name, value.clone().into_owned())).collect();
        (0..parts).map(move |part| {
            let from = part * UNREADABLE_BYTES;
            let value = whole.slice(from..whole.len().min(from + UNREADABLE_BYTES));
            let mut headers = headers.clone();
            if parts > 1 {
                headers.retain(|(name, _)| part == 0 || *name != record::NUMBER);
                headers.push((record::PART, format!("{}/{parts}", part + 1)));
            }
            self.dead(value, &headers)
        })
    }

    /// Always to the same partition, that of the empty key.
    fn dead(&self, value: Bytes, headers: &[(&'static str, String)]) -> NewRecord {
        NewRecord {
            partition: partition::partition(PartitionBy::Key, "", Identity(0), self.partitions),
            key: Bytes::new(),
            headers: NewHeaders::of(headers),
            value,
        }
    }
}

/// What a message is called where it is told of.
pub(crate) fn name(message: &[u8]) -> String {
    match envelope::decode(message) {
        Ok(envelope) => format!("message {}", envelope.head.number),
        Err(_) => "a message that does not read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
    use super::*;
    use crate::tests::{generation, message};

    fn records(by: PartitionBy, message: &Bytes) -> Vec<NewRecord> {
        let records = Records::new(&generation(by), ShipperMetrics::default());
        records.of(message, None).unwrap().map(|(_, record)| record).collect()
    }

    fn header(record: &NewRecord, place: usize) -> (&str, &[u8]) {
        record.headers.iter().nth(place).unwrap()
    }

    #[test]
    fn each_line_is_a_record_as_the_fold_reads_it() {
        let message = message(7, &[("a", "key \" one"), ("b", "two")]);
        let records = records(PartitionBy::Key, &message);
        assert_eq!(records.len(), 2);
        for (ordinal, record) in records.iter().enumerate() {
            let [number, policy] = [header(record, 0), header(record, 1)];
            assert_eq!([number.0, policy.0], [record::NUMBER, record::POLICY]);
            let entry = record::Entry::read(Some(number.1), Some(policy.1), &record.value).unwrap();
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
        let garbage = Bytes::from_static(b"\xFF\xFE");
        let records = records(PartitionBy::Key, &garbage);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].value, garbage);
        assert_eq!(records[0].headers, NewHeaders::of(&[(record::GENERATION, "1")]));
    }

    #[test]
    fn nothing_is_cut_off_what_does_not_read_however_large_it_is() {
        let garbage: Bytes = (0..UNREADABLE_BYTES * 2 + 1).map(|n| n as u8 | 0x80).collect::<Vec<u8>>().into();
        let records = records(PartitionBy::Key, &garbage);
        let values: Vec<&[u8]> = records.iter().map(|record| &record.value[..]).collect();
        assert_eq!(values.concat(), garbage);
        for (part, record) in (1..).zip(&records) {
            assert!(record.value.len() <= UNREADABLE_BYTES);
            assert_eq!(header(record, 1), (record::PART, format!("{part}/3").as_bytes()));
        }
    }

    #[test]
    fn the_records_that_are_chosen_are_made_alone() {
        let message = message(7, &[("a", "k"), ("b", "k"), ("c", "k")]);
        let all = records(PartitionBy::Key, &message);
        let records = Records::new(&generation(PartitionBy::Key), ShipperMetrics::default());
        let chosen: Vec<(u32, Bytes)> =
            records.of(&message, Some(&[2, 0])).unwrap().map(|(ordinal, record)| (ordinal, record.value)).collect();
        assert_eq!(chosen, [(0, all[0].value.clone()), (2, all[2].value.clone())]);
    }

    #[test]
    fn a_message_of_another_release_is_none_that_does_not_read() {
        let ours = String::from_utf8(message(7, &[("a", "k")]).to_vec()).unwrap();
        let theirs = Bytes::from(ours.replacen(":1,", ":2,", 1));
        let records = Records::new(&generation(PartitionBy::Key), ShipperMetrics::default());
        assert!(records.of(&theirs, None).is_err_and(|error| error.to_string().contains("format 2")));
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
        assert!(header(&records[0], 0).1.ends_with(b"/7/0"));
        assert!(header(&records[2], 0).1.ends_with(b"/7/2"));
    }

    #[test]
    fn nothing_is_cut_off_a_line_that_does_not_read_however_large_it_is() {
        let text = String::from_utf8(message(7, &[("a", "k"), ("b", "k")]).to_vec()).unwrap();
        let (head, lines) = text.split_once('\n').unwrap();
        let line = "x".repeat(UNREADABLE_BYTES * 2 + 1);
        let records = records(PartitionBy::Key, &Bytes::from(format!("{head}\n{line}\n{lines}")));
        assert_eq!(records.len(), 5);
        let whole: Vec<&[u8]> = records[..3].iter().map(|record| &record.value[..]).collect();
        assert_eq!(whole.concat(), line.as_bytes());
        for (at, record) in records[..3].iter().enumerate() {
            let header = |wanted| record.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
            assert!(record.value.len() <= UNREADABLE_BYTES);
            assert_eq!(header(record::NUMBER).is_some(), at == 0, "another with the number would be a redelivery");
            assert_eq!(header(record::PART).unwrap(), format!("{}/3", at + 1).as_bytes());
        }
    }
}
