//! The policy worlds that run here side by side, each behind an adapter from and to the host's own types.
//!
//! A further world is a further module, a further case of [`World`], and an arm wherever [`World`] is matched.

pub(crate) mod v1;

use wasmtime::component::{Component, Linker};

use crate::call::Call;
use crate::failure::ActivationError;

/// The world of a component, and where the component has its functions.
pub(crate) enum World {
    /// Version 1.
    V1(v1::Functions),
}

impl World {
    /// The world that a component is of.
    pub(crate) fn of(component: &Component) -> Result<Self, ActivationError> {
        v1::Functions::of(component).map(Self::V1)
    }
}

/// What a component of any world is linked to: the call's own functions, and nothing else.
pub(crate) fn linker(engine: &wasmtime::Engine) -> Result<Linker<Call>, ActivationError> {
    let mut linker = Linker::new(engine);
    v1::add_to_linker(&mut linker).map_err(wrong)?;
    Ok(linker)
}

pub(crate) fn wrong(error: wasmtime::Error) -> ActivationError {
    ActivationError::WrongWorld(format!("{error:#}"))
}
