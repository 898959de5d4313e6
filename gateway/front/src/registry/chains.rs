//! The policies that each route names, one after the other.

use std::sync::MutexGuard;

use super::error::RegistryError;
use super::reference::split;
use crate::policy::ActivePolicy;

/// The chain of each route, by the route's name.
#[derive(Clone, Debug, Default)]
pub(super) struct Chains(Vec<(String, Vec<String>)>);

/// What other policies serve.
pub(super) trait Beside {
    /// That no route gets two policies that may accept, were this one in service under this name; what others serve stays
    /// as it is while the guard is held.
    fn fits(&self, name: &str, policy: &dyn ActivePolicy) -> Result<MutexGuard<'_, ()>, RegistryError>;
}

impl Chains {
    pub(super) fn new(chains: Vec<(String, Vec<String>)>) -> Self {
        Self(chains)
    }

    /// The references that pin a version, each with its route.
    pub(super) fn pins(&self) -> impl Iterator<Item = (&str, &str)> {
        let references = self.0.iter().flat_map(|(route, chain)| chain.iter().map(move |one| (&**route, &**one)));
        references.filter(|(_, reference)| reference.contains('@'))
    }

    /// The versions of a policy that routes pin, as they name them, each with its route.
    pub(super) fn pinned<'c>(&'c self, policy: &'c str) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.pins().filter_map(move |(route, reference)| match split(reference) {
            (name, Some(version)) if name == policy => Some((route, version)),
            _ => None,
        })
    }

    /// Whether a route takes whatever version of this policy is active.
    pub(super) fn follow(&self, policy: &str) -> bool {
        self.0.iter().flat_map(|(_, chain)| chain).any(|reference| reference == policy)
    }

    /// That no route has two policies that may accept a message: who came second would count what the first has counted.
    pub(super) fn check(&self, may_accept: impl Fn(&str) -> bool) -> Result<(), RegistryError> {
        for (route, chain) in &self.0 {
            let mut accepting = chain.iter().filter(|reference| may_accept(reference));
            if let (Some(first), Some(second)) = (accepting.next(), accepting.next()) {
                let [route, first, second] = [route, first, second].map(Clone::clone);
                return Err(RegistryError::TwoAccept { route, first, second });
            }
        }
        Ok(())
    }
}
