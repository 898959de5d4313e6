//! The dead letters: listing the newest, showing one whole, and taking them out to be mended and replayed.

mod position;

mod letter;

mod filter;
mod listing;
mod shown;

mod newest;

mod transaction;

mod mended;
mod original;
mod pick;
mod pile;

pub use filter::Filter;
pub use letter::{DeadLetter, Glimpse};
pub use listing::{Listing, list};
pub use mended::{Mended, Refused};
pub use newest::Newest;
pub use original::Original;
pub use pick::{each, pick};
pub use pile::{Firsts, Pile};
pub use position::Position;
pub use shown::{Shown, show};
