//! The policies' registry, as the administration knows it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_console::policies::{Policy, PolicyAdmin, PolicyError, PolicyVersionDetail, Pushed, Removed, Switched};
use tallygate_front::PolicyRegistry;
use tallygate_front::registry::RegistryError;
use tallygate_host::ActivationError;
use tallygate_host::limits::{COMPONENT_BYTES, CONFIG_BYTES};

use crate::policy_listing;

/// The registry, as the administration knows it.
pub(super) struct Administered(pub(super) Arc<PolicyRegistry>);

impl Administered {
    /// What looks at files, beside what else is to be done.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&PolicyRegistry) -> T + Send + 'static,
    ) -> Result<T, PolicyError> {
        let registry = self.0.clone();
        let looked = tokio::task::spawn_blocking(move || look(&registry)).await;
        looked.map_err(|error| PolicyError::Away(error.to_string()))
    }
}

#[async_trait]
impl PolicyAdmin for Administered {
    fn component_bytes(&self) -> usize {
        COMPONENT_BYTES
    }

    fn config_bytes(&self) -> usize {
        CONFIG_BYTES
    }

    async fn list(&self) -> Result<Vec<Policy>, PolicyError> {
        self.look(|registry| registry.list().into_iter().map(policy_listing::policy).collect()).await
    }

    async fn push(&self, policy: &str, component: Bytes, config: Option<String>) -> Result<Pushed, PolicyError> {
        let pushed = self.0.push(policy, component.into(), config).await.map_err(refused)?;
        let config_from = pushed.config_from.as_str().to_owned();
        let routed = self.0.is_routed(policy);
        Ok(Pushed { policy: policy.to_owned(), version: pushed.version, new: pushed.new, config_from, routed })
    }

    async fn show(&self, policy: &str, version: &str) -> Result<PolicyVersionDetail, PolicyError> {
        let (name, version) = (policy.to_owned(), version.to_owned());
        let detail = self.look(move |registry| registry.version(&name, &version)).await?.map_err(refused)?;
        Ok(policy_listing::detail(policy, detail))
    }

    async fn remove(&self, policy: &str, version: &str) -> Result<Removed, PolicyError> {
        let removed = self.0.remove(policy, version).await.map_err(refused)?;
        Ok(Removed { policy: policy.to_owned(), removed })
    }

    async fn activate(&self, policy: &str, version: &str) -> Result<Switched, PolicyError> {
        Ok(policy_listing::switched(policy, self.0.activate(policy, version).await.map_err(refused)?))
    }

    async fn rollback(&self, policy: &str) -> Result<Switched, PolicyError> {
        Ok(policy_listing::switched(policy, self.0.rollback(policy).await.map_err(refused)?))
    }
}

/// What the registry says, as the administration tells it.
fn refused(error: RegistryError) -> PolicyError {
    let text = error.to_string();
    match error {
        RegistryError::NoPolicy { .. } | RegistryError::NoVersion { .. } => PolicyError::Unknown(text),
        RegistryError::NothingBefore { .. }
        | RegistryError::Full(_)
        | RegistryError::InUse { .. }
        | RegistryError::TwoAccept { .. } => PolicyError::Conflict(text),
        RegistryError::Activation { error: ActivationError::Busy(_) | ActivationError::Host(_), .. } => {
            PolicyError::Away(text)
        }
        RegistryError::Activation { .. }
        | RegistryError::TakenConfig { .. }
        | RegistryError::Name(_)
        | RegistryError::Config(..) => PolicyError::Invalid(text),
        _ => PolicyError::Away(text),
    }
}
