//! How many replicas must answer.

use std::fmt;
use std::str::FromStr;

use scylla::statement;

/// How many replicas must answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// One.
    One,
    /// Two.
    Two,
    /// Three.
    Three,
    /// A majority of all.
    Quorum,
    /// All.
    All,
    /// A majority of those in the coordinator's data centre.
    #[default]
    LocalQuorum,
    /// One of those in the coordinator's data centre.
    LocalOne,
}

/// All that both reads and writes can have, by Cassandra's own names.
const NAMES: [(&str, Consistency); 7] = [
    ("ONE", Consistency::One),
    ("TWO", Consistency::Two),
    ("THREE", Consistency::Three),
    ("QUORUM", Consistency::Quorum),
    ("ALL", Consistency::All),
    ("LOCAL_QUORUM", Consistency::LocalQuorum),
    ("LOCAL_ONE", Consistency::LocalOne),
];

impl Consistency {
    /// Whether those of one data centre alone are asked.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Self::LocalQuorum | Self::LocalOne)
    }

    /// How many answer, where that is a number of its own; the others are a majority, or all.
    pub(super) fn answers(self) -> Option<u32> {
        match self {
            Self::One | Self::LocalOne => Some(1),
            Self::Two => Some(2),
            Self::Three => Some(3),
            Self::Quorum | Self::All | Self::LocalQuorum => None,
        }
    }

    /// As the driver knows it.
    pub(super) fn of_driver(self) -> statement::Consistency {
        match self {
            Self::One => statement::Consistency::One,
            Self::Two => statement::Consistency::Two,
            Self::Three => statement::Consistency::Three,
            Self::Quorum => statement::Consistency::Quorum,
            Self::All => statement::Consistency::All,
            Self::LocalQuorum => statement::Consistency::LocalQuorum,
            Self::LocalOne => statement::Consistency::LocalOne,
        }
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, consistency)| consistency == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Consistency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, consistency)| *consistency).ok_or_else(|| {
            format!(
                "{text:?} is no consistency for both reading and writing: ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM or \
                 LOCAL_ONE would be right"
            )
        })
    }
}
