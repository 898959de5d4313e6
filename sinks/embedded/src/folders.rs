//! Folders and small files whose names and contents outlive a power cut. A name stands in the folder above it, and is synced
//! with that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Makes a folder, and what is missing above it.
///
/// # Errors
/// When it cannot be made or synced.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let missing =
        path.ancestors().take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists()).count();
    fs::create_dir_all(path)?;
    // One that is there may be of a process that was killed before it synced the name.
    path.ancestors().take(missing.max(1)).try_for_each(|made| sync_folder(above(made)))
}

/// Syncs the names in a folder.
///
/// # Errors
/// When that fails.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a file whole or not at all, readable by others only if `mode` says so.
///
/// # Errors
/// When that fails; what stood there before still does.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut half = path.to_owned();
    half.as_mut_os_string().push(".new");
    let written = || -> io::Result<()> {
        // One that is left of another time may be readable by others.
        match fs::remove_file(&half) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&half, path)?;
        sync_folder(above(path))
    };
    written().inspect_err(|_| {
        // Half a file is in nobody's way, but takes room.
        let _ = fs::remove_file(&half);
    })
}

fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_half_of_one_is_not_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file.json");
        make_folder(path.parent().unwrap()).unwrap();
        write_whole(&path, b"first", 0o600).unwrap();
        fs::write(folder.path().join("a/b/file.json.new"), "half").unwrap();
        write_whole(&path, b"second", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        fs::create_dir_all(path.join("in the way")).unwrap();
        assert!(write_whole(&path, b"third", 0o600).is_err());
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
    }
}
