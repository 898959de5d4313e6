//! Records as a test writes them, and a fold that gets them as the aggregator gives them.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::fold::{Fold, Horizon, Verdict};
use crate::identity::Identity;
use crate::number::{MessageNumber, RecordNumber, Run};
use crate::record::{Entry, Unreadable};
use crate::row::{Row, RowKey};

pub(super) const MILLIS_PER_DAY: i64 = 86_400_000;
pub(super) const HORIZON: Horizon = Horizon { past: 2, future: 1 };

/// One record: who, what, when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) message: u64,
    pub(super) ordinal: u32,
    pub(super) id: u8,
    pub(super) day: i32,
    pub(super) amount: i32,
    pub(super) log_day: i64,
}

impl Sent {
    pub(super) fn entry(self) -> Result<Entry<'static>, Unreadable> {
        let message = MessageNumber { run: Run(1), sequence: self.message };
        Ok(Entry {
            number: RecordNumber { message, ordinal: self.ordinal },
            identity: Identity::of(self.partner(), "json", &self.id.to_string()),
            partner: self.partner().into(),
            day: Day::from_epoch_days(self.day),
            key: self.key().into(),
            amount: self.amount.to_string().parse().unwrap(),
            currency: self.currency().parse().unwrap(),
        })
    }

    pub(super) fn number(self) -> (u64, u32) {
        (self.message, self.ordinal)
    }

    pub(super) fn appended(self) -> i64 {
        self.log_day * MILLIS_PER_DAY + 1
    }

    pub(super) fn partner(self) -> &'static str {
        ["one", "two", "three"][usize::from(self.id % 3)]
    }

    pub(super) fn key(self) -> String {
        format!("key-{}", self.id % 11)
    }

    pub(super) fn currency(self) -> &'static str {
        if self.id.is_multiple_of(5) { "HRK" } else { "EUR" }
    }
}

pub(super) fn sent(message: u64, id: u8, day: i32, amount: i32, log_day: i64) -> Sent {
    Sent { message, ordinal: 0, id, day, amount, log_day }
}

pub(super) fn fold() -> Fold {
    Fold::new(3, HORIZON)
}

pub(super) fn give(fold: &mut Fold, offset: usize, sent: Sent) -> Verdict {
    fold.apply(offset as u64, sent.appended(), &sent.entry()).unwrap()
}

pub(super) fn flush(fold: &mut Fold, store: &mut BTreeMap<RowKey, Row>) {
    for row in fold.take_rows() {
        let newer = store.get(&row.at).is_none_or(|old| old.offset <= row.offset);
        if newer {
            store.insert(row.at.clone(), row);
        }
    }
}

/// What becomes of each record, folded from the first one on.
pub(super) fn verdicts(all: &[Sent]) -> Vec<Verdict> {
    let mut fold = fold();
    all.iter().enumerate().map(|(offset, sent)| give(&mut fold, offset, *sent)).collect()
}
