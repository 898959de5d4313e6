//! The key that seals compiled policies: a file of this data directory alone.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tallygate_embedded::folders::{make_folder, write_whole};
use tallygate_host::ArtefactKey;

use super::error::RegistryError;

/// No policy has a name that begins so.
const FILE: &str = ".artefact-key";

/// The key of a folder, made where there is none that is whole and this user's alone.
pub(super) fn of(dir: &Path) -> Result<ArtefactKey, RegistryError> {
    if let Some(key) = there(dir)? {
        return Ok(key);
    }
    let bytes = ArtefactKey::random_bytes().map_err(|error| RegistryError::Host(error.to_string()))?;
    make_folder(dir)
        .and_then(|()| write_whole(&dir.join(FILE), &bytes, 0o600))
        .map_err(|error| RegistryError::File(dir.join(FILE), error))?;
    Ok(ArtefactKey::new(&bytes))
}

/// The key of a folder if it has one, else one that nothing was sealed with.
pub(super) fn of_or_fresh(dir: &Path) -> Result<ArtefactKey, RegistryError> {
    if let Some(key) = there(dir)? {
        return Ok(key);
    }
    let bytes = ArtefactKey::random_bytes().map_err(|error| RegistryError::Host(error.to_string()))?;
    Ok(ArtefactKey::new(&bytes))
}

fn there(dir: &Path) -> Result<Option<ArtefactKey>, RegistryError> {
    let path = dir.join(FILE);
    let read = || io::Result::Ok((fs::metadata(&path)?.permissions().mode(), fs::read(&path)?));
    let (mode, bytes) = match read() {
        Ok(read) => read,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(RegistryError::File(path, error)),
    };
    if mode & 0o077 != 0 {
        tracing::warn!("{}: others could read the key, so it is made anew", path.display());
        return Ok(None);
    }
    Ok(<&[u8; ArtefactKey::BYTES]>::try_from(&*bytes).ok().map(ArtefactKey::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policies").join(FILE);
        of(file.parent().unwrap()).unwrap();
        let bytes = fs::read(&file).unwrap();
        assert_eq!((bytes.len(), fs::metadata(&file).unwrap().permissions().mode() & 0o777), (32, 0o600));
        of(file.parent().unwrap()).unwrap();
        assert_eq!(fs::read(&file).unwrap(), bytes);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        of(file.parent().unwrap()).unwrap();
        assert_ne!(fs::read(&file).unwrap(), bytes, "a key that others could read seals nothing any more");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        of(file.parent().unwrap()).unwrap();
        assert_eq!(fs::read(&file).unwrap().len(), 32);
    }
}
