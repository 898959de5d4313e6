//! The processes that are measured: the appliance, and the floors, each on its own so that its CPU time is its own.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tallygate_test_servers::free_port;

use crate::logged::Logged;
use crate::measure;
use crate::syscalls::Counter;

/// A process that ends with its owner.
pub struct Measured {
    child: Child,
    logged: Logged,
}

/// What a process logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// As it ships: a line for each request too.
    Shipped,
    /// Warnings alone.
    Warnings,
}

impl Measured {
    /// A floor: this program again, with other arguments.
    pub fn floor(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let child = command.arg("floor").args(arguments).stdout(Stdio::piped()).spawn()?;
        Ok(Self { child, logged: Logged::default() })
    }

    /// The appliance as it ships, which stands beside this program.
    pub fn tallygate(config: &Path, roles: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?.with_file_name("tallygate"));
        command.args(["run", "--roles", roles, "--config"]).arg(config);
        Self::logging(command, Log::Shipped)
    }

    /// The gateway's role alone on the embedded queue.
    pub fn alone(config: &Path, log: Log) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("alone").arg(config);
        Self::logging(command, log)
    }

    /// Another program that does the same work.
    pub fn peer(command: Command) -> Result<Self> {
        Self::logging(command, Log::Shipped)
    }

    fn logging(mut command: Command, log: Log) -> Result<Self> {
        match log {
            Log::Shipped => command.env_remove("RUST_LOG"),
            Log::Warnings => command.env("RUST_LOG", "warn"),
        };
        let program = command.get_program().to_owned();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let logged = Logged::read(child.stderr.take().context("no log")?);
        Ok(Self { child, logged })
    }

    pub fn cpu(&self) -> Result<Duration> {
        measure::cpu_of(self.child.id())
    }

    pub fn resident(&self) -> Result<u64> {
        measure::resident_of(self.child.id())
    }

    /// The most memory that it has had so far.
    pub fn peak(&self) -> Result<u64> {
        measure::peak_of(self.child.id())
    }

    /// The lines that it has logged so far.
    pub fn lines(&self) -> u64 {
        self.logged.lines()
    }

    /// Counts the system calls that it makes from now on.
    pub fn count_calls(&self) -> Counter {
        Counter::of(self.child.id())
    }

    /// Waits for a floor to end and returns what it printed.
    pub fn output(mut self) -> Result<String> {
        let mut text = String::new();
        if let Some(stdout) = self.child.stdout.as_mut() {
            std::io::Read::read_to_string(stdout, &mut text)?;
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("a floor ended with {status}");
        }
        Ok(text)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let end = Instant::now() + Duration::from_secs(30);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A free address on loopback.
pub fn free() -> Result<SocketAddr> {
    Ok((Ipv4Addr::LOCALHOST, free_port()?).into())
}

/// Waits until somebody listens there.
pub fn until_up(address: SocketAddr) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        if Instant::now() > end {
            bail!("nobody listens on {address}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
