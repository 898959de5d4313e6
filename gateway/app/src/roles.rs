//! The four roles, and which of them a process plays.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Takes transactions from partners into the queue.
    Gateway,
    /// Moves them from the queue into the stream.
    Shipper,
    /// Sums them from the stream into the store.
    Aggregator,
    /// Shows them.
    Console,
}

/// The roles of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Role {
    const ALL: [Self; 4] = [Self::Gateway, Self::Shipper, Self::Aggregator, Self::Console];

    fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Shipper => "shipper",
            Self::Aggregator => "aggregator",
            Self::Console => "console",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self(Role::ALL.into())
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let role = |name: &str| {
            let found = Role::ALL.into_iter().find(|role| role.as_str() == name.trim());
            found.ok_or_else(|| format!("{name:?} is no role: gateway, shipper, aggregator or console would be right"))
        };
        text.split(',').map(role).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|role| role.as_str()).collect();
        f.write_str(&names.join(","))
    }
}

impl Roles {
    /// Whether this process plays the role.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}
