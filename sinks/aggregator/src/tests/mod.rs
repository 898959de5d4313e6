//! The role against a log and a store in memory that fail on demand, judged by one fold of the whole log.

mod bounds;
mod by_hand;
mod chance;
mod embedded;
mod exactness;
mod fake_follower;
mod fake_log;
mod fake_store;
mod lost;
mod oracle;
mod random;
mod rules;
mod world;
