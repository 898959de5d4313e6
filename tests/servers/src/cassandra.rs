//! A real Cassandra node, a cluster of one.

use std::fs;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::certs::Certificates;
use crate::cql;
use crate::java::{jars, java};
use crate::server::{Launch, Server, new_directory};
use crate::{Credentials, Options, ports};

/// The account that a new cluster makes by itself.
const USER: Credentials = Credentials { user: "cassandra", password: "cassandra" };

/// What the node's own start script adds on Java 17, for its off-heap memory, its agent and its metrics.
const EXPORTS: &[(&str, &[&str])] = &[
    ("java.base", &["jdk.internal.misc", "jdk.internal.ref", "java.lang.ref"]),
    ("java.management.rmi", &["com.sun.jmx.remote.internal.rmi"]),
    ("java.rmi", &["sun.rmi.registry", "sun.rmi.server"]),
    ("java.sql", &["java.sql"]),
    ("jdk.unsupported", &["sun.misc"]),
    ("jdk.compiler", &["com.sun.tools.javac.file"]),
    ("jdk.attach", &["sun.tools.attach"]),
];
const OPENS: &[(&str, &[&str])] = &[
    ("java.base", &["java.lang", "java.lang.module", "java.lang.reflect", "java.io", "java.util", "java.nio"]),
    ("java.base", &["sun.nio.ch", "jdk.internal.loader", "jdk.internal.ref", "jdk.internal.reflect"]),
    ("java.base", &["jdk.internal.math", "jdk.internal.module", "jdk.internal.util.jar"]),
    ("jdk.management", &["com.sun.management.internal"]),
    ("jdk.compiler", &["com.sun.tools.javac"]),
];

const LOGGING: &str = r#"<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"#;

/// Where a node is: its cluster has the same ports at each address.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) address: Ipv4Addr,
    /// The node that is asked for the others.
    pub(crate) seed: Ipv4Addr,
    /// Where its share of the keys begins.
    pub(crate) token: i64,
    pub(crate) ports: Ports,
}

#[derive(Clone, Copy)]
pub(crate) struct Ports {
    clients: u16,
    storage: u16,
    storage_tls: u16,
}

impl Place {
    /// A cluster of one, or the first of two.
    pub(crate) fn first() -> Result<Place> {
        let ports = Ports { clients: ports::free()?, storage: ports::free()?, storage_tls: ports::free()? };
        Ok(Place { address: Ipv4Addr::LOCALHOST, seed: Ipv4Addr::LOCALHOST, token: 0, ports })
    }

    /// How long the node looks for others; the first has none to wait for.
    fn patience_ms(self) -> u32 {
        if self.address == self.seed { 1 } else { 60_000 }
    }

    /// What the others log when they have found it.
    pub(crate) fn is_up(self) -> String {
        format!("{}:{} is now UP", self.address, self.ports.storage)
    }

    /// Another of the same cluster, at another address of this machine.
    pub(crate) fn second(self) -> Place {
        Place { address: Ipv4Addr::new(127, 0, 0, 2), token: i64::MIN / 2, ..self }
    }
}

/// A node with a heap of 768 MB, and the write durability that Cassandra has by default: when it is killed, it loses what
/// it acknowledged since its commit log was last synced, up to a second. (Replicas on other machines would have it.)
pub struct Cassandra {
    server: Server,
}

impl Cassandra {
    /// Without TLS and password.
    pub fn start() -> Result<Cassandra> {
        Cassandra::start_with(Options::default())
    }

    /// [`Options::password`] is the PasswordAuthenticator with its first user, and the CassandraAuthorizer.
    pub fn start_with(options: Options) -> Result<Cassandra> {
        Cassandra::run(&Place::first()?, options)
    }

