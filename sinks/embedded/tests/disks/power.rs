//! What the next process makes of a sync that failed in the one before.

use std::path::Path;

use tallygate_embedded::{Database, Durability};
use tallygate_test_disk::{Disk, Fault};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY) STRICT";

#[test]
#[ignore = "started by the other tests"]
fn the_process_of_a_disk() {
    tallygate_test_disk::serve().unwrap();
}

/// Commits are appended to what the log holds already, and nothing behind a gap is read.
#[test]
fn rule_15_nothing_is_built_on_what_a_failed_sync_left_in_memory_alone() {
    for seed in 0..4 {
        let disk = Disk::new("power::the_process_of_a_disk").expect("a disk of our own needs root and /dev/fuse");
        let path = disk.path().join("d.db");
        let before = open(&path);
        insert(&before, 1).unwrap();
        disk.set(Fault::SyncsFail).unwrap();
        insert(&before, 2).unwrap_err();
        // The disk fails until it has ended, so that it leaves the log as one that was killed does.
        drop(before);
        assert!(path.with_extension("db-wal").exists());
        disk.set(Fault::None).unwrap();

        let after = open(&path);
        insert(&after, 3).unwrap();
        // No more than the disk gets to see of it: closing it would move the log into the file.
        disk.set(Fault::ReadOnly).unwrap();
        drop(after);
        disk.cut(seed).unwrap();
        disk.set(Fault::None).unwrap();
        let kept = numbers(&open(&path));
        assert!(kept.contains(&1) && kept.contains(&3), "seed {seed}: {kept:?} of what was acknowledged, 1 and 3");
    }
}

fn open(path: &Path) -> Database {
    Database::open(path, SCHEMA, Durability::Synced).unwrap()
}

fn insert(database: &Database, n: i64) -> Result<usize, tallygate_embedded::DatabaseError> {
    database.write_blocking(move |t| t.execute("INSERT INTO t (n) VALUES (?1)", [n]))
}

fn numbers(database: &Database) -> Vec<i64> {
    database.read_blocking(|c| c.prepare("SELECT n FROM t")?.query_map([], |row| row.get(0))?.collect()).unwrap()
}
