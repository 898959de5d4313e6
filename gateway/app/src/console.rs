//! The operators' side, put together: what the console shows and administers in this process.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use bytes::Bytes;
use prometheus_client::registry::Registry;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tallygate_console::admin::{Console, Options, Parts, Token, User};
use tallygate_console::metrics::Metrics;
use tallygate_console::policies::{Policy, PolicyAdmin, PolicyError, PolicyVersion, Pushed, Switched};
use tallygate_console::status::{Status, StatusSource};
use tallygate_front::PolicyRegistry;
use tallygate_front::registry::RegistryError;
use tallygate_queue::Queue;
use tallygate_stream::{Stream, Topic};
use tallygate_sums::Sums;

use crate::config::{AdminConfig, Config, Roles, TlsConfig};
use crate::supervise::Supervisor;

const GRACE: Duration = Duration::from_secs(10);
/// Who the configured token stands for.
const TOKEN_NAME: &str = "token";

/// What a process has for its console.
pub(crate) struct Sources {
    /// Stream and store, with the console's role.
    pub(crate) log: Option<(Arc<dyn Stream>, Arc<dyn Sums>)>,
    /// The queue, where the process has one.
    pub(crate) queue: Option<Arc<dyn Queue>>,
    /// The policies, with the gateway's role.
    pub(crate) policies: Option<Arc<PolicyRegistry>>,
}

/// Starts the administration.
///
/// # Errors
/// Which part of `[admin]` cannot be used.
pub(crate) fn start(
    supervisor: &mut Supervisor,
    config: &Config,
    admin: &AdminConfig,
    roles: &Roles,
    socket: TcpListener,
    sources: Sources,
    registry: &mut Registry,
) -> Result<()> {
    let options = options(config, admin)?;
    let health = Health {
        roles: roles.to_string(),
        queue: sources.queue,
        stream: sources.log.as_ref().map(|(stream, _)| stream.clone()),
    };
    let parts = Parts {
        reading: sources.log.map(|(stream, sums)| (sums, stream)),
        policies: sources.policies.map(|policies| Arc::new(Administered(policies)) as Arc<dyn PolicyAdmin>),
        status: Some(Arc::new(health)),
    };
    let (console, handle) = Console::new(options, parts, Metrics::register(registry));
    supervisor.start("console", GRACE, |stop| async move {
        let mut run = pin!(console.run(socket));
        tokio::select! {
            ended = &mut run => return Ok(ended?),
            () = stop.cancelled() => handle.stop(),
        }
        Ok(run.await?)
    });
    Ok(())
}

/// How the console is set up.
///
/// # Errors
/// Which part of `[admin]` cannot be used.
pub(crate) fn options(config: &Config, admin: &AdminConfig) -> Result<Options> {
    let user = |(name, hash): &(String, String)| {
        User::new(name.clone(), hash.clone()).map_err(|e| anyhow::anyhow!("admin.users: {name}: password_hash: {e}"))
    };
    Ok(Options {
        zone: config.zone.clone(),
        tls: Arc::new(tls(&admin.tls)?),
        users: admin.users.iter().map(user).collect::<Result<_>>()?,
        tokens: admin.token.iter().map(|token| Token::from_text(TOKEN_NAME, token)).collect(),
    })
}

fn tls(tls: &TlsConfig) -> Result<rustls::ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("admin.tls.certificate: {}", tls.certificate.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).with_context(|| format!("admin.tls.key: {}", tls.key.display()))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("admin.tls: certificate and key do not go together")
}

/// The registry, as the administration knows it.
struct Administered(Arc<PolicyRegistry>);

impl Administered {
    fn active(&self, policy: &str) -> Option<String> {
        let listing = self.0.list().into_iter().find(|listing| listing.name == policy)?;
        listing.versions.into_iter().find(|version| version.active).map(|version| version.version)
    }
}

#[async_trait]
impl PolicyAdmin for Administered {
    async fn list(&self) -> Result<Vec<Policy>, PolicyError> {
        let policy = |listing: tallygate_front::registry::PolicyListing| Policy {
            active: listing.versions.iter().find(|v| v.active).map(|v| v.version.clone()),
            previous: listing.versions.iter().find(|v| v.previous).map(|v| v.version.clone()),
            versions: listing
                .versions
                .into_iter()
                .map(|v| PolicyVersion {
                    version: v.version,
                    bytes: v.bytes,
                    added_at: v.came.as_millisecond(),
                    active: v.active,
                })
                .collect(),
            name: listing.name,
        };
        Ok(self.0.list().into_iter().map(policy).collect())
    }

    async fn push(&self, policy: &str, component: Bytes) -> Result<Pushed, PolicyError> {
        let pushed = self.0.push(policy, component.into()).await.map_err(refused)?;
        Ok(Pushed { policy: policy.to_owned(), version: pushed.version, new: pushed.new })
    }

    async fn activate(&self, policy: &str, version: &str) -> Result<Switched, PolicyError> {
        let previous = self.active(policy);
        let active = self.0.activate(policy, version).await.map_err(refused)?;
        Ok(Switched { policy: policy.to_owned(), active, previous })
    }

    async fn rollback(&self, policy: &str) -> Result<Switched, PolicyError> {
        let previous = self.active(policy);
        let active = self.0.rollback(policy).await.map_err(refused)?;
        Ok(Switched { policy: policy.to_owned(), active, previous })
    }
}

/// How this process and what it can reach do.
struct Health {
    roles: String,
    queue: Option<Arc<dyn Queue>>,
    stream: Option<Arc<dyn Stream>>,
}

#[async_trait]
impl StatusSource for Health {
    async fn status(&self) -> Status {
        let mut status = Status { version: env!("CARGO_PKG_VERSION").to_owned(), ..Status::default() };
        status.roles = self.roles.split(',').map(str::to_owned).collect();
        if let Some(queue) = &self.queue {
            match queue.depth().await {
                Ok(depth) => status.queue_depth = Some(depth),
                Err(error) => status.troubles.push(error.to_string()),
            }
        }
        if let Some(stream) = &self.stream {
            match stream.bounds(Topic::Transactions).await {
                Ok(bounds) => {
                    status.fold_lag = Some(bounds.iter().map(|b| b.high.saturating_sub(b.committed.max(b.low))).sum())
                }
                Err(error) => status.troubles.push(error.to_string()),
            }
            if let Ok(bounds) = stream.bounds(Topic::DeadLetters).await {
                status.dead_letters = Some(bounds.iter().map(|b| b.high - b.low).sum());
            }
        }
        status
    }
}

/// What the registry says, as the administration tells it.
fn refused(error: RegistryError) -> PolicyError {
    let text = error.to_string();
    match error {
        RegistryError::NoPolicy { .. } | RegistryError::NoVersion { .. } => PolicyError::Unknown(text),
        RegistryError::NothingBefore(_) | RegistryError::Full(_) => PolicyError::Conflict(text),
        RegistryError::Activation { .. } | RegistryError::Name(_) => PolicyError::Invalid(text),
        _ => PolicyError::Away(text),
    }
}