    /// A node of a cluster, which the others must be able to reach before they start.
    pub(crate) fn run(place: &Place, options: Options) -> Result<Cassandra> {
        let jars = jars("cassandra")?;
        let directory = new_directory("cassandra")?;
        let certificates = options.tls.then(|| Certificates::make(&directory)).transpose()?;
        fs::write(directory.join("logback.xml"), LOGGING)?;
        fs::write(
            directory.join("cassandra.yaml"),
            settings(&directory, place, certificates.as_ref(), options.password),
        )?;
        fs::create_dir(directory.join("tmp"))?;
        let server = Server::start(Launch {
            name: "cassandra",
            command: command(&jars, &directory, place, options.password),
            directory,
            address: place.address,
            port: place.ports.clients,
            ready: "Starting listening for CQL clients",
            companion: None,
            certificates,
            credentials: options.password.then_some(USER),
        })?;
        if options.password {
            // The first user is made after the port was opened, and nobody can log in before.
            server.wait_for_log("Created default superuser role")?;
        }
        Ok(Cassandra { server })
    }

    /// Address and port of CQL.
    pub fn contact_point(&self) -> String {
        self.address().to_string()
    }

    /// Runs a statement, as somebody does by hand; without TLS only.
    pub fn cql(&self, statement: &str) -> Result<()> {
        self.cql_as(USER, statement)
    }

    /// Runs a statement for this user.
    pub fn cql_as(&self, user: Credentials, statement: &str) -> Result<()> {
        cql::run(self.address(), user, statement)
    }

    /// Ends it for good and removes its directory, as dropping does.
    pub fn stop(self) {}
}

impl Deref for Cassandra {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn command(jars: &Path, directory: &Path, place: &Place, password: bool) -> Command {
    let mut command = java(jars);
    command.arg(format!("-javaagent:{}", jars.join("jamm-0.4.0.jar").display()));
    command.args(["-Xms512m", "-Xmx768m", "-Djava.net.preferIPv4Stack=true"]);
    for (option, modules) in [("--add-exports", EXPORTS), ("--add-opens", OPENS)] {
        for (module, packages) in modules {
            command.args(packages.iter().map(|package| format!("{option}={module}/{package}=ALL-UNNAMED")));
        }
    }
    let directory = directory.display();
    command
        .arg(format!("-Dcassandra.config=file://{directory}/cassandra.yaml"))
        .arg(format!("-Dcassandra.storagedir={directory}"))
        .arg(format!("-Dlogback.configurationFile={directory}/logback.xml"))
        .arg(format!("-Djava.io.tmpdir={directory}/tmp"))
        .arg(format!("-Djna.tmpdir={directory}/tmp"))
        .args(["-Dcassandra-foreground=yes", "-Djdk.attach.allowAttachSelf=true"])
        .args(["-Dio.netty.tryReflectionSetAccessible=true"])
        .arg(format!("-Dcassandra.ring_delay_ms={}", place.patience_ms()))
        .args(["-Dcassandra.skip_wait_for_gossip_to_settle=0"]);
    if password {
        command.arg("-Dcassandra.superuser_setup_delay_ms=0");
    }
    command.arg("org.apache.cassandra.service.CassandraDaemon");
    command
}

fn settings(directory: &Path, place: &Place, certificates: Option<&Certificates>, password: bool) -> String {
    let Place { address, seed, token, ports: Ports { clients, storage, storage_tls } } = place;
    let mut settings = format!(
        r#"cluster_name: tallygate-tests
num_tokens: 1
initial_token: "{token}"
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: periodic
commitlog_sync_period: 1000ms
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "{seed}:{storage}"
listen_address: {address}
rpc_address: {address}
storage_port: {storage}
ssl_storage_port: {storage_tls}
start_native_transport: true
native_transport_port: {clients}
endpoint_snitch: SimpleSnitch
auto_bootstrap: false
auto_snapshot: false
data_file_directories: ["{at}/data"]
commitlog_directory: "{at}/commitlog"
saved_caches_directory: "{at}/saved_caches"
hints_directory: "{at}/hints"
cdc_raw_directory: "{at}/cdc_raw"
"#,
        at = directory.display()
    );
    if let Some(files) = certificates {
        settings.push_str(&format!(
            r#"client_encryption_options:
  enabled: true
  optional: false
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
  keystore: "{}"
  require_client_auth: false
"#,
            files.bundle.display()
        ));
    }
    if password {
        settings.push_str("authenticator: PasswordAuthenticator\nauthorizer: CassandraAuthorizer\n");
    }
    settings
}
