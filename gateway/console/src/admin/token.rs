//! Tokens of programs, kept as their SHA-256.

use sha2::{Digest, Sha256};

use super::caller::{Caller, Credential};
use super::role::Role;

/// A token that programs send, kept as its SHA-256.
#[derive(Clone, Debug)]
pub struct Token {
    name: String,
    sha256: [u8; 32],
    role: Role,
}

impl Token {
    /// A token known by its SHA-256.
    pub fn from_sha256(name: impl Into<String>, sha256: [u8; 32], role: Role) -> Self {
        Self { name: name.into(), sha256, role }
    }

    /// A token known as it is sent.
    pub fn from_text(name: impl Into<String>, token: &str, role: Role) -> Self {
        Self::from_sha256(name, Sha256::digest(token).into(), role)
    }

    /// The name of the program that sends it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether it is the same token, whatever its name.
    pub fn is_same(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

/// The program that sends this token.
pub(super) fn find(tokens: &[Token], token: &str) -> Option<Caller> {
    let sha256: [u8; 32] = Sha256::digest(token).into();
    // Every token is compared, whole, so that time tells nothing.
    let known = tokens.iter().filter(|known| same(&known.sha256, &sha256)).fold(None, |_, known| Some(known));
    known.map(|known| Caller { name: known.name.clone(), role: known.role, credential: Credential::Token })
}

fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
