//! A site: a folder with certificates, and processes configured for one choice of backends.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tallygate_test_servers::{Cassandra, Credentials, Kafka, Options, RabbitMq};

use super::process::Process;

/// A folder, its certificates, and what its processes share.
pub struct Site {
    folder: tempfile::TempDir,
    backends: String,
    fault: Option<&'static str>,
    flush_every: &'static str,
}

/// The servers of one test. They belong to it, since it kills them.
pub struct Servers {
    pub rabbit: RabbitMq,
    pub kafka: Kafka,
    pub cassandra: Cassandra,
}

/// The partners that have a certificate at every site.
pub const PARTNERS: [&str; 3] = ["shop-1", "shop-2", "shop-3"];

static SITES: AtomicU32 = AtomicU32::new(0);

impl Servers {
    /// Starts all three.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// Starts all three with what they are to ask of their clients.
    pub fn start_with(options: Options) -> Self {
        let kafka = std::thread::spawn(move || Kafka::start_with(options));
        let cassandra = std::thread::spawn(move || Cassandra::start_with(options));
        let rabbit = RabbitMq::start_with(options).unwrap();
        Self { rabbit, kafka: kafka.join().unwrap().unwrap(), cassandra: cassandra.join().unwrap().unwrap() }
    }
}

impl Site {
    /// A site on the embedded defaults.
    pub fn embedded() -> Self {
        Self::new(String::new())
    }

    /// A site on real servers, with names of its own on them.
    pub fn real(servers: &Servers) -> Self {
        let n = SITES.fetch_add(1, Ordering::Relaxed);
        Self::new(queue(n, &servers.rabbit) + &log(n, &servers.kafka, &servers.cassandra))
    }

    /// A site whose queue alone is real.
    pub fn with_queue(rabbit: &RabbitMq) -> Self {
        Self::new(queue(SITES.fetch_add(1, Ordering::Relaxed), rabbit))
    }

    /// A site whose queue alone is embedded.
    pub fn with_log(kafka: &Kafka, cassandra: &Cassandra) -> Self {
        Self::new(log(SITES.fetch_add(1, Ordering::Relaxed), kafka, cassandra))
    }

    fn new(backends: String) -> Self {
        let folder = tempfile::Builder::new().prefix("tallygate-e2e-").tempdir().unwrap();
        tallygate::certs::make(&folder.path().join("certs"), &PARTNERS.map(str::to_owned)).unwrap();
        Self { folder, backends, fault: None, flush_every: "20 ms" }
    }

    /// The same, with a safeguard of its processes switched off; "none" leaves them all on.
    #[must_use]
    pub fn with_fault(self, fault: &'static str) -> Self {
        Self { fault: Some(fault).filter(|fault| *fault != "none"), ..self }
    }

    /// The same, with aggregators that write less often.
    #[must_use]
    pub fn with_flush_every(self, flush_every: &'static str) -> Self {
        Self { flush_every, ..self }
    }

    /// The same, with more sections in the configuration of its processes.
    #[must_use]
    pub fn with_sections(mut self, toml: &str) -> Self {
        self.backends.push_str(toml);
        self
    }

    /// Its certificates.
    pub fn certs(&self) -> PathBuf {
        self.folder.path().join("certs")
    }

