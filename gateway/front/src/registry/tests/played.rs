//! An activator whose components are words, and what it was asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tallygate_host::{
    About, ActivationError, ArtefactKey, Decision, KeptPolicy, Keys, Message, PolicyFailure, PolicySpec, Refusal,
    Reply, Response, ResponseOutcome, Used, version_of,
};

use crate::metrics::Metrics;
use crate::policy::{Activator, ActivePolicy, Compiled};
use crate::registry::{PolicyOptions, PolicyRegistry, RegistryError, RegistryOptions};

/// A word that begins with `bad` starts never, `wants` only with the key `sellers`, any other only without; one that ends
/// with `accepts` may accept.
#[derive(Default)]
pub(super) struct Words {
    /// What does not start any more.
    pub(super) broken: Mutex<Vec<&'static str>>,
    /// What was compiled and what was loaded, in order.
    pub(super) compiled: Mutex<Vec<String>>,
    pub(super) loaded: Mutex<Vec<String>>,
}

struct Spoken {
    name: String,
    version: String,
    about: About,
}

impl Words {
    fn start(
        &self,
        name: &str,
        version: &str,
        word: &str,
        config: &str,
    ) -> Result<Arc<dyn ActivePolicy>, ActivationError> {
        let refused =
            |detail: &str| Err(ActivationError::Configuration { pointer: "/sellers".into(), detail: detail.into() });
        if word.starts_with("bad") || self.broken.lock().unwrap().contains(&word) {
            return refused("must be otherwise");
        }
        match (word.starts_with("wants"), config.contains("\"sellers\"")) {
            (true, false) => refused("is missing"),
            (false, true) => refused("is unknown"),
            _ => {
                let about = About { may_accept: word.ends_with("accepts"), ..About::default() };
                Ok(Arc::new(Spoken { name: name.into(), version: version.into(), about }))
            }
        }
    }

    pub(super) fn count(&self) -> (usize, usize) {
        (self.compiled.lock().unwrap().len(), self.loaded.lock().unwrap().len())
    }
}

impl Activator for Words {
    fn compile(&self, spec: PolicySpec, _: &ArtefactKey) -> Result<Compiled, ActivationError> {
        let (word, config) = (String::from_utf8(spec.component.clone()).unwrap(), &spec.config_json);
        self.compiled.lock().unwrap().push(word.clone());
        let version = version_of(&spec.component, config);
        let policy = self.start(&spec.name, &version, &word, config)?;
        Ok(Compiled { policy, artefact: format!("made {version} {word} {config}").into_bytes() })
    }

    fn load(
        &self,
        kept: KeptPolicy,
        _: &ArtefactKey,
        artefact: &[u8],
    ) -> Option<Result<Arc<dyn ActivePolicy>, ActivationError>> {
        let text = std::str::from_utf8(artefact).ok()?;
        let [made, version, word, config] = text.splitn(4, ' ').collect::<Vec<_>>().try_into().ok()?;
        if made != "made" || version != kept.version {
            return None;
        }
        self.loaded.lock().unwrap().push(word.to_owned());
        Some(self.start(&kept.name, &kept.version, word, config))
    }
}

#[async_trait]
impl ActivePolicy for Spoken {
    fn name(&self) -> &str {
        &self.name
    }
    fn version(&self) -> &str {
        &self.version
    }
    fn about(&self) -> &About {
        &self.about
    }
    async fn handle(&self, _: &Message, _: &[u8], _: Option<&mut Used>) -> Result<Decision, PolicyFailure> {
        Err(PolicyFailure::Host("not in this test".into()))
    }
    async fn fault(&self, _: &Message, _: &[u8], _: &Refusal) -> Result<Option<Reply>, PolicyFailure> {
        Ok(None)
    }
    async fn respond(
        &self,
        _: &Message,
        _: &[u8],
        _: &Response,
        _: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        Err(PolicyFailure::Host("not in this test".into()))
    }
}

/// A folder for a registry, with the words of all that are opened on it.
pub(super) struct Site {
    dir: tempfile::TempDir,
    pub(super) options: RegistryOptions,
    pub(super) words: Arc<Words>,
}

impl Site {
    /// A site with a policy `json` whose file has this word in it.
    pub(super) fn new(word: &str) -> Self {
        let mut site = Self::bare();
        site.options.policies.push(policy("json"));
        site.file(word);
        site
    }

    /// A site without policies.
    pub(super) fn bare() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = RegistryOptions {
            dir: dir.path().join("policies"),
            policies: Vec::new(),
            chains: Vec::new(),
            retry_after: Duration::from_secs(7),
        };
        Self { dir, options, words: Arc::default() }
    }

    /// Puts another word into the first policy's file.
    pub(super) fn file(&mut self, word: &str) {
        let file = self.dir.path().join("json.wasm");
        std::fs::write(&file, word).unwrap();
        self.options.policies[0].component = Some(file);
    }

    /// The same, with another configuration in the file.
    pub(super) fn config(&mut self, config: &str) {
        self.options.policies[0].config_json = config.into();
    }

    pub(super) fn chain(&mut self, route: &str, references: &[&str]) {
        self.options.chains.push((route.into(), references.iter().map(|&one| one.to_owned()).collect()));
    }

    pub(super) fn try_open(&self) -> Result<PolicyRegistry, RegistryError> {
        PolicyRegistry::open(self.options.clone(), self.words.clone(), &Metrics::register(&mut Registry::default()))
    }

    pub(super) fn open(&self) -> PolicyRegistry {
        self.try_open().unwrap()
    }

    /// A registry, and what its metrics say.
    pub(super) fn measured(&self) -> (PolicyRegistry, impl Fn(&str) -> bool + use<>) {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let opened = PolicyRegistry::open(self.options.clone(), self.words.clone(), &metrics).unwrap();
        let says = move |line: &str| {
            let mut page = String::new();
            encode(&mut page, &registry).unwrap();
            page.lines().any(|found| found == line)
        };
        (opened, says)
    }

    /// What a check refuses, by name, and whether it is the file's.
    pub(super) fn refused(&self) -> Vec<(String, bool)> {
        let refused = PolicyRegistry::check(&self.options, self.words.clone());
        refused.into_iter().map(|refused| (refused.named, refused.of_file)).collect()
    }

    /// The file of a version of the policy `json`.
    pub(super) fn kept(&self, version: &str, ending: &str) -> PathBuf {
        self.options.dir.join("json").join(format!("{version}.{ending}"))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.options.dir
    }
}

/// A policy without a component.
pub(super) fn policy(name: &str) -> PolicyOptions {
    PolicyOptions {
        name: name.into(),
        component: None,
        config_json: "{}".into(),
        keys: Keys::new(),
        limits: tallygate_host::Limits::default(),
    }
}

/// The version of a word without configuration.
pub(super) fn plain(word: &str) -> String {
    version_of(word.as_bytes(), "{}")
}

/// The version that serves requests for a policy now; empty: none.
pub(super) fn now(registry: &PolicyRegistry, reference: &str) -> String {
    registry.resolve(reference).unwrap().now().version().to_owned()
}
