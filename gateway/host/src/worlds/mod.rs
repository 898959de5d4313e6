//! The policy worlds that run here side by side, each behind an adapter from and to the host's own types.
//!
//! A further world is a further module, a further case of [`World`], and an arm wherever [`World`] is matched.

pub(crate) mod v1;

use wasmtime::component::{Component, InstancePre, Linker};

use crate::call::Call;
use crate::failure::ActivationError;

/// The world of a policy, and its compiled code with what that imports.
pub(crate) enum World {
    /// Version 1, as a component.
    V1(v1::Functions),
    /// Version 1, as the core module alone of a guest that can do without the rest.
    V1Core(v1::Guest),
}

impl World {
    /// The world that a component is of.
    pub(crate) fn of(component: &Component) -> Result<Self, ActivationError> {
        v1::Functions::of(linked(component)?).map(Self::V1)
    }
}

/// A component linked to the call's own functions, and nothing else.
pub(crate) fn linked(component: &Component) -> Result<InstancePre<Call>, ActivationError> {
    let mut linker = Linker::new(component.engine());
    v1::add_to_linker(&mut linker).and_then(|()| linker.instantiate_pre(component)).map_err(wrong)
}

fn wrong(error: wasmtime::Error) -> ActivationError {
    ActivationError::WrongWorld(format!("{error:#}"))
}
