//! Who calls.

use super::session::SessionId;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody logged in on the page.
    Session { user: String, id: SessionId },
    /// A program, or somebody's name and password.
    Program(String),
}

impl Caller {
    /// The name of the user or the program.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Session { user, .. } => user,
            Self::Program(name) => name,
        }
    }
}
