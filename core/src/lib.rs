//! The domain of Tallygate, pure: transactions, money, days, numbers, the fold. It does no I/O and knows no clock.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod checkpoint;
pub mod day;
pub mod envelope;
pub mod fold;
pub mod generation;
pub mod identity;
pub mod limits;
pub mod moment;
pub mod money;
pub mod notice;
pub mod number;
mod own_json;
pub mod partition;
pub mod record;
pub mod row;
pub mod sums_record;
pub mod transaction;
pub mod work;

pub use checkpoint::Position;
pub use day::Day;
pub use generation::{Generation, LogId, PartitionBy};
pub use identity::Identity;
pub use money::{Amount, Currency, Sum};
pub use number::{MessageNumber, RecordNumber, Run};
pub use row::{Aggregate, Row, RowKey};
pub use sums_record::SumsRecord;
pub use transaction::{Draft, Transaction, Violation};
pub use work::Work;
