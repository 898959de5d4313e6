//! A data directory is its user's alone: what partners sent stands in it, and what seals compiled code.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::data_dir::LOCK_FILE;

/// What others than the owner may do, in a mode.
const OTHERS: u32 = 0o077;
/// That everybody may write.
const EVERYBODY_WRITES: u32 = 0o002;

/// Something of a data directory that others may read or change, and that cannot be made this user's alone.
#[derive(Debug, thiserror::Error)]
pub enum NotPrivate {
    /// Everybody may write in the directory, as in `/tmp`; whatever is in it may be anybody's.
    #[error("everybody may write in it (mode {0:04o}); a folder within it would be right")]
    Everybodys(u32),
    /// It is another user's.
    #[error("{} is open to others (mode {mode:04o}) and is another user's; a data_dir of this user's own would be right", path.display())]
    Anothers {
        /// Which file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The directory is none of a gateway's: it holds something else, which is not to be closed to others.
    #[error("it holds {}, which is open to others and no gateway's; a folder of its own would be right", .0.display())]
    SomethingElses(PathBuf),
    /// It could not be looked at, or changed.
    #[error("{} cannot be made this user's alone: {error}", path.display())]
    Unchangeable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Makes a directory and all within it this user's alone, and returns how many files and folders were not. Links out of
/// it are followed where they stand in the directory itself and lead to a folder, such as a journal on another disk. Files
/// whose name begins with a dot are left: a secret that others could read is to be noticed, and made anew by whoever has it.
///
/// # Errors
/// The first one that stays open to others.
pub(crate) fn make_private(directory: &Path) -> Result<usize, NotPrivate> {
    let mut mended = 0;
    visit(directory, &mut |path, metadata| {
        let mode = metadata.mode();
        match fs::set_permissions(path, Permissions::from_mode(mode & 0o700)) {
            Ok(()) => mended += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(NotPrivate::Unchangeable { path: path.to_owned(), error }),
        }
        Ok(())
    })?;
    Ok(mended)
}

/// Why [`lock_data_dir`](crate::lock_data_dir) of this directory would fail for what is open to others, with nothing
/// changed: it would not if what is open is this user's. `user` is this process's, effectively.
#[must_use]
pub fn not_private(directory: &Path, user: u32) -> Option<NotPrivate> {
    let something_else = something_else(directory);
    let anothers = visit(directory, &mut |path, metadata| match may_change(metadata.uid(), user) {
        true => Ok(()),
        false => Err(NotPrivate::Anothers { path: path.to_owned(), mode: metadata.mode() & 0o7777 }),
    })
    .err();
    anothers.or(something_else)
}

/// What stands open in a directory that has no database and no lock of ours, such as the folder of the configuration or
/// somebody's home: a folder that was named by mistake, and whose files others need.
pub(crate) fn something_else(directory: &Path) -> Option<NotPrivate> {
    let entries = fs::read_dir(directory).ok()?.filter_map(Result::ok);
    let mut open = None;
    for entry in entries {
        let path = entry.path();
        if path.file_name().is_some_and(|name| name == LOCK_FILE) || path.extension().is_some_and(|end| end == "db") {
            return None;
        }
        let is_open = |metadata: Metadata| metadata.is_dir() || metadata.is_file() && !is_secret(&path);
        let is_open = |metadata: Metadata| metadata.mode() & OTHERS != 0 && is_open(metadata);
        if path.symlink_metadata().is_ok_and(is_open) {
            open = Some(path);
        }
    }
    open.map(NotPrivate::SomethingElses)
}

fn is_secret(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn may_change(owner: u32, user: u32) -> bool {
    user == 0 || owner == user
}

/// Visits what is open to others, the directory first: once that is closed, nobody puts anything else in its place.
fn visit(
    directory: &Path,
    found: &mut dyn FnMut(&Path, &Metadata) -> Result<(), NotPrivate>,
) -> Result<(), NotPrivate> {
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| NotPrivate::Unchangeable { path: folder.clone(), error };
        let is_top = folder == directory;
        let metadata = match fs::metadata(&folder) {
            // What cannot be looked at within a closed directory is told by whoever needs it.
            Err(error) if !is_top || error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata.map_err(unreadable)?,
        };
        if is_top && metadata.mode() & EVERYBODY_WRITES != 0 {
            return Err(NotPrivate::Everybodys(metadata.mode() & 0o7777));
        }
        if metadata.mode() & OTHERS != 0 {
            found(&folder, &metadata)?;
        }
        let entries = match fs::read_dir(&folder) {
            Err(_) if !is_top => continue,
            entries => entries.map_err(unreadable)?,
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let Ok(metadata) = path.symlink_metadata() else { continue };
            let leads_to_folder = metadata.is_dir() || is_top && metadata.is_symlink() && path.is_dir();
            if leads_to_folder {
                folders.push(path);
            } else if metadata.is_file() && metadata.mode() & OTHERS != 0 && !is_secret(&path) {
                found(&path, &metadata)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::data_dir::lock_data_dir;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_open_to_others_is_mended_and_what_it_links_to_elsewhere_is_not() {
        let home = tempfile::tempdir().unwrap();
        let (data, disk) = (home.path().join("data"), home.path().join("disk"));
        fs::create_dir_all(data.join("policies/json")).unwrap();
        fs::create_dir(&disk).unwrap();
        symlink(&disk, data.join("journal")).unwrap();
        let files =
            [data.join("stream.db"), data.join("policies/json/1.wasm"), disk.join("day"), home.path().join("own")];
        for file in &files {
            fs::write(file, "").unwrap();
            set(file, 0o644);
        }
        let secret = data.join("policies/.key");
        fs::write(&secret, "").unwrap();
        set(&secret, 0o644);
        symlink(&files[3], data.join("policies/json/link")).unwrap();
        for folder in [&data, &disk, &data.join("policies"), &data.join("policies/json")] {
            set(folder, 0o755);
        }
        assert!(not_private(&data, fs::metadata(&data).unwrap().uid()).is_none());
        assert_eq!(mode(&data), 0o755, "looking changes nothing");
        assert_eq!(make_private(&data).unwrap(), 7);
        assert_eq!([&data, &disk, &data.join("policies/json")].map(|folder| mode(folder)), [0o700; 3]);
        assert_eq!([0, 1, 2, 3].map(|file: usize| mode(&files[file])), [0o600, 0o600, 0o600, 0o644]);
        assert_eq!(mode(&secret), 0o644, "that others could read it is seen by whoever made it");
        assert_eq!(make_private(&data).unwrap(), 0);
        assert_eq!(make_private(&home.path().join("absent")).unwrap(), 0);
    }

    #[test]
    fn a_directory_of_something_else_is_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let user = fs::metadata(home.path()).unwrap().uid();
        fs::create_dir(home.path().join("certs")).unwrap();
        for path in [home.path().to_owned(), home.path().join("certs")] {
            set(&path, 0o755);
        }
        for why in
            [not_private(home.path(), user).unwrap().to_string(), lock_data_dir(home.path()).unwrap_err().to_string()]
        {
            assert!(
                why.contains("it holds") && why.contains("certs, which is open to others and no gateway's"),
                "{why}"
            );
        }
        assert_eq!([mode(home.path()), mode(&home.path().join("certs"))], [0o755; 2]);
        assert!(!home.path().join(LOCK_FILE).exists());
        // One that is ours may hold what somebody put there by hand.
        fs::write(home.path().join("stream.db"), "").unwrap();
        drop(lock_data_dir(home.path()).unwrap());
        assert_eq!([mode(home.path()), mode(&home.path().join("certs"))], [0o700; 2]);
    }

    #[test]
    fn what_is_everybodys_or_anothers_is_refused_by_name() {
        let home = tempfile::tempdir().unwrap();
        let user = fs::metadata(home.path()).unwrap().uid();
        set(home.path(), 0o1777);
        let everybodys = make_private(home.path()).unwrap_err().to_string();
        assert!(everybodys.contains("mode 1777") && everybodys.contains("a folder within it"), "{everybodys}");
        assert_eq!(mode(home.path()), 0o1777);
        set(home.path(), 0o750);
        let stranger = user + 1;
        let anothers = not_private(home.path(), stranger).unwrap().to_string();
        assert!(anothers.contains("mode 0750") && anothers.contains("another user's"), "{anothers}");
        set(home.path(), 0o700);
        assert!(not_private(home.path(), stranger).is_none(), "what is closed may be anybody's");
    }
}
