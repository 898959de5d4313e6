//! Reading the sums: a day's totals and top keys, one key's sums, all generations' rows added up, and what to know of them.

mod key_sums;
mod order;
mod total;
mod warnings;

mod day_sums;
mod reader;

pub use day_sums::DaySums;
pub use key_sums::{KeySum, KeySums};
pub use order::{Order, Top};
pub use reader::Reader;
pub use total::Total;
