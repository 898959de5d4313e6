//! What a process keeps is its user's alone, whatever the umask of whoever starts it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::caller::Caller;
use crate::harness::said::with_config;
use crate::harness::settled::until_balanced;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// All that is in a folder, itself first.
fn within(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(path) = all.get(next).cloned() {
        next += 1;
        if path.is_dir() {
            all.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all
}

fn assert_private(data: &Path) {
    for path in within(data) {
        let right = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), right, "{}", path.display());
    }
}

#[test]
fn what_a_process_keeps_is_made_its_users_alone_and_mended_at_its_start() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    let caller = || Caller::new(&site.certs(), "shop-1", process.partners_port);
    caller().transact("first", "till-1", "1.00");
    until_balanced(&process, &[], SETTLED);
    let kept = within(&process.data);
    let names: Vec<_> = kept.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for there in
        ["queue", "acknowledged", "stream.db", "stream.db-wal", "stream.db-shm", "sums.db", "journal", "policies"]
    {
        assert!(names.iter().any(|name| name == there), "{there} is not among {names:?}");
    }
    assert_private(&process.data);

    assert!(process.stop().success(), "{}", process.last_words());
    for path in within(&process.data) {
        set(&path, if path.is_dir() { 0o755 } else { 0o644 });
    }
    process.start();
    process.wait_until_up();
    let said = process.said();
    assert!(said.contains("were open to other users, and are not any more"), "{}", process.last_words());
    assert!(said.contains("others could read the key, so it is made anew"), "{}", process.last_words());
    caller().transact("second", "till-1", "1.00");
    until_balanced(&process, &[], SETTLED);
    assert_private(&process.data);

    assert!(process.stop().success(), "{}", process.last_words());
    set(&process.data, 0o1777);
    let refused = with_config(&process.config, &["run"]).bad(78);
    assert!(refused.contains("data_dir: everybody may write in it (mode 1777)"), "{refused}");
    assert_eq!(mode(&process.data), 0o1777);
}
