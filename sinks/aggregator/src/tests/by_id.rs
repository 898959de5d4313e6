//! The suites over records that are spread by id.
#![allow(clippy::duplicate_mod, reason = "they run with the other spread too")]

use tallygate_core::PartitionBy;

const SPREAD: PartitionBy = PartitionBy::Id;

#[path = "bounds.rs"]
mod bounds;
#[path = "by_hand.rs"]
mod by_hand;
#[path = "embedded.rs"]
mod embedded;
#[path = "exactness.rs"]
mod exactness;
#[path = "lost.rs"]
mod lost;
#[path = "rules.rs"]
mod rules;
