//! What is wrong with an option, by the path of its key.

use std::fmt;

/// Something wrong with the options, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOption {
    /// The path of the key, as the configuration has it: `routes[2].path`, `upstreams.erp.targets[0]`.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// All that is wrong, as it is found.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<InvalidOption>);

impl InvalidOption {
    pub(crate) fn new(key: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { key: key.into(), message: message.to_string() }
    }

    /// The same, as seen from further out.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        self.key = format!("{outer}.{}", self.key);
        self
    }
}

impl Problems {
    pub(crate) fn note(&mut self, key: impl Into<String>, message: impl fmt::Display) {
        self.add(InvalidOption::new(key, message));
    }

    pub(crate) fn add(&mut self, problem: InvalidOption) {
        self.0.push(problem);
    }

    pub(crate) fn into_list(self) -> Vec<InvalidOption> {
        self.0
    }
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for InvalidOption {}
