//! What a format has to say of a path in a description.

use tallygate_policy::ConfigFault;
use tallygate_policy::config::{Config, Given, Shape};

/// A path as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// A text.
    Text(String),
    /// A number, as of a column.
    Number(u64),
}

/// What a path is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A text of some kind.
    Text,
    /// An amount.
    Amount,
    /// A total, which may stand behind the records.
    Total,
    /// All that a record has of attributes; for formats that take [`Defaults::open_attributes`](crate::Defaults).
    Attributes,
}

/// The paths of a description: each leads to a cell, and has the same when it comes again.
pub trait Paths {
    /// What a path looks like: `the name or the number of a column`.
    const RIGHT: &'static str;

    /// The cell of a path.
    ///
    /// # Errors
    /// When it cannot be one, at the place where it stands.
    fn cell(&mut self, at: &str, path: Path, to_be: Use) -> Result<usize, ConfigFault>;

    /// The cell of a path that is written as a table of the format's own, such as `{ head = 2 }`; none where it is none.
    ///
    /// # Errors
    /// As of [`cell`](Paths::cell).
    fn of_section(&mut self, section: &mut Config, to_be: Use) -> Result<Option<usize>, ConfigFault> {
        let _ = (section, to_be);
        Ok(None)
    }

    /// How far down a cell belongs: 0 to the message, as many as [`depth`](Paths::depth) to the record.
    fn level(&self, cell: usize) -> usize;

    /// How many levels there are above that of the records.
    fn depth(&self) -> usize;

    /// How many cells there are.
    fn cells(&self) -> usize;
}

/// Reads a path that stands alone.
pub(crate) fn plain<P: Paths>(given: Given, paths: &mut P, to_be: Use) -> Result<usize, ConfigFault> {
    let wrong = given.other_than(P::RIGHT);
    match given.shape() {
        (at, Shape::Text(path)) => paths.cell(&at, Path::Text(path), to_be),
        (at, Shape::Number(path)) => paths.cell(&at, Path::Number(path), to_be),
        (_, Shape::Section(mut section)) => {
            let cell = paths.of_section(&mut section, to_be)?.ok_or(wrong)?;
            section.finish()?;
            Ok(cell)
        }
        _ => Err(wrong),
    }
}
