//! The polling of a member: the group hears of us all the while, and what it decides is handed on.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::member::Member;
use crate::port::StreamError;
use crate::timeouts::KAFKA_POLL;

/// Polls until nobody takes any more. Dropping the consumer leaves the group.
pub(super) fn poll(consumer: &BaseConsumer<Member>) {
    let member = Arc::clone(consumer.context());
    while !member.handover.is_over() {
        turn(consumer, &member, KAFKA_POLL);
        member.hand_on_given(consumer, || turn(consumer, &member, Duration::ZERO));
    }
}

/// It reads nothing itself; rebalances are answered from within.
fn turn(consumer: &BaseConsumer<Member>, member: &Member, patience: Duration) {
    if let Some(Err(error)) = consumer.poll(patience)
        && let Err(error) = heed(member, &error)
    {
        member.handover.fail(error);
    }
}

/// Most of what the client reports it gets over by itself.
fn heed(member: &Member, error: &KafkaError) -> Result<(), StreamError> {
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::InconsistentGroupProtocol) => Err(StreamError::Away(format!(
            "sharing {}: members of the group are of an earlier release, or no aggregators; they must all be stopped first",
            member.topic
        ))),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::UnknownTopicOrPartition,
        ) => Err(member.errors.away(&format!("sharing {}", member.topic), error)),
        _ if fatal => Err(member.errors.away(&format!("sharing {}", member.topic), error)),
        _ => {
            tracing::debug!(%error, "the member carries on");
            Ok(())
        }
    }
}
