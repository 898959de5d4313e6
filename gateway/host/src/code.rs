//! From a configured component to compiled code, and from there to bytes that are kept and back.

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::failure::ActivationError;
use crate::snapshot;
use crate::worlds::{World, v1};

/// What stands before the code where it is kept, so that it is taken for what it is.
const COMPONENT: u8 = b'c';
const CORE: u8 = b'm';

impl World {
    /// Compiles a component that is configured. Blocking: tens of milliseconds for a small one.
    pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Result<Self, ActivationError> {
        if let Some(module) = v1::module_of(component) {
            let module = Module::new(engine, module).map_err(snapshot::not_a_component)?;
            if let Some(guest) = v1::Guest::new(&module) {
                return Ok(Self::V1Core(guest));
            }
        }
        Self::of(&Component::new(engine, component).map_err(snapshot::not_a_component)?)
    }

    /// The code as bytes.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn serialize(&self) -> wasmtime::Result<Vec<u8>> {
        let (kind, code) = match self {
            Self::V1(functions) => (COMPONENT, functions.pre.component().serialize()?),
            Self::V1Core(guest) => (CORE, guest.module().serialize()?),
        };
        let mut bytes = Vec::with_capacity(1 + code.len());
        bytes.push(kind);
        bytes.extend_from_slice(&code);
        Ok(bytes)
    }

    /// The code of such bytes.
    ///
    /// # Errors
    /// When an engine that compiles alike would not have made them.
    ///
    /// # Safety
    /// They must be what [`serialize`](Self::serialize) made, unchanged.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self> {
        match bytes.split_first() {
            Some((&COMPONENT, code)) => {
                // SAFETY: as the caller promises, a component was serialised behind this.
                let component = unsafe { Component::deserialize(engine, code) }?;
                Self::of(&component).map_err(|error| wasmtime::format_err!("{error}"))
            }
            Some((&CORE, code)) => {
                // SAFETY: as the caller promises, a module was.
                let module = unsafe { Module::deserialize(engine, code) }?;
                v1::Guest::new(&module).map(Self::V1Core).ok_or_else(|| wasmtime::format_err!("it is no such guest"))
            }
            _ => wasmtime::bail!("it is code of no kind that there is"),
        }
    }
}
