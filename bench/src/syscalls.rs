//! How many system calls a process makes, counted by `perf` where it is installed and may count.
//!
//! Counting costs some CPU time with each call, so it goes with work whose CPU time is not measured.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

/// How long `perf` may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

/// A count of the system calls that a process makes from now on.
pub struct Counter(Option<Perf>);

impl Counter {
    pub fn of(pid: u32) -> Self {
        Self(Perf::start(pid).ok())
    }

    /// The calls since; none where they cannot be counted.
    pub fn stop(self) -> Option<u64> {
        self.0.and_then(|perf| perf.stop().ok())
    }
}

/// A `perf stat` that counts.
struct Perf {
    child: Child,
    commands: File,
    answers: File,
    _folder: tempfile::TempDir,
}

impl Perf {
    fn start(pid: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (commands, answers) = (folder.path().join("commands"), folder.path().join("answers"));
        for pipe in [&commands, &answers] {
            mknodat(CWD, pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        }
        let child = Command::new("perf")
            .args(["stat", "-x,", "-e", "raw_syscalls:sys_enter", "-D", "-1", "-p", &pid.to_string(), "--control"])
            .arg(format!("fifo:{},{}", commands.display(), answers.display()))
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut perf = Self { child, commands: open(&commands)?, answers: open(&answers)?, _folder: folder };
        perf.tell("enable\n")?;
        Ok(perf)
    }

    /// Gives a command and waits until it is carried out.
    fn tell(&mut self, command: &str) -> Result<()> {
        self.commands.write_all(command.as_bytes())?;
        let (end, mut answer) = (Instant::now() + ANSWER, Vec::new());
        loop {
            let mut some = [0; 16];
            // Both ends are open here, so there is never an end of the file.
            if let Ok(read) = self.answers.read(&mut some) {
                answer.extend_from_slice(&some[..read]);
            }
            if answer.windows(3).any(|window| window == b"ack") {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() || Instant::now() > end {
                bail!("perf does not count");
            }
            std::thread::sleep(LOOK);
        }
    }

    fn stop(mut self) -> Result<u64> {
        self.tell("disable\n")?;
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let mut said = String::new();
        self.child.stderr.take().context("no output")?.read_to_string(&mut said)?;
        let count = said.lines().find(|line| line.contains("raw_syscalls")).context("no count")?;
        Ok(count.split(',').next().unwrap_or_default().parse()?)
    }
}

impl Drop for Perf {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A named pipe, for both ways, so that opening it waits for nobody.
fn open(pipe: &Path) -> Result<File> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits())?;
    Ok(OpenOptions::new().read(true).write(true).custom_flags(nonblocking).open(pipe)?)
}
