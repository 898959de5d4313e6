//! What the tests share: components, messages, keys.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tallygate_host::{
    ActivationError, Caller, Decision, Engine, EngineLimits, Header, Keys, Limits, Message, Outcome, Policy, PolicySpec,
};

/// A component that `policies/build.sh` made.
pub(crate) fn component(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("TALLYGATE_POLICIES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/policies"), PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `policies/build.sh target/policies` first", path.display()))
}

/// One engine for all tests, as one process has.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineLimits::default()).unwrap())
}

pub(crate) fn spec(name: &str, config: &str) -> PolicySpec {
    PolicySpec {
        name: name.into(),
        component: component(name),
        config_json: config.into(),
        keys: Keys::throw_away().unwrap(),
        limits: Limits { memory: 4 << 20, time: Duration::from_millis(200), ..Limits::default() },
    }
}

pub(crate) fn try_policy(name: &str, config: &str) -> Result<Policy, ActivationError> {
    Policy::activate(engine(), spec(name, config))
}

pub(crate) fn policy(name: &str, config: &str) -> Policy {
    try_policy(name, config).unwrap()
}

/// The hostile policy, doing this to every message.
pub(crate) fn hostile(handle: &str) -> Policy {
    policy("hostile", &format!(r#"{{"handle":"{handle}"}}"#))
}

pub(crate) fn message(body: &str) -> Message {
    Message {
        id: "m-1".into(),
        received: "2026-11-22T18:20:54.123Z".into(),
        received_millis: 1_795_371_654_123,
        route: "route".into(),
        caller: Caller::Partner("shop-1".into()),
        partner: Some("shop-1".into()),
        method: "POST".into(),
        target: "/".into(),
        headers: vec![
            Header { name: "content-type".into(), value: b"text/xml".to_vec() },
            Header { name: "x-other".into(), value: b"1".to_vec() },
        ],
        body: body.to_owned().into(),
    }
}

/// The text of an answer.
pub(crate) fn answer(decision: Decision) -> String {
    match decision.outcome {
        Outcome::Answer(reply) => String::from_utf8(reply.body).unwrap(),
        other => panic!("no answer: {other:?}"),
    }
}

pub(crate) fn runtime(workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// What is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn install(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
