//! A process whose wall clock is wrong: a library that is preloaded into it says so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the library is made of.
const SOURCE: &str = include_str!("days_off.c");

/// The environment in which a process's wall clock lies so many days ahead, or behind when negative.
pub fn days_off(days: i32) -> [(&'static str, String); 2] {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let library = LIBRARY.get_or_init(build);
    [("LD_PRELOAD", library.display().to_string()), ("TALLYGATE_DAYS_OFF", days.to_string())]
}

/// Compiles it, once for a process; it stays in the folder of temporary files.
#[allow(clippy::panic, reason = "a test fails by panicking")]
fn build() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tallygate-clock-{}", std::process::id()));
    let (source, library) = (folder.join("days_off.c"), folder.join("days_off.so"));
    let compiled = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&source, SOURCE))
        .and_then(|()| compiler(&source, &library).status());
    match compiled {
        Ok(status) if status.success() => library,
        other => panic!("the library for a wrong clock cannot be compiled: {other:?}"),
    }
}

fn compiler(source: &Path, library: &Path) -> Command {
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(library).arg(source).arg("-ldl");
    command
}
