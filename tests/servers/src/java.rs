//! Finds a Java 17 and the jars that `setup/install-servers` put into the checkout.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// `java` with a server's jars on its class path.
pub(crate) fn java(jars: &Path) -> Command {
    of_class_path(jars.join("*"))
}

/// `java` with the jars of this name, and with classes of one's own, on its class path.
///
/// # Errors
/// When the jars are not there.
pub fn java_with(name: &str, classes: &Path) -> Result<Command> {
    Ok(of_class_path(env::join_paths([jars(name)?.join("*"), classes.to_owned()])?))
}

fn of_class_path(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program());
    // Its own file in the temporary directory would outlive a killed JVM.
    command.arg("-XX:-UsePerfData").arg("-cp").arg(path).env_remove("JAVA_TOOL_OPTIONS");
    command
}

/// The folder of one server's jars: in `TALLYGATE_SERVERS`, by default `.servers` in the checkout.
pub(crate) fn jars(server: &str) -> Result<PathBuf> {
    let root = match env::var_os("TALLYGATE_SERVERS") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.servers"),
    };
    let folder = root.join(server);
    if !folder.join(".complete").is_file() {
        bail!(
            "no jars of {server} in {}: run setup/install-servers, which puts them there; those of streams with --with-peer",
            folder.display()
        );
    }
    Ok(folder.canonicalize()?)
}

/// Cassandra runs on Java 11 or 17 and Kafka on 17 or later, whatever the machine's default is.
fn program() -> PathBuf {
    let seventeen = fs::read_dir("/usr/lib/jvm")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("java-17-openjdk-"))
        .map(|entry| entry.path().join("bin/java"))
        .find(|program| program.is_file());
    seventeen
        .or_else(|| env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java")))
        .unwrap_or_else(|| PathBuf::from("java"))
}
