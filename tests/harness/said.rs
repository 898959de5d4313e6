//! What a command said, and how it ended.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::eventually::eventually;
use super::process::{Process, tallygate};

/// No command of a test has more to do; one waits for a minute for whoever has partitions.
const WITHIN: Duration = Duration::from_secs(120);

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// On standard output.
    pub out: String,
    /// On standard error.
    pub err: String,
}

/// Runs a command to its end; one that never ends is ended.
pub fn said(mut command: Command) -> Said {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut err = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || read(&mut err));
    let waiting = std::thread::spawn(move || {
        let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(&format!("{command:?} ends"), WITHIN, || {
                child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned())
            })
        }));
        let _ = child.kill();
        status
    });
    let out = read(&mut out);
    let (status, err) = (waiting.join().unwrap(), reading.join().unwrap());
    let status = status.unwrap_or_else(|panic| {
        eprintln!("{out}{err}");
        std::panic::resume_unwind(panic)
    });
    Said { code: status.code().unwrap_or(-1), out, err }
}

/// Runs `tallygate` with a configuration.
pub fn with_config(config: &Path, arguments: &[&str]) -> Said {
    with_environment(config, arguments, &[])
}

/// Runs `tallygate` with a configuration and variables of the environment.
pub fn with_environment(config: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = tallygate();
    command.envs(variables.iter().copied());
    command.args(arguments).arg("-c").arg(config).env_remove("RUST_LOG");
    said(command)
}

fn read(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Said {
    /// What it said, when it went well.
    pub fn good(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// The JSON it printed, when it went well.
    pub fn json(self) -> serde_json::Value {
        let out = self.good();
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }

    /// What it complained of, when it ended with this code.
    pub fn bad(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.err
    }
}

impl Process {
    /// Runs a command of the same configuration to its end.
    pub fn says(&self, arguments: &[&str]) -> Said {
        with_config(&self.config, arguments)
    }
}
