//! The polling of a member: records are handed on as fast as they are taken, and the group hears of us all the while.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::batch::{Stopped, poll_batch};
use super::delivery::Delivery;
use super::member::Member;
use crate::port::StreamError;
use crate::records::Packer;
use crate::timeouts::{KAFKA_FULL, KAFKA_POLL};

/// Polls until nobody takes any more. Dropping the consumer leaves the group.
pub(super) fn poll(consumer: &BaseConsumer<Member>) {
    let member = Arc::clone(consumer.context());
    let mut packer = Packer::default();
    while !member.handover.is_over() {
        if let Err(error) = turn(consumer, &member, &mut packer) {
            member.handover.fail(error);
        }
    }
}

fn turn(consumer: &BaseConsumer<Member>, member: &Member, packer: &mut Packer) -> Result<(), StreamError> {
    let is_paused = member.is_paused();
    if member.handover.wait_for_space(if is_paused { Duration::ZERO } else { KAFKA_FULL }) {
        member.resume(consumer)?;
    } else {
        member.pause(consumer)?;
    }
    let before = member.revocations();
    let stopped = poll_batch(consumer, packer, KAFKA_POLL)?;
    let bytes = packer.bytes();
    let records = packer.finish();
    // A rebalance may have come in between; then these are no longer ours.
    if !records.is_empty() && member.revocations() == before {
        member.handover.put(Delivery::Records(records), bytes);
    }
    match stopped {
        Stopped::Error(error) => heed(member, &error),
        Stopped::Quiet | Stopped::End(_) => Ok(()),
    }
}

/// Most of what the client reports it gets over by itself.
fn heed(member: &Member, error: &KafkaError) -> Result<(), StreamError> {
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AutoOffsetReset) => Err(StreamError::Away(
            "the position is no longer in the log; whoever subscribes anew is told where".to_owned(),
        )),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::UnknownTopicOrPartition,
        ) => Err(member.errors.away(&format!("reading {}", member.topic), error)),
        _ if fatal => Err(member.errors.away(&format!("reading {}", member.topic), error)),
        _ => {
            tracing::debug!(%error, "the member carries on");
            Ok(())
        }
    }
}
