//! The disk as the kernel asks for it.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen,
    ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::file::File;
use crate::folder::{Folder, Number};
use crate::image::{Content, Image, Outcome};

/// What the kernel is given.
pub(crate) struct Mounted(pub(crate) Arc<Mutex<Image>>);

/// Nobody but the kernel changes anything, so what it was told stays true.
const TOLD_FOR: Duration = Duration::from_secs(3_600);
const BLOCK: u32 = 4_096;

impl Mounted {
    fn image(&self) -> MutexGuard<'_, Image> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, parent: INodeNo, name: &OsStr, mode: u32, content: Content) -> Outcome<FileAttr> {
        let mut image = self.image();
        let number = image.add(parent.0, name, permissions(mode), content)?;
        attributes(&image, number)
    }
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let image = self.image();
        match image.look_up(parent.0, name).and_then(|number| attributes(&image, number)) {
            Ok(found) => reply.entry(&TOLD_FOR, &found, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match attributes(&self.image(), number.0) {
            Ok(found) => reply.attr(&TOLD_FOR, &found),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        length: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut image = self.image();
        let mut set = || {
            if let Some(length) = length {
                image.set_length(number.0, length)?;
            }
            if let Some(mode) = mode {
                image.set_mode(number.0, permissions(mode))?;
            }
            attributes(&image, number.0)
        };
        match set() {
            Ok(found) => reply.attr(&TOLD_FOR, &found),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        match self.add(parent, name, mode & !umask, Content::Folder(Folder::default())) {
            Ok(made) => reply.entry(&TOLD_FOR, &made, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, _: i32, reply: ReplyCreate) {
        match self.add(parent, name, mode & !umask, Content::File(File::default())) {
            Ok(made) => {
                reply.created(&TOLD_FOR, &made, Generation(0), FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
            }
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        tell(self.image().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        tell(self.image().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        tell(self.image().rename((parent.0, name), (new_parent.0, new_name)), reply);
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        at: u64,
        most: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.image().file(number.0) {
            Ok(file) => reply.data(file.read(at, most as usize)),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        at: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.image().write(number.0, at, data) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        tell(self.image().sync(number.0), reply);
    }

    fn fsyncdir(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        tell(self.image().sync(number.0), reply);
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, from: u64, mut reply: ReplyDirectory) {
        let image = self.image();
        let folder = match image.folder(number.0) {
            Ok(folder) => folder,
            Err(error) => return reply.error(error),
        };
        for (place, (name, number)) in (1..).zip(folder.names()).skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            let Ok(found) = attributes(&image, number) else { continue };
            if reply.add(found.ino, place, found.kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, BLOCK, 255, BLOCK);
    }
}

fn tell(outcome: Outcome<()>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn permissions(mode: u32) -> u16 {
    u16::try_from(mode & 0o7777).unwrap_or_default()
}

fn attributes(image: &Image, number: Number) -> Outcome<FileAttr> {
    let node = image.node(number)?;
    let (kind, size) = match &node.content {
        Content::File(file) => (FileType::RegularFile, file.length()),
        Content::Folder(_) => (FileType::Directory, u64::from(BLOCK)),
    };
    let then = SystemTime::UNIX_EPOCH;
    Ok(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: then,
        mtime: then,
        ctime: then,
        crtime: then,
        kind,
        perm: node.mode,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: BLOCK,
        flags: 0,
    })
}
