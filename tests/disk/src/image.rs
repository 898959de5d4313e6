//! All files and folders of the disk, by number.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use fuser::Errno;

use crate::cut::Chance;
use crate::file::File;
use crate::folder::{Folder, Number};
use crate::{Fault, Syncs};

/// The folder that is mounted.
pub(crate) const ROOT: Number = 1;

pub(crate) struct Image {
    nodes: BTreeMap<Number, Node>,
    next: Number,
    pub(crate) fault: Fault,
    pub(crate) syncs: Syncs,
    pub(crate) failed: u64,
}

pub(crate) struct Node {
    pub(crate) mode: u16,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    File(File),
    Folder(Folder),
}

pub(crate) type Outcome<T> = Result<T, Errno>;

impl Image {
    pub(crate) fn new() -> Self {
        let root = Node { mode: 0o700, content: Content::Folder(Folder::default()) };
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
            next: ROOT + 1,
            fault: Fault::None,
            syncs: Syncs::Kept,
            failed: 0,
        }
    }

    pub(crate) fn node(&self, number: Number) -> Outcome<&Node> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    pub(crate) fn look_up(&self, parent: Number, name: &OsStr) -> Outcome<Number> {
        self.folder(parent)?.get(name).ok_or(Errno::ENOENT)
    }

    pub(crate) fn folder(&self, number: Number) -> Outcome<&Folder> {
        match &self.node(number)?.content {
            Content::Folder(folder) => Ok(folder),
            Content::File(_) => Err(Errno::ENOTDIR),
        }
    }

    pub(crate) fn file(&self, number: Number) -> Outcome<&File> {
        match &self.node(number)?.content {
            Content::File(file) => Ok(file),
            Content::Folder(_) => Err(Errno::EISDIR),
        }
    }

    pub(crate) fn add(&mut self, parent: Number, name: &OsStr, mode: u16, content: Content) -> Outcome<Number> {
        self.may_change(true)?;
        if self.look_up(parent, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        let number = self.next;
        self.next += 1;
        self.nodes.insert(number, Node { mode, content });
        self.folder_mut(parent)?.add(name, number);
        Ok(number)
    }

    /// Whoever has it open still reads it.
    pub(crate) fn remove(&mut self, parent: Number, name: &OsStr) -> Outcome<()> {
        self.may_change(false)?;
        let number = self.look_up(parent, name)?;
        if self.folder(number).is_ok_and(|folder| !folder.is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.folder_mut(parent)?.remove(name);
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: (Number, &OsStr), to: (Number, &OsStr)) -> Outcome<()> {
        self.may_change(false)?;
        let number = self.look_up(from.0, from.1)?;
        if from.0 == to.0 {
            self.folder_mut(from.0)?.rename(from.1, to.1, number);
        } else {
            self.folder_mut(to.0)?.add(to.1, number);
            self.folder_mut(from.0)?.remove(from.1);
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, number: Number, at: u64, data: &[u8]) -> Outcome<()> {
        let grows = at + data.len() as u64 > self.file(number)?.length();
        self.may_change(grows)?;
        self.file_mut(number)?.write(at, data);
        Ok(())
    }

    pub(crate) fn set_length(&mut self, number: Number, length: u64) -> Outcome<()> {
        let grows = length > self.file(number)?.length();
        self.may_change(grows)?;
        self.file_mut(number)?.set_length(length);
        Ok(())
    }

    pub(crate) fn set_mode(&mut self, number: Number, mode: u16) -> Outcome<()> {
        self.may_change(false)?;
        self.nodes.get_mut(&number).ok_or(Errno::ENOENT)?.mode = mode;
        Ok(())
    }

    pub(crate) fn sync(&mut self, number: Number) -> Outcome<()> {
        let fails = matches!(self.fault, Fault::OneSyncFails | Fault::SyncsFail);
        let (fault, syncs) = (self.fault, self.syncs);
        match &mut self.nodes.get_mut(&number).ok_or(Errno::ENOENT)?.content {
            Content::File(file) if fails => file.forget_unsynced(),
            Content::Folder(folder) if fails => folder.forget_unsynced(),
            Content::File(file) if syncs != Syncs::FilesForgotten => file.sync(),
            Content::Folder(folder) if syncs != Syncs::FoldersForgotten => folder.sync(),
            Content::File(_) | Content::Folder(_) => {}
        }
        if fails {
            self.failed += 1;
            self.fault = if fault == Fault::OneSyncFails { Fault::None } else { fault };
            return Err(Errno::EIO);
        }
        Ok(())
    }

    /// Cuts the power; returns how many changes were not synced.
    pub(crate) fn cut(&mut self, seed: u64) -> u64 {
        let mut chance = Chance::of(seed);
        self.fault = Fault::None;
        let mut unsynced = 0;
        for node in self.nodes.values_mut() {
            chance.begin();
            unsynced += match &mut node.content {
                Content::File(file) => file.cut(&mut chance),
                Content::Folder(folder) => folder.cut(&mut chance),
            };
        }
        self.forget_unreachable();
        unsynced as u64
    }

    fn forget_unreachable(&mut self) {
        let (mut reached, mut next) = (BTreeSet::new(), vec![ROOT]);
        while let Some(number) = next.pop() {
            reached.insert(number);
            if let Ok(folder) = self.folder(number) {
                next.extend(folder.names().map(|(_, number)| number));
            }
        }
        self.nodes.retain(|number, _| reached.contains(number));
    }

    fn may_change(&mut self, grows: bool) -> Outcome<()> {
        let error = match self.fault {
            Fault::ReadOnly => Errno::EROFS,
            Fault::Full if grows => Errno::ENOSPC,
            _ => return Ok(()),
        };
        self.failed += 1;
        Err(error)
    }

    fn folder_mut(&mut self, number: Number) -> Outcome<&mut Folder> {
        match self.nodes.get_mut(&number) {
            Some(Node { content: Content::Folder(folder), .. }) => Ok(folder),
            Some(_) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn file_mut(&mut self, number: Number) -> Outcome<&mut File> {
        match self.nodes.get_mut(&number) {
            Some(Node { content: Content::File(file), .. }) => Ok(file),
            Some(_) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }
}
