//! Who calls.

use super::role::Role;
use super::session::SessionId;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The name of the user or the token.
    pub(super) name: String,
    /// What it may do.
    pub(super) role: Role,
    /// How it is known.
    pub(super) credential: Credential,
}

/// How a caller is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// Somebody logged in on the page.
    Session(SessionId),
    /// Somebody's name and password, sent with the request.
    Password,
    /// A program's token.
    Token,
}

impl Credential {
    /// As the log has it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Password => "password",
            Self::Token => "token",
        }
    }
}
