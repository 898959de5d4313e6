//! The life of one server process: started until its log says that it is ready, killed, paused, restarted, stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::Credentials;
use crate::certs::Certificates;
use crate::clock;
use crate::reaper::Reaper;

/// Some ten times what a start takes on two idle cores.
const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
const LOG_LINES_SHOWN: usize = 25;

/// What every one of the servers can do; each derefs to it.
pub struct Server {
    name: &'static str,
    directory: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    ready: &'static str,
    certificates: Option<Certificates>,
    credentials: Option<Credentials>,
    run: Mutex<Run>,
}

struct Run {
    command: Command,
    child: Option<Child>,
    companions: Vec<Child>,
    reaper: Reaper,
}

/// How a kind of server is started; `Server::start` fills in the rest.
pub(crate) struct Launch {
    pub(crate) name: &'static str,
    pub(crate) directory: PathBuf,
    /// The address and the port that clients use.
    pub(crate) address: Ipv4Addr,
    pub(crate) port: u16,
    pub(crate) command: Command,
    /// What a line of the log holds when clients can connect.
    pub(crate) ready: &'static str,
    /// Started first, and left alone when the server is killed.
    pub(crate) companion: Option<Command>,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) credentials: Option<Credentials>,
}

/// A new directory for one server, named after it.
pub(crate) fn new_directory(name: &str) -> Result<PathBuf> {
    let directory = tempfile::Builder::new()
        .prefix(&format!("tallygate-{name}-"))
        .tempdir()
        .with_context(|| format!("cannot make a directory for {name} in {}", std::env::temp_dir().display()))?;
    Ok(directory.keep())
}

