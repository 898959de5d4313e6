//! The names in the options: plain, each its own, and known where another option uses them.

use std::collections::HashSet;
use std::fmt::Display;

use crate::invalid::Problems;

/// What a name must be.
pub(crate) const PLAIN: &str =
    "must be 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit";

/// The names of one kind, such as listeners.
#[derive(Debug)]
pub(crate) struct Names<'o> {
    kind: &'static str,
    known: Vec<&'o str>,
}

/// Names go into metrics, logs, file names and identities, so they are plain.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=64).contains(&name.len()) && name.bytes().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Notes each of these names, with its key, that is not plain or stands twice.
pub(crate) fn check<'o>(named: impl IntoIterator<Item = (String, &'o str)>, problems: &mut Problems) {
    let mut taken = HashSet::new();
    for (key, name) in named {
        if !is_plain(name) {
            problems.note(&*key, PLAIN);
        }
        if !taken.insert(name) {
            problems.note(key, format_args!("{name:?} stands twice, each name must be its own"));
        }
    }
}

impl<'o> Names<'o> {
    pub(crate) fn new(kind: &'static str, known: impl IntoIterator<Item = &'o str>) -> Self {
        Self { kind, known: known.into_iter().collect() }
    }

    /// Where in its list a name stands; noted where it is not there.
    pub(crate) fn find(&self, name: &str, key: impl FnOnce() -> String, problems: &mut Problems) -> Option<usize> {
        let found = self.known.iter().position(|known| *known == name);
        if found.is_none() {
            let right: Box<dyn Display> = match self.nearest(name) {
                Some(near) => Box::new(format!("{near:?}")),
                None => Box::new(self.known.join(", ")),
            };
            problems.note(key(), format_args!("there is no {} {name:?}, known: {right}", self.kind));
        }
        found
    }

    /// The name that was meant, probably.
    fn nearest(&self, name: &str) -> Option<&'o str> {
        let distances = self.known.iter().map(|known| (strsim::levenshtein(name, known), *known));
        distances.filter(|(distance, known)| *distance <= 1 + known.len() / 4).min().map(|(_, known)| known)
    }
}
