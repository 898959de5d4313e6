//! The processes that are measured: the appliance, and the floors, each on its own so that its CPU time is its own.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tallygate_test_servers::free_port;

use crate::measure;

/// A process that ends with its owner.
pub struct Measured(Child);

impl Measured {
    /// A floor: this program again, with other arguments.
    pub fn floor(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        Ok(Self(command.arg("floor").args(arguments).stdout(Stdio::piped()).spawn()?))
    }

    /// The appliance, which stands beside this program.
    pub fn tallygate(config: &Path, roles: &str) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("tallygate");
        let log = std::fs::File::create(config.with_extension("log"))?;
        let child = Command::new(&binary)
            .args(["run", "--roles", roles, "--config"])
            .arg(config)
            .env("RUST_LOG", "warn")
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self(child))
    }

    /// The gateway's role alone on the embedded queue.
    pub fn alone(config: &Path) -> Result<Self> {
        Ok(Self(Command::new(std::env::current_exe()?).arg("alone").arg(config).spawn()?))
    }

    pub fn cpu(&self) -> Result<Duration> {
        measure::cpu_of(self.0.id())
    }

    pub fn resident(&self) -> Result<u64> {
        measure::resident_of(self.0.id())
    }

    /// Waits for a floor to end and returns what it printed.
    pub fn output(mut self) -> Result<String> {
        let mut text = String::new();
        if let Some(stdout) = self.0.stdout.as_mut() {
            std::io::Read::read_to_string(stdout, &mut text)?;
        }
        let status = self.0.wait()?;
        if !status.success() {
            bail!("a floor ended with {status}");
        }
        Ok(text)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let end = Instant::now() + Duration::from_secs(30);
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
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
