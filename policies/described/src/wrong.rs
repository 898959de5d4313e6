//! Why a message is not taken: as it is told, or as what is wrong with a cell of a record.

use std::borrow::Cow;

use tallygate_policy::Refusal;

use crate::Format;

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Wrong {
    /// The refusal as it is.
    Told(Refusal),
    /// Something with a record, whose name only the format knows.
    Record {
        /// The refusal's code.
        code: &'static str,
        /// What is wrong and what would be right.
        detail: Cow<'static, str>,
        /// With which cell; none: the record as a whole.
        cell: Option<usize>,
        /// Where the record is.
        place: Vec<u32>,
        /// The record's id, if it could be told.
        id: Option<String>,
    },
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Self::Told(refusal)
    }
}

/// What is wrong with a record, before it is known which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) cell: Option<usize>,
}

impl Fault {
    #[cold]
    pub(crate) fn new(cell: Option<usize>, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), cell }
    }

    #[cold]
    pub(crate) fn missing(cell: Option<usize>) -> Self {
        Self::new(cell, "field-missing", "it is missing")
    }

    /// The fault as one of the record at a place.
    #[cold]
    pub(crate) fn of(self, place: &[u32], id: Option<String>) -> Wrong {
        let Self { code, detail, cell } = self;
        Wrong::Record { code, detail, cell, place: place.to_vec(), id }
    }
}

impl Wrong {
    /// What the partner is told, and the id of the record that was refused.
    #[cold]
    pub(crate) fn refusal(self, format: &impl Format) -> (Refusal, Option<String>) {
        match self {
            Self::Told(refusal) => (refusal, None),
            Self::Record { code, detail, cell, place, id } => {
                let name = format.name(cell, &place);
                (Refusal::new(422, code, format!("`{name}`: {detail}")).at(name), id)
            }
        }
    }
}
