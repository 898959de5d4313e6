//! A real Kafka broker: one node in KRaft mode, broker and controller at once.

use std::fs;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::certs::Certificates;
use crate::java::{jars, java};
use crate::server::{Launch, Server, new_directory};
use crate::{Credentials, Options, ports};

pub(crate) const PROPERTIES: &str = "server.properties";
const CONFIGS: &str = "kafka.admin.ConfigCommand";
const USER: Credentials = Credentials { user: "tally", password: "gate-secret" };

/// A broker that creates no topic by itself, and stamps records as Kafka does by default.
pub struct Kafka {
    server: Server,
    jars: PathBuf,
}

impl Kafka {
    /// Without TLS and password.
    pub fn start() -> Result<Kafka> {
        Kafka::start_with(Options::default())
    }

    /// [`Options::password`] is SASL PLAIN.
    pub fn start_with(options: Options) -> Result<Kafka> {
        let jars = jars("kafka")?;
        let directory = new_directory("kafka")?;
        let port = ports::free()?;
        let certificates = options.tls.then(|| Certificates::make(&directory)).transpose()?;
        fs::write(directory.join(PROPERTIES), settings(&directory, port, certificates.as_ref(), options.password)?)?;
        Kafka::run(jars, directory, port, &["-Xmx1g"], certificates, options.password.then_some(USER))
    }

    /// A node whose properties lie in its directory.
    pub(crate) fn run(
        jars: PathBuf,
        directory: PathBuf,
        port: u16,
        java_options: &[&str],
        certificates: Option<Certificates>,
        credentials: Option<Credentials>,
    ) -> Result<Kafka> {
        let properties = directory.join(PROPERTIES);
        format_storage(&jars, &properties)?;
        let mut command = java(&jars);
        command.args(["-Xms256m", "-Djava.net.preferIPv4Stack=true"]).args(java_options);
        command.arg("kafka.Kafka").arg(&properties);
        let server = Server::start(Launch {
            name: "kafka",
            directory,
            address: Ipv4Addr::LOCALHOST,
            port,
            command,
            ready: "Kafka Server started",
            companion: None,
            certificates,
            credentials,
        })?;
        Ok(Kafka { server, jars })
    }

    /// `bootstrap.servers`.
    pub fn brokers(&self) -> String {
        self.address().to_string()
    }

    /// librdkafka's `security.protocol`, in its own spelling.
    pub fn security_protocol(&self) -> &'static str {
        protocol(self.certificates().is_some(), self.credentials().is_some())
    }

    /// Has the broker know its user by another password from its next start on.
    pub fn change_password(&self, from: &str, to: &str) -> Result<()> {
        let properties = self.directory().join(PROPERTIES);
        let settings = fs::read_to_string(&properties)?;
        fs::write(&properties, settings.replace(&format!("=\"{from}\";"), &format!("=\"{to}\";")))?;
        Ok(())
    }

    /// Gives a topic a setting, such as `max.message.bytes=20000`, as an operator does.
    pub fn set_topic(&self, topic: &str, setting: &str) -> Result<()> {
        let which = ["--alter", "--entity-type", "topics", "--entity-name", topic];
        self.tool(CONFIGS, &[&which[..], &["--add-config", setting]].concat()).map(drop)
    }

    /// Runs one of Kafka's own tools by its Java class, such as `org.apache.kafka.tools.TopicCommand`, and returns what it
    /// printed. `--bootstrap-server` is added, and with a password what it takes to log in; without TLS only.
    ///
    /// # Errors
    /// What it failed with; some of the tools end with 0 all the same and only print it.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        let mut command = java(&self.jars);
        command.args([
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            class,
            "--bootstrap-server",
            &self.brokers(),
        ]);
        if let Some(user) = self.credentials() {
            let login = self.directory().join("tool.properties");
            fs::write(&login, format!("{}security.protocol={}\n", logs_in(user), self.security_protocol()))?;
            command.arg("--command-config").arg(login);
        }
        command.args(arguments);
        output_of(command, class)
    }

    /// Ends it for good and removes its directory, as dropping does.
    pub fn stop(self) {}
}

impl Deref for Kafka {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn format_storage(jars: &Path, properties: &Path) -> Result<()> {
    let mut command = java(jars);
    // Any id will do; each server has a directory of its own.
    command.args(["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", "dGFsbHlnYXRlLXRlc3Rz", "-c"]);
    command.arg(properties);
    output_of(command, "StorageTool format").map(|_| ())
}

/// A client's settings by which it logs in as this user.
fn logs_in(user: Credentials) -> String {
    let Credentials { user, password } = user;
    format!(
        "sasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
         username=\"{user}\" password=\"{password}\";\n"
    )
}

fn output_of(mut command: Command, what: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run Kafka's {what}"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || out.lines().any(|line| line.starts_with("Error: ")) {
        bail!("Kafka's {what} failed: {out}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(out)
}

fn protocol(tls: bool, password: bool) -> &'static str {
    match (tls, password) {
        (false, false) => "PLAINTEXT",
        (true, false) => "SSL",
        (false, true) => "SASL_PLAINTEXT",
        (true, true) => "SASL_SSL",
    }
}

/// The broker speaks to itself (transaction markers) over a plain listener of its own, whatever clients must use.
/// It forgets a producer seconds after its last record, as others do after a day: what clients conclude from the order of their
/// records holds no longer then.
/// Nothing old is deleted or compacted: a broker whose clock is a year ahead would take all there is for old, within seconds.
fn settings(directory: &Path, port: u16, certificates: Option<&Certificates>, password: bool) -> Result<String> {
    let (controller, own) = (ports::free()?, ports::free()?);
    let protocol = protocol(certificates.is_some(), password);
    let mut settings = format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=CLIENTS://127.0.0.1:{port},OWN://127.0.0.1:{own},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=CLIENTS://127.0.0.1:{port},OWN://127.0.0.1:{own}\n\
         listener.security.protocol.map=CLIENTS:{protocol},OWN:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         inter.broker.listener.name=OWN\n\
         controller.listener.names=CONTROLLER\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         log.cleaner.dedupe.buffer.size=16777216\n\
         log.initial.task.delay.ms=86400000\n\
         log.retention.check.interval.ms=86400000\n\
         log.cleaner.backoff.ms=86400000\n\
         producer.id.expiration.ms=1000\n\
         producer.id.expiration.check.interval.ms=500\n",
        data = directory.join("data").display(),
    );
    if let Some(files) = certificates {
        settings.push_str(&format!("ssl.keystore.type=PEM\nssl.keystore.location={}\n", files.bundle.display()));
    }
    if password {
        settings.push_str(&format!(
            "sasl.enabled.mechanisms=PLAIN\n\
             listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             user_{}=\"{}\";\n",
            USER.user, USER.password
        ));
    }
    Ok(settings)
}
