//! The processes that are measured: the appliance, and the floors, each on its own so that its CPU time is its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

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

/// A folder with certificates and a configuration.
pub struct Site {
    folder: tempfile::TempDir,
    pub partners: SocketAddr,
    pub admin: SocketAddr,
}

impl Site {
    /// A site whose backends are these sections of a configuration.
    pub fn new(backends: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tallygate-bench-").tempdir()?;
        tallygate::certs::make(&folder.path().join("certs"), &["shop-1".to_owned()])?;
        let [partners, admin, metrics] = [free()?, free()?, free()?];
        let policies = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../target/policies")
            .canonicalize()
            .context("no policies are built")?;
        let text = format!(
            r#"
[[listeners]]
name = "partners"
address = "{partners}"
tls = {{ certificate = "certs/gateway.pem", key = "certs/gateway.key", client_ca = "certs/partners-ca.pem", client_auth = "optional" }}
[[partners]]
name = "shop-1"
certificate = {{ subject_cn = "shop-1" }}
[[routes]]
name = "transactions"
path = "/v1/transactions"
partner = "shop-1"
policies = ["json"]
[policies.json]
component = "{policies}/json.wasm"
[admin]
address = "{admin}"
tls = {{ certificate = "certs/gateway.pem", key = "certs/gateway.key" }}
ca = "certs/server-ca.pem"
users = [{{ name = "operator", password_hash = "${{file:certs/operator.hash}}" }}]
token = "${{file:certs/operator.token}}"
[metrics]
address = "{metrics}"
{backends}
"#,
            policies = policies.display()
        );
        std::fs::write(folder.path().join("tallygate.toml"), text)?;
        Ok(Self { folder, partners, admin })
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tallygate.toml")
    }

    pub fn certs(&self) -> PathBuf {
        self.folder.path().join("certs")
    }
}

/// A free address on loopback.
pub fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
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
