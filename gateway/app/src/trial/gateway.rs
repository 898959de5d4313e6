//! The gateway that a policy is tried in: a real one, on loopback, for one message.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use http::header::AUTHORIZATION;
use prometheus_client::registry::Registry;
use sha2::{Digest, Sha256};
use tallygate_core::envelope;
use tallygate_front::registry::RegistryOptions;
use tallygate_front::{
    Credential, Fingerprint, Front, FrontOptions, ListenerOptions, Metrics, PartnerOptions, PolicyRegistry,
    RouteOptions, UpstreamOptions,
};
use tallygate_host::Limits;
use tempfile::TempDir;

use super::message::TrialMessage;
use super::queue::KeptQueue;
use super::subject::{Subject, Terms};
use super::tried::{Outcome, Tried};
use super::upstream::Upstream;
use super::witness::Witness;
use super::{call, horizon};
use crate::policy_engine;

/// The name of the trial's route, which a policy sees.
const ROUTE: &str = "policy-run";

/// A policy in service, for any number of messages, each of which meets a gateway of its own.
pub(crate) struct Trial {
    name: String,
    registry: PolicyRegistry,
    terms: Terms,
    policy_limits: Limits,
    component_bytes: usize,
    compiled_in: Duration,
    folder: TempDir,
}

impl Trial {
    /// Compiles and configures the policy.
    ///
    /// # Errors
    /// Why it cannot be put into service.
    pub(crate) async fn of(subject: Subject) -> Result<Self> {
        let Subject { file, policy, component, terms, taken } = subject;
        let folder = TempDir::new().context("no folder for a trial")?;
        let (name, config_json, policy_limits) = (policy.name.clone(), policy.config_json.clone(), policy.limits);
        let options = RegistryOptions {
            dir: folder.path().join("policies"),
            policies: vec![policy],
            chains: vec![(ROUTE.to_owned(), vec![name.clone()])],
            retry_after: terms.limits.retry_after,
        };
        // One message at a time is all that is ever asked of it.
        let engine = policy_engine::for_one()?;
        let metrics = Metrics::register(&mut Registry::default());
        let registry = PolicyRegistry::open(options, Arc::new(engine), &metrics)?;
        let (component_bytes, began) = (component.len(), Instant::now());
        let pushed = registry.push(&name, component, Some(config_json)).await;
        let pushed = pushed.map_err(|refused| {
            let taken = taken.filter(|_| refused.is_of_configuration()).map(|whose| format!(" (with {whose})"));
            anyhow!("{}: {refused}{}", file.display(), taken.unwrap_or_default())
        })?;
        let compiled_in = began.elapsed();
        registry.activate(&name, &pushed.version).await?;
        Ok(Self { name, registry, terms, policy_limits, component_bytes, compiled_in, folder })
    }

    /// Sends one message through a gateway of its own.
    ///
    /// # Errors
    /// When the message is none of HTTP, or the gateway could not be built.
    pub(crate) async fn send(&self, message: &TrialMessage) -> Result<Tried> {
        let upstream = Upstream::answering(message.response.as_ref()).await?;
        let received = message.received.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
        let options = self.options(message, &upstream)?;
        let (queue, witness) = (Arc::new(KeptQueue::default()), Arc::new(Witness::default()));
        let metrics = Metrics::register(&mut Registry::default());
        let front = Front::new(&options, queue.clone(), &self.registry, &metrics)?;
        let front = front.observed_by(witness.clone()).at(received);
        let socket = TcpListener::bind("127.0.0.1:0").context("no socket for a gateway")?;
        let gateway = socket.local_addr()?;
        let reply = tokio::select! {
            reply = call::reply(gateway, message) => reply?,
            ended = front.serve(vec![socket], std::future::pending()) => {
                ended?;
                bail!("the trial's gateway ended")
            }
            ended = upstream.serve() => {
                ended?;
                bail!("the trial's upstream ended")
            }
        };
        let transactions = queued(&queue)?;
        let seen = witness.seen();
        let notes = horizon::notes(&self.terms, message, received, &transactions)?;
        Ok(Tried {
            outcome: match (&seen.refused, seen.decided) {
                (Some((refusal, Some(_))), _) if refusal.code.starts_with("policy-") => Outcome::Failed,
                (None, Some(decided)) => decided,
                _ => Outcome::Reject,
            },
            transactions,
            forwarded: upstream.asked(),
            refused: seen.refused,
            reply,
            used: seen.used,
            limits: self.policy_limits,
            component_bytes: self.component_bytes,
            compiled_in: self.compiled_in,
            notes,
        })
    }

    fn options(&self, message: &TrialMessage, upstream: &Upstream) -> Result<FrontOptions> {
        let (horizon_days, future_days) = horizon::days(&self.terms, message);
        let target = format!("http://{}", upstream.address()?);
        Ok(FrontOptions {
            listeners: vec![ListenerOptions { name: ROUTE.to_owned(), tls: None }],
            partners: vec![PartnerOptions {
                name: message.partner.clone(),
                credentials: credentials(message),
                ..PartnerOptions::default()
            }],
            routes: vec![RouteOptions {
                name: ROUTE.to_owned(),
                path: "/".to_owned(),
                partner: Some(message.partner.clone()),
                policies: vec![self.name.clone()],
                upstream: Some("upstream".to_owned()),
                ..RouteOptions::default()
            }],
            upstreams: vec![UpstreamOptions {
                name: "upstream".to_owned(),
                targets: vec![target.parse()?],
                ca: None,
                response_time: None,
            }],
            zone: self.terms.zone.clone(),
            horizon_days,
            future_days,
            journal: self.folder.path().join("journal"),
            limits: self.terms.limits.clone(),
            #[cfg(feature = "faults")]
            reply_before_confirm: false,
        })
    }
}

/// Where the message brings a key, it is the partner's.
fn credentials(message: &TrialMessage) -> Vec<Credential> {
    let bearer = |value: &str| {
        value
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim().to_owned())
    };
    let authorization = message.headers.get(AUTHORIZATION).and_then(|value| bearer(value.to_str().ok()?));
    let key = message.headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    key.or(authorization)
        .filter(|key| !key.is_empty())
        .map(|key| Credential::ApiKey(Fingerprint(Sha256::digest(key).into())))
        .into_iter()
        .collect()
}

fn queued(queue: &KeptQueue) -> Result<Vec<String>> {
    let mut transactions = Vec::new();
    for message in queue.messages() {
        let envelope = envelope::decode(&message).context("what was queued cannot be read")?;
        transactions.extend(envelope.lines().map(str::to_owned));
    }
    Ok(transactions)
}
