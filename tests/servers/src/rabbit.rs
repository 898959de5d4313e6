//! A real RabbitMQ broker, as Debian packages it.

use std::fs;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
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
    name: String,
    environment: Vec<(&'static str, String)>,
}

/// A node about to start.
pub(crate) struct Node {
    pub(crate) directory: PathBuf,
    /// The port that clients use.
    pub(crate) port: u16,
    /// `name@host`.
    pub(crate) name: String,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Its port mapper, unless another node has one for it.
    pub(crate) epmd: Option<Command>,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) credentials: Option<Credentials>,
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

        let environment = environment(&directory, NODE, ports::free()?, ports::free()?);
        let (epmd, credentials) = (Some(Command::new("epmd")), options.password.then_some(USER));
        RabbitMq::run(Node { directory, port, name: NODE.to_owned(), environment, epmd, certificates, credentials })
    }

    /// A node whose files lie in its directory.
    pub(crate) fn run(node: Node) -> Result<RabbitMq> {
        let Node { directory, port, name, environment, epmd, certificates, credentials } = node;
        let mut command = Command::new(Path::new(BIN).join("rabbitmq-server"));
        // Under systemd the script replaces itself with the broker, so that the child is the broker and no shell before it.
        command.envs(environment.clone()).env("RUNNING_UNDER_SYSTEMD", "true").env_remove("NOTIFY_SOCKET");
        let companion = epmd.map(|mut epmd| {
            epmd.args(["-address", "127.0.0.1"]).envs(environment.clone());
            epmd
        });
        let server = Server::start(Launch {
            name: "rabbitmq",
            directory,
            address: Ipv4Addr::LOCALHOST,
            port,
            command,
            ready: "startup complete",
            companion,
            certificates,
            credentials,
        })?;
        Ok(RabbitMq { server, name, environment })
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
            .args(["--quiet", "--node", &self.name])
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
pub(crate) fn environment(directory: &Path, name: &str, epmd: u16, nodes: u16) -> Vec<(&'static str, String)> {
    let at = |name: &str| directory.join(name).display().to_string();
    vec![
        ("HOME", directory.display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_EPMD_PORT", epmd.to_string()),
        ("RABBITMQ_NODENAME", name.to_owned()),
        ("RABBITMQ_DIST_PORT", nodes.to_string()),
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
    ]
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
    write_files(directory, &settings, "", &fresh_cookie())
}

/// What a node reads: its settings, and more for the network of nodes.
pub(crate) fn write_files(directory: &Path, settings: &str, kernel: &str, cookie: &str) -> Result<()> {
    fs::write(directory.join("rabbitmq.conf"), settings)?;
    let kernel = format!("[{{kernel,[{{inet_dist_use_interface,{{127,0,0,1}}}}{kernel}]}}].\n");
    fs::write(directory.join("advanced.config"), kernel)?;
    fs::write(directory.join("enabled_plugins"), "[].\n")?;
    write_secret(&directory.join(".erlang.cookie"), cookie)
}

/// By which nodes and tools of one cluster know each other.
pub(crate) fn fresh_cookie() -> String {
    format!("{:016X}{:016X}", rand::random::<u64>(), rand::random::<u64>())
}
