//! What the disk keeps and what it loses, seen by a program that writes to it.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::{self, Write};

use super::*;

const SERVER: &str = "tests::the_process_of_a_disk";

#[test]
#[ignore = "started by the other tests"]
fn the_process_of_a_disk() {
    serve().unwrap();
}

/// A file of this name with these contents; the folder's names may be lost.
fn write(disk: &Disk, name: &str, contents: &[u8], synced: bool) {
    let mut file = File::create(disk.path().join(name)).unwrap();
    file.write_all(contents).unwrap();
    if synced {
        file.sync_data().unwrap();
    }
}

fn sync_folder(disk: &Disk) {
    File::open(disk.path()).unwrap().sync_all().unwrap();
}

#[test]
fn what_was_synced_is_kept_and_the_rest_is_lost_by_chance() {
    let disk = Disk::new(SERVER).unwrap();
    let (mut whole, mut none, mut torn, mut unnamed) = (0, 0, 0, 0);
    for seed in 0..40 {
        write(&disk, "kept", b"kept", true);
        write(&disk, "lost", &[7; 4096], false);
        sync_folder(&disk);
        write(&disk, "unnamed", b"", true);
        assert!(disk.cut(seed).unwrap() > 0);
        assert_eq!(fs::read(disk.path().join("kept")).unwrap(), b"kept");
        let lost = fs::read(disk.path().join("lost")).unwrap();
        match lost.iter().filter(|byte| **byte == 7).count() {
            0 => none += 1,
            4096 => whole += 1,
            _ => torn += 1,
        }
        unnamed += usize::from(!disk.path().join("unnamed").exists());
        for name in ["kept", "lost", "unnamed"] {
            let _ = fs::remove_file(disk.path().join(name));
        }
        sync_folder(&disk);
    }
    assert!(whole > 0 && none > 0 && torn > 0 && unnamed > 0, "{whole} {none} {torn} {unnamed}");
}

#[test]
fn a_sync_that_failed_keeps_nothing_and_the_next_one_does_not_mend_it() {
    let disk = Disk::new(SERVER).unwrap();
    let path = disk.path().join("file");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"first").unwrap();
    file.sync_data().unwrap();
    sync_folder(&disk);
    file.write_all(b" lost").unwrap();
    disk.set(Fault::OneSyncFails).unwrap();
    assert!(file.sync_data().is_err() && disk.failed().unwrap() == 1);
    file.write_all(b" kept").unwrap();
    file.sync_data().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first lost kept");
    drop(file);
    disk.cut(1).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first\0\0\0\0\0 kept");
}

#[test]
fn a_full_disk_takes_nothing_more_and_a_read_only_one_no_change() {
    let disk = Disk::new(SERVER).unwrap();
    write(&disk, "file", b"old", true);
    disk.set(Fault::Full).unwrap();
    let mut file = File::options().write(true).open(disk.path().join("file")).unwrap();
    file.write_all(b"new").unwrap();
    assert_eq!(file.write_all(b"more").unwrap_err().kind(), io::ErrorKind::StorageFull);
    disk.set(Fault::ReadOnly).unwrap();
    assert!(fs::remove_file(disk.path().join("file")).is_err());
    disk.set(Fault::None).unwrap();
    file.write_all(b"more").unwrap();
    assert_eq!(fs::read(disk.path().join("file")).unwrap(), b"newmore");
}
