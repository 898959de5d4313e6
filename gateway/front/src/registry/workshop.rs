//! Makes policies of kept versions: of what was compiled before where that can be, else by compiling.

use std::sync::Arc;

use tallygate_host::{ActivationError, ArtefactKey, Compiler, KeptPolicy, PolicySpec, short_version, version_of};

use super::error::RegistryError;
use super::options::PolicyOptions;
use super::store::Store;
use crate::policy::{Activator, ActivePolicy, Compiled};

/// What makes policies, and the key of what it has made.
#[derive(Clone)]
pub(super) struct Workshop {
    activator: Arc<dyn Activator>,
    key: Arc<ArtefactKey>,
    /// None: on the thread that asks, as fast as it can.
    compiler: Option<Compiler>,
}

impl Workshop {
    pub(super) fn new(activator: Arc<dyn Activator>, key: ArtefactKey) -> Self {
        Self { activator, key: Arc::new(key), compiler: None }
    }

    /// The same, compiling behind what else is to be done.
    pub(super) fn behind(&self, compiler: Compiler) -> Self {
        Self { compiler: Some(compiler), ..self.clone() }
    }

    /// A version put together from what it is kept in; what had to be compiled is kept too, unless nothing may be changed.
    pub(super) fn version(
        &self,
        options: &PolicyOptions,
        store: &Store,
        version: &str,
        may_keep: bool,
    ) -> Result<Arc<dyn ActivePolicy>, RegistryError> {
        let refused = |error| RegistryError::activation(&options.name, version, error);
        let artefact = store.artefact(version).unwrap_or_else(|error| {
            tracing::warn!(policy = options.name, version, "a compiled form cannot be read: {error}");
            None
        });
        if let Some(artefact) = artefact {
            let kept = KeptPolicy {
                name: options.name.clone(),
                version: version.to_owned(),
                keys: options.keys.clone(),
                limits: options.limits,
            };
            if let Some(loaded) = self.activator.load(kept, &self.key, &artefact) {
                return loaded.map_err(refused);
            }
        }
        let (policy, hash) = (&options.name, short_version(version));
        tracing::info!(policy, version = hash, "no compiled form was made here for these limits: compiling");
        let (component, config) = store.source(version)?;
        let compiled = self.compile(options, component, config)?;
        if may_keep && let Err(error) = store.keep_artefact(version, &compiled.artefact) {
            tracing::warn!(policy, version = hash, "its compiled form is not kept, and made again next time: {error}");
        }
        Ok(compiled.policy)
    }

    /// A version made of its component and configuration.
    pub(super) fn compile(
        &self,
        options: &PolicyOptions,
        component: Vec<u8>,
        config_json: String,
    ) -> Result<Compiled, RegistryError> {
        let version = version_of(&component, &config_json);
        let spec = PolicySpec {
            name: options.name.clone(),
            component,
            config_json,
            keys: options.keys.clone(),
            limits: options.limits,
        };
        let (activator, key) = (self.activator.clone(), self.key.clone());
        let compile = move || activator.compile(spec, &key);
        let compiled = match &self.compiler {
            None => compile(),
            Some(compiler) => compiler.run(compile).map_err(ActivationError::from).and_then(|compiled| {
                compiled.unwrap_or_else(|| Err(ActivationError::Host("it gave up while compiling".to_owned())))
            }),
        };
        compiled.map_err(|error| RegistryError::activation(&options.name, &version, error))
    }
}
