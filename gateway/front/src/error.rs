//! Why the partners' side cannot be built or served.

use std::io;
use std::path::PathBuf;

use crate::invalid::InvalidOption;
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
    /// The journal's folder.
    #[error("{}: the journal cannot be written: {}", .0.display(), .1)]
    Journal(PathBuf, #[source] io::Error),
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
