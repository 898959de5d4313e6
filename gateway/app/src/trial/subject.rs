//! A policy that is to be tried, and the gateway around it.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use http::header::AUTHORIZATION;
use prometheus_client::registry::Registry;
use sha2::{Digest, Sha256};
use tallygate_core::day::Zone;
use tallygate_core::{Day, envelope};
use tallygate_front::registry::{PolicyOptions, RegistryOptions};
use tallygate_front::{
    Credential, Fingerprint, Front, FrontOptions, Limits, ListenerOptions, Metrics, PartnerOptions, PolicyRegistry,
    RouteOptions, UpstreamOptions,
};
use tallygate_host::{Engine, EngineLimits, Keys};
use tempfile::TempDir;

use super::call;
use super::message::TrialMessage;
use super::queue::KeptQueue;
use super::tried::{Outcome, Tried};
use super::upstream::Upstream;
use super::witness::Witness;
use crate::config::Config;

/// The name of the trial's route, which a policy sees.
const ROUTE: &str = "policy-run";
/// How many days late or ahead a transaction may be where no configuration says so, as in one that is silent about it.
const HORIZON: (u32, u32) = (7, 7);

/// A policy that is to be tried.
pub(crate) struct Subject {
    /// Its name, configuration, keys and limits; the component's path is set by the trial.
    policy: PolicyOptions,
    component: Vec<u8>,
    terms: Terms,
}

/// What a gateway's configuration says beside the policy.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    zone: Zone,
    /// None: no configuration says.
    horizon: Option<(u32, u32)>,
    limits: Limits,
}

/// A policy in service, for any number of messages, each of which meets a gateway of its own.
pub(crate) struct Trial {
    name: String,
    registry: PolicyRegistry,
    terms: Terms,
    policy_limits: tallygate_host::Limits,
    component_bytes: usize,
    compiled_in: Duration,
    folder: TempDir,
}

impl Subject {
    /// A policy by the name of its file, with an empty configuration, throw-away keys and the limits of a gateway that is
    /// configured no further.
    ///
    /// # Errors
    /// When no keys can be made.
    pub(crate) fn new(file: &Path, component: Vec<u8>) -> Result<Self> {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let policy = PolicyOptions {
            name,
            component: file.to_owned(),
            config_json: "{}".to_owned(),
            keys: Keys::throw_away()?,
            limits: tallygate_host::Limits::default(),
        };
        let terms = Terms { zone: "UTC".parse::<Zone>()?, horizon: None, limits: Limits::default() };
        Ok(Self { policy, component, terms })
    }

    /// The policy with this configuration, a JSON object.
    pub(crate) fn with_config_json(mut self, json: String) -> Self {
        self.policy.config_json = json;
        self
    }

    /// The policy with the configuration in a file: the policy's own (`.json`), or a gateway's, which has a policy of this
    /// name.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub(crate) fn with_config(mut self, file: &Path) -> Result<Self> {
        if file.extension().is_some_and(|extension| extension == "json") {
            let json = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            return Ok(self.with_config_json(json));
        }
        let config = Config::load(file).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow!("{}", lines.join("\n"))
        })?;
        let Some(policy) = config.policies.policies.iter().find(|policy| policy.name == self.policy.name) else {
            bail!("{}: has no [policies.{}], named as the component's file", file.display(), self.policy.name);
        };
        self.policy = policy.clone();
        let front = config.front;
        let horizon = Some((front.horizon_days, front.future_days));
        self.terms = Terms { zone: front.zone, horizon, limits: front.limits };
        Ok(self)
    }
}

impl Trial {
    /// Compiles and configures the policy.
    ///
    /// # Errors
    /// Why it cannot be put into service.
    pub(crate) fn of(subject: Subject) -> Result<Self> {
        let Subject { mut policy, component, terms } = subject;
        let folder = TempDir::new().context("no folder for a trial")?;
        let file = policy.component;
        policy.component = folder.path().join("component.wasm");
        std::fs::write(&policy.component, &component)?;
        let (name, policy_limits) = (policy.name.clone(), policy.limits);
        let options = RegistryOptions { dir: folder.path().join("policies"), policies: vec![policy] };
        // One message at a time is all that is ever asked of it.
        let engine = Engine::new(EngineLimits { instances: 1, ..EngineLimits::default() })?;
        let began = Instant::now();
        let registry = PolicyRegistry::open(options, Arc::new(engine)).with_context(|| file.display().to_string())?;
        let compiled_in = began.elapsed();
        Ok(Self { name, registry, terms, policy_limits, component_bytes: component.len(), compiled_in, folder })
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
        let notes = self.notes(message, received, &transactions)?;
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
        let (horizon_days, future_days) = self.horizon(message);
        let target = format!("http://{}", upstream.address()?);
        Ok(FrontOptions {
            listeners: vec![ListenerOptions { name: ROUTE.to_owned(), tls: None }],
            partners: vec![PartnerOptions { name: message.partner.clone(), credentials: credentials(message) }],
            routes: vec![RouteOptions {
                name: ROUTE.to_owned(),
                path: "/".to_owned(),
                partner: Some(message.partner.clone()),
                policies: vec![self.name.clone()],
                upstream: Some("upstream".to_owned()),
                ..RouteOptions::default()
            }],
            upstreams: vec![UpstreamOptions { name: "upstream".to_owned(), targets: vec![target.parse()?], ca: None }],
            zone: self.terms.zone.clone(),
            horizon_days,
            future_days,
            journal: self.folder.path().join("journal"),
            limits: self.terms.limits.clone(),
            #[cfg(feature = "faults")]
            reply_before_confirm: false,
        })
    }

    /// Days are judged by the moment that the message is given, or by the configuration that says how: a sample is old by
    /// nature, and would else be no sample a week later.
    fn horizon(&self, message: &TrialMessage) -> (u32, u32) {
        match self.terms.horizon {
            Some(horizon) => horizon,
            None if message.received.is_some() => HORIZON,
            None => (u32::MAX, u32::MAX),
        }
    }

    /// What a gateway would have refused that does know the day.
    fn notes(&self, message: &TrialMessage, received: i64, transactions: &[String]) -> Result<Vec<String>> {
        if self.horizon(message).0 != u32::MAX {
            return Ok(Vec::new());
        }
        let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX).saturating_add(1);
        let today = Day::of_unix_millis(received);
        let (earliest, latest) = (today.plus(-days(HORIZON.0)), today.plus(days(HORIZON.1)));
        for (place, transaction) in transactions.iter().enumerate() {
            let line = serde_json::from_str::<serde_json::Value>(transaction)?;
            let day: Day = line["day"].as_str().unwrap_or_default().parse().map_err(|error| anyhow!("day: {error}"))?;
            if day < earliest || day > latest {
                return Ok(vec![format!(
                    "transactions/{place}/day is {day}: a gateway refuses it today (422, must lie between {earliest} \
                     and {latest} by the default horizon); --received and --config judge days as a gateway does"
                )]);
            }
        }
        Ok(Vec::new())
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
