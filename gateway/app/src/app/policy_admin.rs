//! The policies' registry, as the administration knows it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_console::policies::{Policy, PolicyAdmin, PolicyError, PolicyVersion, Pushed, Switched};
use tallygate_front::PolicyRegistry;
use tallygate_front::registry::{PolicyListing, RegistryError};
use tallygate_host::limits::COMPONENT_BYTES;

/// The registry, as the administration knows it.
pub(super) struct Administered(pub(super) Arc<PolicyRegistry>);

impl Administered {
    fn active(&self, policy: &str) -> Option<String> {
        let listing = self.0.list().into_iter().find(|listing| listing.name == policy)?;
        listing.versions.into_iter().find(|version| version.active).map(|version| version.version)
    }
}

#[async_trait]
impl PolicyAdmin for Administered {
    fn component_bytes(&self) -> usize {
        COMPONENT_BYTES
    }

    async fn list(&self) -> Result<Vec<Policy>, PolicyError> {
        let policy = |listing: PolicyListing| Policy {
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
