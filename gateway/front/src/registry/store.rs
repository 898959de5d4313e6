//! The files of one policy: a component for each version, and the state, each whole or not there at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tallygate_host::version_of;

use super::error::RegistryError;
use super::state::State;

const STATE: &str = "versions.json";

pub(super) struct Store {
    dir: PathBuf,
}

impl Store {
    pub(super) fn open(dir: PathBuf) -> Result<Self, RegistryError> {
        fs::create_dir_all(&dir).map_err(|error| RegistryError::File(dir.clone(), error))?;
        Ok(Self::at(dir))
    }

    /// The files of a folder that need not be there yet, for looking at.
    pub(super) fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// What the state file says, or none where there is no such file yet.
    pub(super) fn state(&self) -> Result<Option<State>, RegistryError> {
        let path = self.dir.join(STATE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(RegistryError::File(path, error)),
        };
        match State::decode(&bytes) {
            Ok(state) => Ok(Some(state)),
            Err(problem) => Err(RegistryError::Damaged(path, problem)),
        }
    }

    pub(super) fn save(&self, state: &State) -> Result<(), RegistryError> {
        let path = self.dir.join(STATE);
        let bytes = state.encode().map_err(|problem| RegistryError::Damaged(path.clone(), problem))?;
        self.write(&path, &bytes)
    }

    pub(super) fn keep(&self, version: &str, component: &[u8]) -> Result<(), RegistryError> {
        self.write(&self.path(version), component)
    }

    /// The size of a version's component; 0 when its file is gone, which [`component`](Self::component) reports.
    pub(super) fn bytes(&self, version: &str) -> u64 {
        fs::metadata(self.path(version)).map_or(0, |metadata| metadata.len())
    }

    /// The component of a version, as it was when it came.
    pub(super) fn component(&self, version: &str) -> Result<Vec<u8>, RegistryError> {
        let path = self.path(version);
        let component = fs::read(&path).map_err(|error| RegistryError::File(path.clone(), error))?;
        let found = version_of(&component);
        if found != version {
            let problem = format!("its content hashes to {found}, so it is not the version it is named for");
            return Err(RegistryError::Damaged(path, problem));
        }
        Ok(component)
    }

    fn path(&self, version: &str) -> PathBuf {
        self.dir.join(format!("{version}.wasm"))
    }

    /// Whole or not at all, also when the power goes.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
        let half = path.with_extension("new");
        let written = || -> io::Result<()> {
            let mut file = File::create(&half)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&half, path)?;
            File::open(&self.dir)?.sync_all()
        };
        written().map_err(|error| RegistryError::File(path.to_owned(), error))
    }
}
