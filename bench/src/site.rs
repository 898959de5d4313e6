//! What the appliance is configured with while it is measured.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tallygate_test_servers::{Cassandra, Kafka, RabbitMq};

use crate::child::free;

/// A folder with certificates and a configuration.
pub struct Site {
    folder: tempfile::TempDir,
    pub partners: SocketAddr,
    pub admin: SocketAddr,
    pub metrics: SocketAddr,
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
        Ok(Self { folder, partners, admin, metrics })
    }

    /// A site on real servers, with default names on them.
    pub fn on(rabbit: &RabbitMq, kafka: &Kafka, cassandra: &Cassandra) -> Result<Self> {
        let queue = format!("[queue]\nbackend = \"amqp\"\nurl = \"{}\"\n", rabbit.url());
        Self::new(&(queue + &behind_the_queue(kafka, cassandra)))
    }

    /// One on those alone that stand behind the queue.
    pub fn behind_the_queue(kafka: &Kafka, cassandra: &Cassandra) -> Result<Self> {
        Self::new(&behind_the_queue(kafka, cassandra))
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tallygate.toml")
    }

    pub fn certs(&self) -> PathBuf {
        self.folder.path().join("certs")
    }
}

fn behind_the_queue(kafka: &Kafka, cassandra: &Cassandra) -> String {
    format!(
        "[stream]\nbackend = \"kafka\"\nbrokers = [\"{}\"]\n[sums]\nbackend = \"cassandra\"\ncontact_points = [\"{}\"]\n",
        kafka.brokers(),
        cassandra.contact_point()
    )
}
