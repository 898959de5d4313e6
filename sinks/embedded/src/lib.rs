//! SQLite with one committing thread, for every embedded default.
//!
//! All writes of a file go through one thread, which puts as many of them as wait into one transaction: the price of a
//! synced commit is shared by all who wait for it. Reads run beside it on connections of their own.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test may start what it waits for"))]

mod committer;
mod data_dir;
mod database;
mod durability;
mod failure;
pub mod folders;
mod in_place;
mod interrupt;
pub mod limits;
mod private;
mod read_pool;
pub mod timeouts;
mod write;
mod write_ahead_log;

pub use committer::until_ended;
pub use data_dir::{DataDirLock, LockError, lock_data_dir};
pub use database::Database;
pub use durability::Durability;
pub use failure::DatabaseError;
pub use in_place::FileId;
pub use private::{NotPrivate, not_private};
pub use rusqlite;
pub use write::Write;
