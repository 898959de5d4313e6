//! The role against a log and a store in memory that fail on demand, judged by one fold of the whole log.

mod by_id;
mod by_key;
mod cadence;
mod chance;
mod fake_follower;
mod fake_log;
mod fake_member;
mod fake_store;
mod kept;
mod oracle;
mod pipeline;
mod random;
mod side_by_side;
mod traffic;
mod working;
mod world;
