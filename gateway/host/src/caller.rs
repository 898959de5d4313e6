//! Whose turn a call takes, where callers have their turns one after the other.

use std::net::IpAddr;
use std::sync::Arc;

/// Who sent what a call is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A partner that has shown who it is.
    Partner(Arc<str>),
    /// Anyone else, by an address, or one that stands for those that are one caller.
    Address(IpAddr),
}

/// How many classes of callers there are.
pub(crate) const CLASSES: usize = 2;

impl Caller {
    /// Its class: strangers, of whom there may be any number, are bounded apart from partners.
    pub(crate) fn class(&self) -> usize {
        match self {
            Self::Partner(_) => 0,
            Self::Address(_) => 1,
        }
    }
}
