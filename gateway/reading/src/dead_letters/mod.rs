//! The dead letters: listing the newest, and showing one whole.

mod position;

mod letter;

mod filter;
mod listing;
mod shown;

pub use filter::Filter;
pub use letter::{DeadLetter, Glimpse};
pub use listing::{Listing, list};
pub use position::Position;
pub use shown::{Shown, show};
