//! What a client of Kafka says when something is wrong, and what that means for the caller.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::port::StreamError;
use crate::timeouts::{KAFKA_REFUSED, KAFKA_REFUSED_WORKS, KAFKA_TOLD};

/// Listens to a client: keeps the last error it told of, so that an error can say more than "timed out".
#[derive(Clone, Default)]
pub(super) struct ClientErrors {
    told: Arc<Mutex<Option<Told>>>,
    access: Arc<Mutex<Access>>,
}

/// Whether the brokers let this process in, as all clients of a stream hear.
#[derive(Default)]
struct Access {
    refused: Option<Told>,
    worked: Option<Instant>,
}

/// What a client told, and when: later it explains nothing.
struct Told(String, Instant);

impl ClientErrors {
    /// For another client of the same stream.
    pub(super) fn beside(&self) -> Self {
        Self { told: Arc::default(), access: Arc::clone(&self.access) }
    }

    /// A broker did what a client asked of it.
    pub(super) fn works(&self) {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).worked = Some(Instant::now());
    }

    /// Why the brokers do not let this process in, as long as they say so and none does what it is asked.
    pub(super) fn refusal(&self) -> Option<String> {
        let access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        let Told(why, at) = access.refused.as_ref().filter(|Told(_, at)| at.elapsed() < KAFKA_REFUSED)?;
        let works = access.worked.is_some_and(|worked| worked.elapsed() < KAFKA_REFUSED_WORKS || worked > *at);
        (!works).then(|| why.clone())
    }

    /// The stream is away, because of this error and what the client told before.
    pub(super) fn away(&self, what: &str, error: &KafkaError) -> StreamError {
        if let Some(code) = error.rdkafka_error_code().filter(|code| is_forbidden(*code)) {
            return StreamError::Refused(format!("{what}: {code}; the user needs that right"));
        }
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.as_ref().filter(|Told(_, at)| at.elapsed() < KAFKA_TOLD);
        let told = told.map(|Told(told, _)| format!(" ({told})")).unwrap_or_default();
        StreamError::Away(format!("{what}: {}{told}", reason(error)))
    }
}

impl ClientContext for ClientErrors {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(target: "tallygate::kafka", facility, "{message}");
            }
            _ => tracing::debug!(target: "tallygate::kafka", facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, told: &str) {
        tracing::debug!(target: "tallygate::kafka", %error, "{told}");
        // That all are down says less than why the one before was.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Told(told.to_owned(), Instant::now()));
        }
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Authentication) {
            let mut access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
            // Each time in other words, such as how long it took.
            let known = access.refused.take().filter(|Told(_, at)| at.elapsed() < KAFKA_REFUSED);
            let told = known.map_or_else(|| told.to_owned(), |Told(told, _)| told);
            access.refused = Some(Told(told, Instant::now()));
        }
    }
}

impl ConsumerContext for ClientErrors {}

/// What an error says, without the type that says it.
pub(super) fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, told, ..) => told.clone(),
        KafkaError::Transaction(error) => error.string(),
        other => other.rdkafka_error_code().map_or_else(|| other.to_string(), |code| code.to_string()),
    }
}

fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_told_long_ago_explains_nothing() {
        let errors = ClientErrors::default();
        let away =
            || errors.away("listing", &KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut)).to_string();
        errors.error(KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "connection refused");
        assert!(away().contains("connection refused"), "{}", away());
        if let Some(Told(_, at)) = &mut *errors.told.lock().unwrap() {
            *at = at.checked_sub(KAFKA_TOLD).unwrap();
        }
        assert!(!away().contains("connection refused"), "{}", away());
    }

    #[test]
    fn a_process_is_refused_while_brokers_say_so_and_none_works_for_it() {
        let errors = ClientErrors::default();
        let (one, other) = (errors.beside(), errors.beside());
        one.error(KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "connection refused");
        assert_eq!(errors.refusal(), None);
        one.error(KafkaError::Global(RDKafkaErrorCode::Authentication), "authentication failed");
        assert_eq!(errors.refusal().as_deref(), Some("authentication failed"));
        other.works();
        one.error(KafkaError::Global(RDKafkaErrorCode::Authentication), "authentication failed");
        assert_eq!(errors.refusal(), None, "another broker lets it in");
        let long_ago = Instant::now().checked_sub(KAFKA_REFUSED);
        errors.access.lock().unwrap().worked = None;
        errors.access.lock().unwrap().refused = long_ago.map(|at| Told("authentication failed".into(), at));
        assert_eq!(errors.refusal(), None, "it is not told any more");
    }
}
