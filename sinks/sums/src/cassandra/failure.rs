//! What a failure of the driver means: whether trying again later may help.

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError, MetadataError,
    NewSessionError, PrepareError, RequestAttemptError,
};

use crate::port::SumsError;

/// Cassandra says so when it could not read its own tables of users: while it starts, or while replicas are down.
const OWN_TABLES_AWAY: &str = "Unable to perform";

pub(super) fn of_session(error: NewSessionError) -> SumsError {
    let message = error.to_string();
    match error {
        NewSessionError::EmptyKnownNodesList | NewSessionError::IllegalConfig(_) => SumsError::Refused(message),
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(ConnectionPoolError::Broken {
            last_connection_error: ConnectionError::ConnectionSetupRequestError(setup),
            ..
        })) => match setup.error {
            ConnectionSetupRequestErrorKind::DbError(kind, text) => of_database(&kind, &text, message),
            ConnectionSetupRequestErrorKind::MissingAuthentication => {
                SumsError::Refused("Cassandra asks for a user and a password, and none are configured".to_owned())
            }
            _ => SumsError::Away(message),
        },
        _ => SumsError::Away(message),
    }
}

pub(super) fn of_execution(error: ExecutionError) -> SumsError {
    let message = error.to_string();
    match error {
        ExecutionError::BadQuery(_) => SumsError::Refused(message),
        ExecutionError::LastAttemptError(attempt) => of_attempt(&attempt, message),
        ExecutionError::PrepareError(error) => of_prepare(error),
        _ => SumsError::Away(message),
    }
}

pub(super) fn of_prepare(error: PrepareError) -> SumsError {
    let message = error.to_string();
    match error {
        PrepareError::AllAttemptsFailed { first_attempt } => of_attempt(&first_attempt, message),
        _ => SumsError::Away(message),
    }
}

/// A statement of ours, on tables that were just looked at and are right.
pub(super) fn of_prepare_of_ours(error: PrepareError) -> SumsError {
    match knows_no_table(&error) {
        true => SumsError::Away(format!("a node has not heard of the tables yet: {error}")),
        false => of_prepare(error),
    }
}

/// Whether the nodes that were asked lack what the statement names.
pub(super) fn knows_no_table(error: &PrepareError) -> bool {
    let PrepareError::AllAttemptsFailed { first_attempt } = error else { return false };
    matches!(first_attempt, RequestAttemptError::DbError(DbError::Invalid, _))
}

/// What the store holds, or answered, does not read.
pub(super) fn unreadable(error: impl std::fmt::Display) -> SumsError {
    SumsError::Refused(format!("an answer does not read: {error}"))
}

fn of_attempt(attempt: &RequestAttemptError, message: String) -> SumsError {
    match attempt {
        RequestAttemptError::SerializationError(_) => SumsError::Refused(message),
        RequestAttemptError::DbError(kind, text) => of_database(kind, text, message),
        _ => SumsError::Away(message),
    }
}

fn of_database(kind: &DbError, text: &str, message: String) -> SumsError {
    let refused = match kind {
        DbError::AuthenticationError | DbError::Unauthorized => !text.starts_with(OWN_TABLES_AWAY),
        DbError::SyntaxError | DbError::Invalid | DbError::ConfigError => true,
        _ => false,
    };
    if refused { SumsError::Refused(message) } else { SumsError::Away(message) }
}
