//! The files of one policy: component, configuration and compiled form of each version, and the state, each whole or not
//! there at all.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tallygate_embedded::folders::{make_folder, write_whole};
use tallygate_host::{About, about_bytes, about_of, version_of};

use super::error::RegistryError;
use super::state::State;

const STATE: &str = "versions.json";
/// What is read of a compiled form at first, in bytes: what most policies say of themselves is within it.
const GLANCE: u64 = 4096;
/// The most that a policy can say of itself, in bytes.
const ABOUT_BYTES: usize = 4 << 20;

pub(super) struct Store {
    dir: PathBuf,
}

impl Store {
    /// The files of a folder, which is made when the first is kept.
    pub(super) fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// What the state file says, or none where there is no such file yet.
    pub(super) fn state(&self) -> Result<Option<State>, RegistryError> {
        let path = self.dir.join(STATE);
        match optional(&path)?.map(|bytes| State::decode(&bytes)) {
            None => Ok(None),
            Some(Ok(state)) => Ok(Some(state)),
            Some(Err(problem)) => Err(RegistryError::Damaged(path, problem)),
        }
    }

    pub(super) fn save(&self, state: &State) -> Result<(), RegistryError> {
        let path = self.dir.join(STATE);
        let bytes = state.encode().map_err(|problem| RegistryError::Damaged(path.clone(), problem))?;
        self.write(&path, &bytes)
    }

    /// Keeps what a version is made of.
    pub(super) fn keep(&self, version: &str, component: &[u8], config: &str) -> Result<(), RegistryError> {
        self.write(&self.component_file(version), component)?;
        self.write(&self.config_file(version), config.as_bytes())
    }

    /// Keeps what a version was compiled to.
    pub(super) fn keep_artefact(&self, version: &str, artefact: &[u8]) -> Result<(), RegistryError> {
        self.write(&self.artefact_file(version), artefact)
    }

    /// What a version was compiled to, if that is kept. Whoever loads it looks whether it was made here.
    pub(super) fn artefact(&self, version: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        optional(&self.artefact_file(version))
    }

    /// Component and configuration of a version, as they were when it came.
    pub(super) fn source(&self, version: &str) -> Result<(Vec<u8>, String), RegistryError> {
        let path = self.component_file(version);
        let component = fs::read(&path).map_err(|error| RegistryError::File(path.clone(), error))?;
        let config = self.config(version)?;
        let found = version_of(&component, &config);
        if found != version {
            let problem =
                format!("with the configuration beside it, it hashes to {found}, which is not what it is named for");
            return Err(RegistryError::Damaged(path, problem));
        }
        Ok((component, config))
    }

    fn config(&self, version: &str) -> Result<String, RegistryError> {
        let path = self.config_file(version);
        fs::read_to_string(&path).map_err(|error| RegistryError::File(path, error))
    }

    /// The sizes of a version's component and configuration; 0 where a file is gone, which [`source`](Self::source) reports.
    pub(super) fn sizes(&self, version: &str) -> (u64, u64) {
        let size = |path: PathBuf| fs::metadata(path).map_or(0, |metadata| metadata.len());
        (size(self.component_file(version)), size(self.config_file(version)))
    }

    /// What a version says of itself, for showing; none while it is not compiled.
    pub(super) fn about(&self, version: &str) -> Option<About> {
        let mut file = File::open(self.artefact_file(version)).ok()?;
        let mut beginning = Vec::new();
        (&mut file).take(GLANCE).read_to_end(&mut beginning).ok()?;
        let bytes = about_bytes(&beginning).filter(|bytes| *bytes <= ABOUT_BYTES)?;
        file.take(bytes.saturating_sub(beginning.len()) as u64).read_to_end(&mut beginning).ok()?;
        about_of(&beginning)
    }

    /// Removes a version's files; those that cannot be are only in nobody's way.
    pub(super) fn remove(&self, version: &str) {
        for path in [self.artefact_file(version), self.config_file(version), self.component_file(version)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!("{}: the file of a removed version stays: {error}", path.display());
                }
                _ => {}
            }
        }
    }

    /// Removes the state of a policy without versions, and its folder unless something else is in it.
    pub(super) fn forget(&self) -> Result<(), RegistryError> {
        let path = self.dir.join(STATE);
        fs::remove_file(&path).map_err(|error| RegistryError::File(path, error))?;
        // What is not empty stays.
        let _ = fs::remove_dir(&self.dir);
        Ok(())
    }

    fn component_file(&self, version: &str) -> PathBuf {
        self.dir.join(format!("{version}.wasm"))
    }

    fn config_file(&self, version: &str) -> PathBuf {
        self.dir.join(format!("{version}.config.json"))
    }

    fn artefact_file(&self, version: &str) -> PathBuf {
        self.dir.join(format!("{version}.native"))
    }

    /// Whole or not at all, also when the power goes.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
        let written = make_folder(&self.dir).and_then(|()| write_whole(path, bytes, 0o600));
        written.map_err(|error| RegistryError::File(path.to_owned(), error))
    }
}

/// The names of the policies that a folder holds versions of.
pub(super) fn stored(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().join(STATE).is_file());
    names.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn optional(path: &Path) -> Result<Option<Vec<u8>>, RegistryError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(RegistryError::File(path.to_owned(), error)),
    }
}
