//! An event on its way from the thread that polls to the one who takes it.

use std::sync::Arc;

use rdkafka::consumer::ConsumerGroupMetadata;

/// With what it does to the ownership once it was seen.
pub(super) enum Delivery {
    Assigned(Vec<(u32, Option<u64>)>, Arc<ConsumerGroupMetadata>),
    Revoked(Vec<u32>),
}
