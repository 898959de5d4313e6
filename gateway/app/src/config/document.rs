//! A configuration file that is being read, with every problem kept beside the line it stands on.

use std::cell::RefCell;
use std::fmt;
use std::path::Path;

use super::places::Places;
use super::problem::Problem;

/// One file's places and what was found wrong in it so far.
#[derive(Debug)]
pub(super) struct Document<'p> {
    places: &'p Places,
    problems: RefCell<Vec<Problem>>,
}

/// A value and its key's path, so that a later check can name its line.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    /// The value.
    pub(super) value: T,
    /// Its key's path.
    pub(super) key: String,
}

impl<'p> Document<'p> {
    /// A document with these places.
    pub(super) fn new(places: &'p Places) -> Self {
        Self { places, problems: RefCell::default() }
    }

    /// The folder that relative paths are relative to.
    pub(super) fn folder(&self) -> &Path {
        match self.places.file().parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Notes a problem with the value of a key.
    pub(super) fn problem(&self, key: &str, message: impl fmt::Display) {
        self.problems.borrow_mut().push(self.places.problem(key, message));
    }

    /// Notes a problem with a value.
    pub(super) fn problem_with<T>(&self, value: &Located<T>, message: impl fmt::Display) {
        self.problem(&value.key, message);
    }

    /// Notes what a check of the values found, unless something is known to be wrong there already.
    pub(super) fn also(&self, key: &str, message: impl fmt::Display) {
        let known = self.problems.borrow().iter().any(|known| is_within(key, &known.key) || is_within(&known.key, key));
        if !known {
            self.problem(key, message);
        }
    }

    /// All problems, by line.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// Whether a key is another one or stands somewhere in its value.
fn is_within(key: &str, whole: &str) -> bool {
    key.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
