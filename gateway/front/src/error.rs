//! Why the partners' side cannot be built or served.

use std::io;

use tallygate_host::EngineError;

use crate::invalid::InvalidOption;
use crate::journal::JournalError;
use crate::registry::RegistryError;

/// Why the partners' side cannot be built or served.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// Its options.
    #[error("{}", listed(.0))]
    Options(Vec<InvalidOption>),
    /// A policy that a route names.
    #[error("route {0:?}: {1}")]
    Policy(String, #[source] Box<RegistryError>),
    /// Its threads for slow work.
    #[error(transparent)]
    Threads(#[from] EngineError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A socket.
    #[error("listener {0:?}: the socket cannot be used: {1}")]
    Socket(String, #[source] io::Error),
    /// A listener ended that should not have.
    #[error("a listener ended: {0}")]
    Ended(String),
}

fn listed(problems: &[InvalidOption]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
