//! The engine that policies run in, and what would be right where the system does not give it its address space.

use rustix::process::{Resource, getrlimit};
use tallygate_host::{Engine, EngineError, EngineLimits};

/// The engine is not to be had.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}", advice(*.address_space))]
pub(crate) struct NoEngine {
    error: EngineError,
    /// The bytes of addresses that this process may have, where that is limited.
    address_space: Option<u64>,
}

/// An engine that takes as many messages at one time as a gateway does.
pub(crate) fn whole() -> Result<Engine, NoEngine> {
    with(EngineLimits::default())
}

/// An engine for one message at a time.
pub(crate) fn for_one() -> Result<Engine, NoEngine> {
    with(EngineLimits { instances: 1, ..EngineLimits::default() })
}

fn with(limits: EngineLimits) -> Result<Engine, NoEngine> {
    Engine::new(limits).map_err(|error| NoEngine { error, address_space: getrlimit(Resource::As).current })
}

fn advice(address_space: Option<u64>) -> String {
    let Some(bytes) = address_space else { return String::new() };
    let gib = bytes.div_ceil(1 << 30);
    format!(
        "; it sets aside addresses for all the memory that policies could ever have, some TiB of which hardly any become memory, and \
         this process may have {gib} GiB of them (RLIMIT_AS): no limit would be right, by `ulimit -v unlimited` or, in a unit \
         of systemd, LimitAS=infinity; memory itself is limited by MemoryMax="
    )
}