    /// Keeps the folder, for looking at.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A process of these roles, with a data directory and ports of its own, not started yet.
    pub fn process(&self, name: &str, roles: &str) -> Process {
        let ports = free_ports();
        let [partners, admin, metrics] = ports;
        let config = self.folder.path().join(format!("{name}.toml"));
        let policies = policies();
        let partners_of_site: String = PARTNERS
            .map(|name| format!("[[partners]]\nname = \"{name}\"\ncertificate = {{ subject_cn = \"{name}\" }}\n\n"))
            .concat();
        let text = format!(
            r#"data_dir = "data-{name}"
time_zone = "Europe/Zagreb"

[[listeners]]
name = "partners"
address = "127.0.0.1:{partners}"
tls = {{ certificate = "certs/gateway.pem", key = "certs/gateway.key", client_ca = "certs/partners-ca.pem", client_auth = "optional" }}

[[partners]]
name = "tills"

{partners_of_site}
[[routes]]
name = "transactions"
path = "/v1/transactions"
methods = ["POST"]
policies = ["json"]

[[routes]]
name = "invoices"
path = "/invoices"
methods = ["POST"]
policies = ["hr-racun"]

[[routes]]
name = "tills"
path = "/tills"
methods = ["POST"]
partner = "tills"
policies = ["hr-racun"]

[policies.json]
component = "{policies}/json.wasm"

[policies.hr-racun]
component = "{policies}/hr-racun.wasm"
keys = {{ reply = "certs/fiscal.pem", jir = "certs/jir.key" }}

[admin]
address = "127.0.0.1:{admin}"
tls = {{ certificate = "certs/gateway.pem", key = "certs/gateway.key" }}
ca = "certs/server-ca.pem"
users = [{{ name = "operator", password_hash = "${{file:certs/operator.hash}}" }}]
token = "${{file:certs/operator.token}}"

[metrics]
address = "127.0.0.1:{metrics}"

[aggregator]
flush_every = "{}"
{}"#,
            self.flush_every, self.backends
        );
        std::fs::write(&config, text).unwrap();
        let data = self.folder.path().join(format!("data-{name}"));
        Process::new(name, config, data, ports, roles, self.fault)
    }
}

fn queue(n: u32, rabbit: &RabbitMq) -> String {
    let tls = rabbit.ca().map(|ca| format!("tls = {{ ca = \"{}\" }}\n", ca.display())).unwrap_or_default();
    format!("[queue]\nbackend = \"amqp\"\nurl = \"{}\"\nqueue = \"t{n}.transactions\"\n{tls}\n", rabbit.url())
}

fn log(n: u32, kafka: &Kafka, cassandra: &Cassandra) -> String {
    format!(
        r#"[stream]
backend = "kafka"
brokers = ["{}"]
topic = "t{n}.transactions"
sums_topic = "t{n}.daily-sums"
dead_letters_topic = "t{n}.dead-letters"
group = "t{n}"
partitions = 4
properties = {{ {} }}

[sums]
backend = "cassandra"
contact_points = ["{}"]
keyspace = "t{n}"
{}
"#,
        kafka.brokers(),
        kafka_properties(kafka),
        cassandra.contact_point(),
        cassandra_access(cassandra),
    )
}

fn kafka_properties(kafka: &Kafka) -> String {
    let mut properties = vec![format!("\"security.protocol\" = \"{}\"", kafka.security_protocol())];
    if let Some(ca) = kafka.ca() {
        properties.push(format!("\"ssl.ca.location\" = \"{}\"", ca.display()));
    }
    if let Some(Credentials { user, password }) = kafka.credentials() {
        properties.push(format!(
            "\"sasl.mechanism\" = \"PLAIN\", \"sasl.username\" = \"{user}\", \"sasl.password\" = \"{password}\""
        ));
    }
    properties.join(", ")
}

fn cassandra_access(cassandra: &Cassandra) -> String {
    let tls = cassandra.ca().map(|ca| format!("tls = {{ ca = \"{}\" }}\n", ca.display()));
    let who = cassandra
        .credentials()
        .map(|Credentials { user, password }| format!("user = \"{user}\"\npassword = \"{password}\"\n"));
    format!("{}{}", tls.unwrap_or_default(), who.unwrap_or_default())
}

/// Where `make` puts the stock policies.
pub fn policies() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/policies");
    assert!(
        folder.join("json.wasm").exists(),
        "no policies in {}: run policies/build.sh target/policies",
        folder.display()
    );
    folder.canonicalize().unwrap().display().to_string()
}

fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
