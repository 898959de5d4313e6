//! One process of the appliance: started, killed, stopped, woken, as faults have it.

use std::fs::File;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use serde_json::Value;

use super::eventually::eventually;
use super::metrics::Metrics;

const UP_WITHIN: Duration = Duration::from_secs(60);

/// A process, and how to start it again.
#[derive(Debug)]
pub struct Process {
    /// What the test calls it.
    pub name: String,
    /// Its configuration.
    pub config: PathBuf,
    /// Its data directory.
    pub data: PathBuf,
    /// Where it takes partners' messages.
    pub partners_port: u16,
    admin_port: u16,
    /// Where its metrics are.
    pub metrics_port: u16,
    roles: String,
    fault: Option<&'static str>,
    child: Mutex<Option<Child>>,
    /// What it runs from its next start on.
    program: Mutex<PathBuf>,
}

/// The command under test.
pub fn tallygate() -> Command {
    Command::new(TALLYGATE)
}

/// The program under test.
pub const TALLYGATE: &str = env!("CARGO_BIN_EXE_tallygate");

impl Process {
    pub fn new(
        name: &str,
        config: PathBuf,
        data: PathBuf,
        ports: [u16; 3],
        roles: &str,
        fault: Option<&'static str>,
    ) -> Self {
        let [partners_port, admin_port, metrics_port] = ports;
        let (name, roles) = (name.to_owned(), roles.to_owned());
        Self {
            name,
            config,
            data,
            partners_port,
            admin_port,
            metrics_port,
            roles,
            fault,
            child: Mutex::default(),
            program: Mutex::new(TALLYGATE.into()),
        }
    }

    /// Starts it; it need not be up yet.
    pub fn start(&self) {
        self.start_with(&[]);
    }

    /// Runs another program from its next start on.
    pub fn becomes(&self, program: &Path) {
        *self.program.lock().unwrap() = program.to_owned();
    }

    /// Starts it with its clock so many days off.
    pub fn start_days_off(&self, days: i32) {
        self.start_with(&tallygate_test_servers::days_off(days));
    }

    /// Starts it with its log going there, and what else it says into its file.
    pub fn start_logging_to(&self, log: Stdio) {
        self.start_as(&[], self.opened_log().into(), log);
    }

    fn start_with(&self, environment: &[(&str, String)]) {
        let log = self.opened_log();
        self.start_as(environment, log.try_clone().unwrap().into(), log.into());
    }

    fn opened_log(&self) -> File {
        File::options().create(true).append(true).open(self.log()).unwrap()
    }

    fn start_as(&self, environment: &[(&str, String)], out: Stdio, log: Stdio) {
        let mut command = Command::new(&*self.program.lock().unwrap());
        command.args(["run", "--config"]).arg(&self.config).args(["--roles", &self.roles]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.env("RUST_LOG", "info").stdout(out).stderr(log);
        if let Some(fault) = self.fault {
            command.env("TALLYGATE_FAULT", fault);
        }
        // SAFETY: a single system call that is safe between fork and exec. Nothing outlives a test that was killed.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
        }
        *self.child.lock().unwrap() = Some(command.spawn().unwrap());
    }

    /// Waits until its metrics can be read, and its partners' port too where it plays that role.
    pub fn wait_until_up(&self) {
        eventually(&format!("{} is up (see {})", self.name, self.log().display()), UP_WITHIN, || {
            let answers = |port: u16| TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|e| e.to_string());
            self.check_alive()?;
            self.metrics()?;
            if self.roles.contains("gateway") { answers(self.partners_port) } else { Ok(()) }
        });
    }

    /// Its metrics, which are served once everything else was built; the sockets are there long before.
    pub fn metrics(&self) -> Result<Metrics, String> {
        Metrics::read(self.metrics_port)
    }

    fn check_alive(&self) -> Result<(), String> {
        let ended = self.child.lock().unwrap().as_mut().map(Child::try_wait);
        match ended {
            Some(Ok(Some(status))) => panic!("{} ended with {status}: {}", self.name, self.last_words()),
            _ => Ok(()),
        }
    }

    /// All that it has said, over all its starts.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Ends it as a power switch would.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.wait().unwrap();
        }
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Tells it what a terminal does that is closed.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Asks it to end, and waits.
    pub fn stop(&self) -> std::process::ExitStatus {
        self.terminate();
        self.child.lock().unwrap().take().unwrap().wait().unwrap()
    }

    /// Waits until it ends by itself.
    pub fn ended(&self, within: Duration) -> std::process::ExitStatus {
        let status = eventually(&format!("{} ends", self.name), within, || {
            match self.child.lock().unwrap().as_mut().map(Child::try_wait) {
                Some(Ok(Some(status))) => Ok(status),
                _ => Err("it runs".to_owned()),
            }
        });
        self.child.lock().unwrap().take();
        status
    }

    /// Stops its clock.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// The most memory that it ever had, in bytes, as the kernel counts.
    pub fn peak_memory(&self) -> u64 {
        self.counted("VmHWM:")
    }

    /// The memory that it has, in bytes, as the kernel counts.
    pub fn memory(&self) -> u64 {
        self.counted("VmRSS:")
    }

    /// The most memory is counted anew.
    pub fn forget_peak_memory(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.id()), "5").unwrap();
    }

    fn counted(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    fn id(&self) -> u32 {
        self.child.lock().unwrap().as_ref().unwrap().id()
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = self.child.lock().unwrap().as_ref() {
            let _ = kill_process(Pid::from_child(child), signal);
        }
    }

    /// Runs a command of the same configuration.
    pub fn command(&self, arguments: &[&str]) -> Output {
        tallygate().args(arguments).arg("--config").arg(&self.config).output().unwrap()
    }

    /// What its page tells of it, with the token of its administration.
    pub fn status(&self) -> Result<Value, String> {
        let token = std::fs::read_to_string(self.folder().join("certs/operator.token")).unwrap();
        let asked = Command::new("curl")
            .args(["--silent", "--show-error", "--insecure", "--max-time", "30", "--header"])
            .arg(format!("authorization: Bearer {}", token.trim()))
            .arg(format!("https://127.0.0.1:{}/api/v1/status", self.admin_port))
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&asked.stdout);
        serde_json::from_str(&said)
            .map_err(|error| format!("{error}: {said}{}", String::from_utf8_lossy(&asked.stderr)))
    }

    /// Where it writes what it has to say.
    pub fn log(&self) -> PathBuf {
        self.config.with_extension("log")
    }

    /// The folder of the site.
    pub fn folder(&self) -> &Path {
        self.config.parent().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the last words of {} ({}):\n{}", self.name, self.log().display(), self.last_words());
        }
    }
}
