//! How far each log partition was folded, and which append times hold, as the topic of sums has it.

use std::collections::BTreeMap;

use tallygate_core::checkpoint::POSITION;
use tallygate_core::{Day, Position};
use tallygate_stream::{Stream, StreamError, Topic};

use super::damage::Damage;
use crate::scan::scan;

/// The last position of each log partition; a log that was folded by an older release has none.
#[derive(Default)]
pub(super) struct Positions {
    /// By the log partition's number.
    numbered: BTreeMap<u32, Position>,
    /// What cannot be read.
    pub(super) damage: Damage,
}

impl Positions {
    pub(super) async fn read(stream: &dyn Stream) -> Result<Self, StreamError> {
        // How every position begins, so that the many rows beside it need not be read.
        let beginning = format!(r#"{{"aggregate":"{POSITION}""#);
        let mut positions = Self::default();
        scan(stream, Topic::DailySums, &[], |record| {
            if !record.value().starts_with(beginning.as_bytes()) {
                return;
            }
            match Position::from_topic_value(record.value()) {
                Ok(position) => drop(positions.numbered.insert(position.partition, position)),
                Err(problem) => positions.damage.add(format!(
                    "topic of sums, {}/{}: a position does not read: {problem}",
                    record.partition, record.offset
                )),
            }
        })
        .await?;
        Ok(positions)
    }

    /// Of the log partition of this number.
    pub(super) fn numbered(&self, number: u32) -> Option<&Position> {
        self.numbered.get(&number)
    }

    /// Of a partition of the log as it is now.
    pub(super) fn of(&self, partition: u32) -> Option<&Position> {
        let newest = self.numbered.values().map(|position| position.generation.number).max()?;
        self.numbered.values().find(|position| {
            let generation = &position.generation;
            generation.number == newest && generation.first_partition.checked_add(partition) == Some(position.partition)
        })
    }

    /// Whether the topic must still hold every row of the day: the fold may yet add to them.
    pub(super) fn is_open(&self, number: u32, day: Day) -> bool {
        let Some((position, clock)) = self.numbered(number).and_then(|position| Some((position, position.clock?)))
        else {
            return false;
        };
        day >= position.generation.plan.horizon().first(Day::of_unix_millis(clock))
    }
}
