//! A small process beside each server that ends it, and removes its directory, when the process that started it is gone.
//!
//! Statics are not dropped, a test process may be killed, and the kernel's own parent-death signal follows the thread
//! that started a child, which in a test is a short one. The reaper reads a pipe that the test process holds instead:
//! its end comes with the process's, however that ends.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result};

/// Reads `groups N N…` (the process groups to kill at the end, each line replacing the one before) and `keep`.
/// A killed process may still write for a moment, so its group is waited for before the directory goes.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups= keep=
while read -r word rest; do
    case $word in
    groups) groups=$rest ;;
    keep) keep=1 ;;
    esac
done
for group in $groups; do
    kill -9 "-$group"
    tries=0
    while kill -0 "-$group" && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
done
[ -n "$keep" ] || rm -rf -- "$1"
"#;

pub(crate) struct Reaper {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Reaper {
    /// Starts to watch over `directory`.
    pub(crate) fn start(directory: &Path) -> Result<Reaper> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "tallygate-reaper"])
            .arg(directory)
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start /bin/sh to watch over a server")?;
        let pipe = child.stdin.take();
        let mut reaper = Reaper { child, pipe };
        if std::env::var_os("TALLYGATE_KEEP_SERVERS").is_some() {
            reaper.keep_directory();
        }
        Ok(reaper)
    }

    /// Says which process groups end with this process, instead of those said before.
    pub(crate) fn watch(&mut self, groups: &[u32]) -> Result<()> {
        let mut line = String::from("groups");
        for group in groups {
            line.push_str(&format!(" {group}"));
        }
        line.push('\n');
        let pipe = self.pipe.as_mut().context("the reaper's pipe is closed")?;
        pipe.write_all(line.as_bytes()).context("the process that watches over a server is gone")
    }

    /// Leaves the directory where it is, for its log.
    pub(crate) fn keep_directory(&mut self) {
        if let Some(pipe) = self.pipe.as_mut() {
            // A reaper that is gone removes nothing either.
            let _ = pipe.write_all(b"keep\n");
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.child.wait();
    }
}
