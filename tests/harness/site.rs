//! A site: a folder with certificates, and processes configured for one choice of backends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tallygate_test_servers::{Cassandra, Kafka, RabbitMq, free_port};

use super::backends::{Servers, queue, stream, sums};
use super::checkout::policies;
use super::clusters::Clusters;
use super::process::Process;

/// A folder, its certificates, and what its processes share.
pub struct Site {
    folder: tempfile::TempDir,
    backends: String,
    fault: Option<&'static str>,
    flush_every: &'static str,
    /// Where data directories are; in its folder, unless said.
    data: Option<PathBuf>,
    /// Nodes of the queue's cluster, which processes connect to in turn.
    queue_urls: Vec<String>,
    made: AtomicUsize,
}

/// How records may be spread over the partitions of the log.
pub const SPREADS: [&str; 2] = ["key", "id"];

/// The partners that have a certificate at every site.
pub const PARTNERS: [&str; 3] = ["shop-1", "shop-2", "shop-3"];

/// Stands for a URL until a process is given one.
const ONE_OF_THE_URLS: &str = "one of the nodes";

static SITES: AtomicU32 = AtomicU32::new(0);

impl Site {
    /// A site on the embedded defaults.
    pub fn embedded() -> Self {
        Self::new(String::new())
    }

    /// A site on real servers, with names of its own on them.
    pub fn real(servers: &Servers) -> Self {
        let names = fresh_names();
        let log = stream(&names, &servers.kafka) + &sums(&names, &servers.cassandra);
        Self::new(queue(&names, &servers.rabbit) + &log)
    }

    /// A site on clusters, with names of its own on them.
    pub fn clustered(clusters: &Clusters) -> Self {
        let names = fresh_names();
        let queue =
            format!("[queue]\nbackend = \"amqp\"\nurl = \"{ONE_OF_THE_URLS}\"\nqueue = \"{names}.transactions\"\n\n");
        let mut site = Self::new(queue + &clusters.log_and_sums(&names));
        site.queue_urls = clusters.queue_urls();
        site
    }

    /// A site whose queue alone is real.
    pub fn with_queue(rabbit: &RabbitMq) -> Self {
        Self::new(queue(&fresh_names(), rabbit))
    }

    /// A site whose stream alone is real.
    pub fn with_stream(kafka: &Kafka) -> Self {
        Self::new(stream(&fresh_names(), kafka))
    }

    /// A site whose queue alone is embedded.
    pub fn with_log(kafka: &Kafka, cassandra: &Cassandra) -> Self {
        let names = fresh_names();
        Self::new(stream(&names, kafka) + &sums(&names, cassandra))
    }

    fn new(backends: String) -> Self {
        let folder = tempfile::Builder::new().prefix("tallygate-e2e-").tempdir().unwrap();
        tallygate::certs::make(&folder.path().join("certs"), &PARTNERS.map(str::to_owned)).unwrap();
        let (fault, data, queue_urls) = (None, None, Vec::new());
        Self { folder, backends, fault, flush_every: "20 ms", data, queue_urls, made: AtomicUsize::new(0) }
    }

    /// The same, with a safeguard of its processes switched off, which only a build with the feature `faults` can do.
    #[must_use]
    pub fn with_fault(mut self, fault: &'static str) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The same, with records spread by key or by id.
    #[must_use]
    pub fn spread_by(mut self, partition_by: &str) -> Self {
        let section = format!("[stream]\npartition_by = \"{partition_by}\"\n");
        match self.backends.contains("[stream]\n") {
            true => self.backends = self.backends.replace("[stream]\n", &section),
            false => self.backends.push_str(&section),
        }
        self
    }

    /// The same, with aggregators that write less often.
    #[must_use]
    pub fn with_flush_every(mut self, flush_every: &'static str) -> Self {
        self.flush_every = flush_every;
        self
    }

    /// The same, with the data of its processes in this folder.
    #[must_use]
    pub fn with_data_in(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
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

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A process of these roles that is up.
    pub fn up(&self, name: &str, roles: &str) -> Process {
        let process = self.process(name, roles);
        process.start();
        process.wait_until_up();
        process
    }

    /// A process of these roles, with a data directory and ports of its own, not started yet.
    pub fn process(&self, name: &str, roles: &str) -> Process {
        let ports = free_ports();
        let [partners, admin, metrics] = ports;
        let config = self.folder.path().join(format!("{name}.toml"));
        let data_dir = self.data.clone().unwrap_or_default().join(format!("data-{name}"));
        let data = self.folder.path().join(&data_dir);
        let data_dir = data_dir.display();
        let policies = policies();
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let backends = match self.queue_urls.get(made % self.queue_urls.len().max(1)) {
            Some(url) => self.backends.replace(ONE_OF_THE_URLS, url),
            None => self.backends.clone(),
        };
        let partners_of_site: String = PARTNERS
            .map(|name| format!("[[partners]]\nname = \"{name}\"\ncertificate = {{ subject_cn = \"{name}\" }}\n\n"))
            .concat();
        let text = format!(
            r#"data_dir = "{data_dir}"
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
compare_every = "2 s"
flush_every = "{}"
{backends}"#,
            self.flush_every
        );
        std::fs::write(&config, text).unwrap();
        Process::new(name, config, data, ports, roles, self.fault)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // What a test that failed leaves is looked at.
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
        }
    }
}

/// The sections of a policy on a route of its name; more lines may follow.
pub fn route_and_policy(name: &str, component: &str, config: &str) -> String {
    let folder = policies();
    format!(
        "\n[[routes]]\nname = \"{name}\"\npath = \"/{name}\"\nmethods = [\"POST\"]\npolicies = [\"{name}\"]\n\n\
         [policies.{name}]\ncomponent = \"{folder}/{component}.wasm\"\nconfig = {{ {config} }}\n"
    )
}

/// What the names of a site on shared servers start with.
fn fresh_names() -> String {
    format!("t{}", SITES.fetch_add(1, Ordering::Relaxed))
}

/// Ports that stay this site's while its processes are killed and started again.
fn free_ports() -> [u16; 3] {
    [(); 3].map(|()| free_port().unwrap())
}