impl Server {
    pub(crate) fn start(launch: Launch) -> Result<Server> {
        let mut reaper = Reaper::start(&launch.directory)?;
        let log = launch.directory.join(format!("{}.log", launch.name));
        let file = open_log(&log)?;
        let mut command = launch.command;
        quiet(&mut command, &launch.directory, &file)?;
        let mut companions = Vec::new();
        if let Some(mut companion) = launch.companion {
            quiet(&mut companion, &launch.directory, &file)?;
            let child = companion.spawn().with_context(|| format!("cannot start {:?}", companion.get_program()))?;
            reaper.watch(&[child.id()])?;
            companions.push(child);
        }
        let server = Server {
            name: launch.name,
            directory: launch.directory,
            log,
            address: SocketAddr::from((launch.address, launch.port)),
            ready: launch.ready,
            certificates: launch.certificates,
            credentials: launch.credentials,
            run: Mutex::new(Run { command, child: None, companions, reaper }),
        };
        server.launch(&mut server.run())?;
        Ok(server)
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's own directory: configuration, data and log. It goes with the server.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The log of all its runs.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The certificate authority to trust (PEM), when it was started with TLS.
    pub fn ca(&self) -> Option<&Path> {
        self.certificates.as_ref().map(|certificates| certificates.ca.as_path())
    }

    /// Who may log in, when it was started with a password.
    pub fn credentials(&self) -> Option<Credentials> {
        self.credentials
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.run().child.as_ref().map(Child::id)
    }

    /// SIGKILL, as a crash would end it; returns when the process is gone.
    pub fn kill(&self) -> Result<()> {
        let mut run = self.run();
        let Some(child) = run.child.as_mut() else {
            return Ok(());
        };
        signal_group(child, Signal::KILL)?;
        child.wait().with_context(|| format!("cannot wait for {}", self.name))?;
        run.forget_child()
    }

    /// Starts it again on the same ports and data, and waits until it is ready; one that still runs is asked to stop first.
    pub fn restart(&self) -> Result<()> {
        let mut run = self.run();
        if let Some(child) = run.child.as_mut() {
            terminate(child).with_context(|| format!("cannot stop {}", self.name))?;
            run.forget_child()?;
        }
        self.launch(&mut run)
    }

    /// Starts it again as [`restart`](Self::restart) does, with its clock so many days off, until it is started again.
    pub fn restart_days_off(&self, days: i32) -> Result<()> {
        let environment = clock::days_off(days);
        self.run().command.envs(environment.iter().map(|(name, value)| (name, value)));
        let restarted = self.restart();
        environment.iter().for_each(|(name, _)| {
            self.run().command.env_remove(name);
        });
        restarted
    }

    /// Asks it to stop (SIGTERM), as an operator would, and waits; `restart` brings it back.
    pub fn shut_down(&self) -> Result<()> {
        let mut run = self.run();
        let Some(child) = run.child.as_mut() else {
            return Ok(());
        };
        terminate(child).with_context(|| format!("cannot stop {}", self.name))?;
        run.forget_child()
    }

    /// SIGSTOP: it hangs, with its connections open, until [`resume`](Server::resume).
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT after [`pause`](Server::pause).
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Waits for what the log says once in a server's life, after it was ready.
    pub(crate) fn wait_for_log(&self, text: &str) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while !self.log_since(0)?.contains(text) {
            if Instant::now() > deadline {
                bail!("{} did not log '{text}' within {} s; {}", self.name, READY_WITHIN.as_secs(), self.end_of_log());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    pub(crate) fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let run = self.run();
        let child = run.child.as_ref().with_context(|| format!("{} does not run", self.name))?;
        kill_process(pid(child)?, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    fn launch(&self, run: &mut Run) -> Result<()> {
        let seen = fs::metadata(&self.log).map_or(0, |log| log.len());
        let child = run.command.spawn().with_context(|| format!("cannot start {}", self.name))?;
        run.child = Some(child);
        run.tell_reaper()?;
        let outcome = self.wait_until_ready(run, seen);
        if outcome.is_err() {
            run.reaper.keep_directory();
        }
        outcome
    }

    fn wait_until_ready(&self, run: &mut Run, seen: u64) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = run.exited()? {
                run.forget_child()?;
                bail!("{} ended with {status} before it was ready; {}", self.name, self.end_of_log());
            }
            if self.log_since(seen)?.contains(self.ready)
                && TcpStream::connect_timeout(&self.address(), Duration::from_secs(1)).is_ok()
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{} was not ready within {} s; {}", self.name, READY_WITHIN.as_secs(), self.end_of_log());
            }
            thread::sleep(POLL);
        }
    }

    fn log_since(&self, offset: u64) -> Result<String> {
        let mut text = Vec::new();
        let mut file = File::open(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn end_of_log(&self) -> String {
        let text = self.log_since(0).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        format!("the end of its log {}:\n{}", self.log.display(), shown.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let run = self.run.get_mut().unwrap_or_else(PoisonError::into_inner);
        for mut child in run.child.take().into_iter().chain(run.companions.drain(..)) {
            // The reaper, dropped next, kills what this could not.
            let _ = signal_group(&child, Signal::KILL);
            let _ = child.wait();
        }
    }
}

impl Run {
    fn exited(&mut self) -> Result<Option<ExitStatus>> {
        match self.child.as_mut() {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    fn forget_child(&mut self) -> Result<()> {
        self.child = None;
        self.tell_reaper()
    }

    fn tell_reaper(&mut self) -> Result<()> {
        let groups: Vec<u32> = self.companions.iter().chain(&self.child).map(Child::id).collect();
        self.reaper.watch(&groups)
    }
}

/// Away from the terminal, so that Ctrl-C reaches the test process alone, and from its output, so that a pipe behind the
/// tests ends with them.
fn quiet(command: &mut Command, directory: &Path, log: &File) -> Result<()> {
    command
        .process_group(0)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log.try_clone()?));
    Ok(())
}

fn open_log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write the log {}", path.display()))
}

fn pid(child: &Child) -> Result<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("not a process id")
}

/// The whole group: a server's own helpers go with it.
fn signal_group(child: &Child, signal: Signal) -> Result<()> {
    Ok(kill_process_group(pid(child)?, signal)?)
}

fn terminate(child: &mut Child) -> Result<()> {
    // One that was paused could not hear it.
    kill_process(pid(child)?, Signal::CONT)?;
    kill_process(pid(child)?, Signal::TERM)?;
    let deadline = Instant::now() + STOPPED_WITHIN;
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            signal_group(child, Signal::KILL)?;
            child.wait()?;
            break;
        }
        thread::sleep(POLL);
    }
    Ok(())
}
