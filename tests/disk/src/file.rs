//! A file: what a reader sees, and what a power cut would leave for certain.

use crate::cut::Chance;

/// A disk writes so much at once, or nothing of it.
const SECTOR: u64 = 512;

#[derive(Clone, Default)]
pub(crate) struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { at: u64, data: Vec<u8> },
    Length(u64),
}

impl File {
    pub(crate) fn length(&self) -> u64 {
        self.now.len() as u64
    }

    pub(crate) fn read(&self, at: u64, most: usize) -> &[u8] {
        let from = index(at).min(self.now.len());
        &self.now[from..from.saturating_add(most).min(self.now.len())]
    }

    pub(crate) fn write(&mut self, at: u64, data: &[u8]) {
        self.change(Change::Write { at, data: data.to_owned() });
    }

    pub(crate) fn set_length(&mut self, length: u64) {
        self.change(Change::Length(length));
    }

    pub(crate) fn sync(&mut self) {
        self.unsynced.drain(..).for_each(|change| change.apply(&mut self.synced));
    }

    /// A sync that failed: the system takes what it had to write for written, and tries it no more.
    pub(crate) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
    }

    /// Loses what chance does not keep; returns how many changes were not synced. They may reach the disk in any order, and
    /// a write in parts.
    pub(crate) fn cut(&mut self, chance: &mut Chance) -> usize {
        let unsynced = std::mem::take(&mut self.unsynced);
        for change in &unsynced {
            match change {
                Change::Length(_) if chance.keeps() => change.apply(&mut self.synced),
                Change::Length(_) => {}
                Change::Write { at, data } => {
                    for (at, data) in sectors(*at, data) {
                        if chance.keeps() {
                            Change::Write { at, data: data.to_owned() }.apply(&mut self.synced);
                        }
                    }
                }
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
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Length(length) => to.resize(index(*length), 0),
            Self::Write { at, data } => {
                let from = index(*at);
                let end = from + data.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[from..end].copy_from_slice(data);
            }
        }
    }
}

/// The parts of a write that a disk keeps or loses as one.
fn sectors(at: u64, data: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let first = index((SECTOR - at % SECTOR).min(data.len() as u64));
    let (head, rest) = data.split_at(first);
    let parts = std::iter::once(head).chain(rest.chunks(index(SECTOR)));
    parts.scan(at, |at, part| {
        let from = *at;
        *at += part.len() as u64;
        Some((from, part))
    })
}

/// What is held in memory has no more bytes than that.
fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
