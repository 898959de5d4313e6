//! A folder: the names a reader sees, and those a power cut would leave for certain.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::cut::Chance;

/// What a name leads to.
pub(crate) type Number = u64;

#[derive(Clone, Default)]
pub(crate) struct Folder {
    now: BTreeMap<OsString, Number>,
    synced: BTreeMap<OsString, Number>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Add(OsString, Number),
    Remove(OsString),
    /// One step, as journaling file systems have it.
    Rename(OsString, OsString, Number),
}

impl Folder {
    pub(crate) fn get(&self, name: &OsStr) -> Option<Number> {
        self.now.get(name).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&OsString, Number)> {
        self.now.iter().map(|(name, number)| (name, *number))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    pub(crate) fn add(&mut self, name: &OsStr, number: Number) {
        self.change(Change::Add(name.to_owned(), number));
    }

    pub(crate) fn remove(&mut self, name: &OsStr) {
        self.change(Change::Remove(name.to_owned()));
    }

    pub(crate) fn rename(&mut self, from: &OsStr, to: &OsStr, number: Number) {
        self.change(Change::Rename(from.to_owned(), to.to_owned(), number));
    }

    pub(crate) fn sync(&mut self) {
        self.unsynced.drain(..).for_each(|change| change.apply(&mut self.synced));
    }

    pub(crate) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
    }

    pub(crate) fn cut(&mut self, chance: &mut Chance) -> usize {
        let unsynced = std::mem::take(&mut self.unsynced);
        for change in &unsynced {
            if chance.keeps() {
                change.apply(&mut self.synced);
            }
        }
        self.now.clone_from(&self.synced);
        unsynced.len()
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }
}

impl Change {
    fn apply(&self, to: &mut BTreeMap<OsString, Number>) {
        match self {
            Self::Add(name, number) => drop(to.insert(name.clone(), *number)),
            Self::Remove(name) => drop(to.remove(name)),
            Self::Rename(from, name, number) => {
                to.remove(from);
                to.insert(name.clone(), *number);
            }
        }
    }
}
