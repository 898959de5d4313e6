//! A count and a sum, and how far two of them are apart.

use serde::Serialize;
use tallygate_core::Sum;

use crate::text::as_text;

/// A count and a sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Transactions.
    pub count: u64,
    /// What they add up to.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
}

/// How far a count and a sum are off, accepted less accounted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Transactions: above 0 they are lost, below 0 counted too often.
    pub count: i64,
    /// What they add up to.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
}

impl Figures {
    /// So much more.
    pub(super) fn add(&mut self, count: u64, sum: Sum) {
        self.count += count;
        self.sum = self.sum + sum;
    }

    /// As much more.
    pub(super) fn add_all(&mut self, other: Self) {
        self.add(other.count, other.sum);
    }

    /// What is left without those.
    pub(super) fn without(self, other: Self) -> Self {
        Self { count: self.count.saturating_sub(other.count), sum: self.sum - other.sum }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.count, self.sum)
    }
}
