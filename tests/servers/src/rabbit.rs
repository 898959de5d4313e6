//! A real RabbitMQ broker, as Debian packages it.

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::certs::{Certificates, write_secret};
use crate::server::{Launch, Server, new_directory};
use crate::{Credentials, Options, ports};

const BIN: &str = "/usr/lib/rabbitmq/bin";
const NODE: &str = "tallygate@localhost";
const GUEST: Credentials = Credentials { user: "guest", password: "guest" };
const USER: Credentials = Credentials { user: "tally", password: "gate-secret" };

/// A broker of one node with its own Erlang port mapper.
pub struct RabbitMq {
    server: Server,
    environment: Vec<(&'static str, String)>,
}

impl RabbitMq {
    /// Without TLS, for the broker's usual user `guest`.
    pub fn start() -> Result<RabbitMq> {
        RabbitMq::start_with(Options::default())
    }

    /// With [`Options::password`] there is one user, who is not `guest`.
    pub fn start_with(options: Options) -> Result<RabbitMq> {
        if !Path::new(BIN).join("rabbitmq-server").is_file() {
            bail!("no RabbitMQ in {BIN}: run setup/install-servers, which installs Debian's package");
        }
        let directory = new_directory("rabbitmq")?;
        let port = ports::free()?;
        let certificates = options.tls.then(|| Certificates::make(&directory)).transpose()?;
        let credentials = if options.password { USER } else { GUEST };
        write_configuration(&directory, port, certificates.as_ref(), credentials)?;

        let environment = environment(&directory)?;
        let mut command = Command::new(Path::new(BIN).join("rabbitmq-server"));
        // Under systemd the script replaces itself with the broker, so that the child is the broker and no shell before it.
        command.envs(environment.clone()).env("RUNNING_UNDER_SYSTEMD", "true").env_remove("NOTIFY_SOCKET");
        let mut epmd = Command::new("epmd");
        epmd.args(["-address", "127.0.0.1"]).envs(environment.clone());
        let server = Server::start(Launch {
            name: "rabbitmq",
            directory,
            port,
            command,
            ready: "startup complete",
            companion: Some(epmd),
            certificates,
            credentials: options.password.then_some(USER),
        })?;
        Ok(RabbitMq { server, environment })
    }

    /// `amqp://…` or `amqps://…`, with user, password and virtual host.
    pub fn url(&self) -> String {
        let scheme = if self.certificates().is_some() { "amqps" } else { "amqp" };
        let Credentials { user, password } = self.credentials().unwrap_or(GUEST);
        // The certificate names both, but some clients check host names only.
        let host = if self.certificates().is_some() { "localhost" } else { "127.0.0.1" };
        format!("{scheme}://{user}:{password}@{host}:{}/%2f", self.address().port())
    }

    /// Runs `rabbitmqctl` on this broker and returns what it printed: `list_queues`, `set_vm_memory_high_watermark 0`…
    pub fn control(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(Path::new(BIN).join("rabbitmqctl"))
            .args(["--quiet", "--node", NODE])
            .args(arguments)
            .envs(self.environment.clone())
            .stdin(Stdio::null())
            .output()
            .context("cannot run rabbitmqctl")?;
        if !output.status.success() {
            bail!("rabbitmqctl {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Ends it for good and removes its directory, as dropping does.
    pub fn stop(self) {}
}

impl Deref for RabbitMq {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// Everything in the server's own directory: nothing of the machine's broker, if it has one, is read or touched.
fn environment(directory: &Path) -> Result<Vec<(&'static str, String)>> {
    let at = |name: &str| directory.join(name).display().to_string();
    Ok(vec![
        ("HOME", directory.display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_EPMD_PORT", ports::free()?.to_string()),
        ("RABBITMQ_NODENAME", NODE.to_owned()),
        ("RABBITMQ_DIST_PORT", ports::free()?.to_string()),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        ("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", at("advanced.config")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins")),
        ("RABBITMQ_MNESIA_BASE", at("data")),
        ("RABBITMQ_LOG_BASE", at("logs")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_PID_FILE", at("pid")),
        // Schedulers that wait by spinning take the cores from the other servers and the test.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none".to_owned()),
    ])
}

fn write_configuration(
    directory: &Path,
    port: u16,
    certificates: Option<&Certificates>,
    credentials: Credentials,
) -> Result<()> {
    let mut settings = format!(
        "default_user = {}\ndefault_pass = {}\ndisk_free_limit.absolute = 50MB\n",
        credentials.user, credentials.password
    );
    match certificates {
        None => settings.push_str(&format!("listeners.tcp.1 = 127.0.0.1:{port}\n")),
        Some(files) => settings.push_str(&format!(
            "listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {}\nssl_options.certfile = {}\n\
             ssl_options.keyfile = {}\nssl_options.verify = verify_none\n",
            files.ca.display(),
            files.certificate.display(),
            files.key.display()
        )),
    }
    fs::write(directory.join("rabbitmq.conf"), settings)?;
    fs::write(directory.join("advanced.config"), "[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n")?;
    fs::write(directory.join("enabled_plugins"), "[].\n")?;
    let cookie = format!("{:016X}{:016X}", rand::random::<u64>(), rand::random::<u64>());
    write_secret(&directory.join(".erlang.cookie"), &cookie)
}
