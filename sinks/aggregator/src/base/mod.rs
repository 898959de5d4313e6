//! What a partition is taken over with (rule 12): as it was left, or with what others folded since, or from what is kept outside of
//! this process.

mod anew;
mod left;

use tallygate_core::fold::Fold;
use tallygate_core::{Position, Row};

use self::anew::anew;
use self::left::left;
use crate::checkpoint::Unusable;
use crate::ends::Ends;
use crate::failure::Failure;
use crate::metrics::AggregatorMetrics;
use crate::partition::{Beginning, Partition, ahead_of_clock};
use crate::parts::Parts;

/// What a partition is folded on from.
pub(crate) enum Base {
    Anew(Box<Beginning>),
    /// As it was when it went.
    AsLeft(Box<Partition>),
    /// As it was when it went, with what others folded since.
    FoldedOn(Box<Beginning>),
}

/// Why a partition was not taken over.
pub(crate) enum Refusal {
    Stand(String),
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<Unusable> for Refusal {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Stand(reason) => Self::Stand(reason),
            Unusable::Stream(error) => Self::Failed(error.into()),
        }
    }
}

impl Base {
    /// Of a partition for which the group has committed this offset.
    pub(crate) async fn of(parts: &Parts, ends: &Ends, number: u32, committed: Option<u64>) -> Result<Self, Refusal> {
        match left(parts, ends, number, committed).await? {
            Some(base) => Ok(base),
            None => {
                let beginning = anew(parts, ends, number, committed).await?;
                drop(parts.kept.take(number));
                Ok(Self::Anew(Box::new(beginning)))
            }
        }
    }

    pub(crate) fn position(&self) -> &Position {
        match self {
            Self::Anew(beginning) | Self::FoldedOn(beginning) => &beginning.position,
            Self::AsLeft(partition) => partition.position(),
        }
    }

    /// Says that it is ours now, and how it came to be.
    pub(crate) fn tell(&self, number: u32, metrics: &AggregatorMetrics) {
        let Position { next, recoveries, .. } = *self.position();
        let (how, known_to) = match self {
            Self::Anew(beginning) => ("", beginning.known_to()),
            Self::AsLeft(_) => (" as it was left", None),
            Self::FoldedOn(beginning) => (" with what others folded since it was left", beginning.known_to()),
        };
        tracing::info!(partition = number, position = next, known_to, recoveries, "taken over{how}");
        metrics.kept.inc_by(u64::from(!matches!(self, Self::Anew(_))));
    }

    /// The partition, and where the log is read from for it.
    pub(crate) fn partition(self, number: u32, parts: &Parts) -> (u64, Partition) {
        match self {
            Self::Anew(beginning) | Self::FoldedOn(beginning) => {
                let from = beginning.reads_from();
                (from, Partition::new(number, parts.horizon, parts.wall.clone(), *beginning))
            }
            Self::AsLeft(mut partition) => (partition.go_on(), *partition),
        }
    }
}

/// The fold with these rows too, as they stood at a position.
fn with_rows(mut fold: Fold, position: &Position, rows: impl Iterator<Item = Row>) -> Result<Fold, String> {
    let clock = fold.clock();
    fold.go_on_from(position.clock, &position.days);
    rows.for_each(|row| fold.hold(row));
    fold.close_old_days();
    if fold.rows() != position.rows {
        return Err(format!(
            "the topic of sums holds {} rows of days that may still count, and its position at offset {} was written with {}: \
             some were lost with the topic; run `tallygate recover`",
            fold.rows(),
            position.next,
            position.rows
        ));
    }
    // Its clock is that of what it knows; the rest comes from what is learnt.
    fold.go_on_from(clock, &[]);
    Ok(fold)
}

/// Whether the log still is, and still holds, what the position needs.
fn fits(parts: &Parts, position: &Position, low: u64, high: u64) -> Result<(), String> {
    let next = position.next;
    if next > high {
        return Err(format!(
            "{next} records were folded, and the log ends at {high}: the topic was made anew, or is another; give the new one \
             a name of its own"
        ));
    }
    if next < low {
        return Err(format!(
            "the records at offsets {next} to {} are no longer in the log, and were never folded: the fold lagged behind for \
             longer than the log keeps its records; run `tallygate recover`",
            low - 1
        ));
    }
    match position.clock.filter(|clock| parts.wall.is_ahead(*clock)) {
        Some(clock) => Err(ahead_of_clock(next.saturating_sub(1), clock, parts.wall.now())),
        None => Ok(()),
    }
}
