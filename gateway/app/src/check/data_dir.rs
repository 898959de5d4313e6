//! A data directory that cannot be made or written, or that others may look into for good.

use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::geteuid;
use tallygate_embedded::not_private;

use crate::config::{Config, Problem};

pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let folders = [&config.data_dir, &config.policies.dir, &config.front.journal];
    let problem = folders.into_iter().find_map(|folder| unwritable(folder));
    let problem = problem.or_else(|| not_private(&config.data_dir, geteuid().as_raw()).map(|why| why.to_string()));
    problem.map(|message| config.places.problem("data_dir", message)).into_iter().collect()
}

/// Why a folder cannot be made or written, as far as that can be told without trying.
fn unwritable(folder: &Path) -> Option<String> {
    // What is not there is made in what is.
    let there = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok())?;
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    if !there.is_dir() {
        return Some(format!("{} is no folder, another data_dir would be right", there.display()));
    }
    // A disk that turned read-only is no fault of the configuration: what is there can be served from meanwhile.
    let error = access(there, Access::WRITE_OK | Access::EXEC_OK).err().filter(|error| *error != Errno::ROFS)?;
    Some(format!("{} cannot be written: {error}; a data_dir of this user's own would be right", there.display()))
}
