//! The language in which operators describe messages, `docs/formats/described.md`, and what becomes of a record by it.
//!
//! A format, such as the policy `csv`, knows what a path is ([`Paths`]) and reads messages ([`Format`]): it puts what stands at
//! the paths into [`Rows`], one a record. All that follows from there is the same for every format.

mod amount;
mod dates;
mod description;
mod fields;
mod filter;
mod paths;
mod policy;
mod reply;
mod rows;
mod schema;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod totals;
mod value;
mod writing;
mod wrong;

pub use description::{Defaults, Description};
pub use paths::{Path, Paths, Use};
pub use policy::{fault, handle};
pub use rows::{Made, Rows};
pub use schema::schema;
pub use wrong::Wrong;

/// A format that is described.
pub trait Format {
    /// What was configured.
    fn description(&self) -> &Description;

    /// Reads a message. With `origins`, where each transaction came from is told too.
    ///
    /// # Errors
    /// When the message is not of the format, or not as it was described.
    fn read(&self, message: &[u8], origins: bool) -> Result<Made, Wrong>;

    /// What partners call a place: the cell of a record, or the record itself.
    fn name(&self, cell: Option<usize>, place: &[u32]) -> String;
}
