//! What whoever calls may do: few roles, each with its permissions.

use std::fmt;
use std::str::FromStr;

/// What a user or a token may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Sees the page, the sums, the dead letters and the policies.
    Reader,
    /// Sees all that, puts dead letters back, and chooses which version of a policy works.
    Operator,
    /// Sees all that, and brings versions of policies in and takes them away; which of them works is not the author's choice.
    Author,
    /// Does everything.
    #[default]
    Admin,
}

/// What a route of the API asks of whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// Seeing.
    Read,
    /// Replaying dead letters, activating and rolling back.
    Operate,
    /// Pushing and removing versions of policies.
    Author,
}

/// The text names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a role: \"reader\", \"operator\", \"author\" or \"admin\"")]
pub struct UnknownRole;

impl Role {
    /// All of them, those that may the least first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Operator, Self::Author, Self::Admin];

    pub(super) fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => true,
            Permission::Operate => matches!(self, Self::Operator | Self::Admin),
            Permission::Author => matches!(self, Self::Author | Self::Admin),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Author => "author",
            Self::Admin => "admin",
        }
    }
}

impl Permission {
    /// As the API's document has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Author => "author",
        }
    }

    /// Who has it, in words.
    pub(super) fn whose(self) -> String {
        let names: Vec<&str> = Role::ALL.into_iter().filter(|role| role.may(self)).map(Role::name).collect();
        names.join(" or ")
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}
