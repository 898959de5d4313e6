//! An event on its way from the thread that polls to the one who takes it.

use std::sync::Arc;

use rdkafka::consumer::ConsumerGroupMetadata;

use crate::port::Committed;
use crate::records::Record;

/// With what it does to the ownership once it was seen.
pub(super) enum Delivery {
    Assigned(Vec<(u32, Option<Committed>)>, Arc<ConsumerGroupMetadata>),
    Revoked(Vec<u32>),
    Records(Vec<Record>),
}
