//! What all policies of a process run in: pools of instances, the threads for long calls, and the clock that makes those step
//! aside.

use std::sync::Arc;

use wasmtime::{Config, EngineWeak, OptLevel};

use crate::at_once::AtOnce;
use crate::class::Class;
use crate::failure::EngineError;
use crate::limits;
use crate::pool::{LargePool, Pool};
use crate::slow_pool::SlowPool;

/// What an engine may use altogether.
#[derive(Debug, Clone, Copy)]
pub struct EngineLimits {
    /// Messages in policies at one time, over all policies; further ones wait. An eighth of them, and at least one, are
    /// those that take long.
    pub instances: u32,
    /// The most memory any one policy can be given, in bytes.
    pub memory: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self { instances: limits::INSTANCES, memory: limits::POLICY_MEMORY_MOST }
    }
}

/// The engine that all policies of a process share. Cloning it is cheap.
#[derive(Clone)]
pub struct Engine {
    pub(crate) small: Pool,
    large: LargePool,
    /// For the one call of `configure`: compiles quickly rather than well, and needs no pool.
    pub(crate) configuring: wasmtime::Engine,
    /// Whose turn it is where requests are served.
    pub(crate) turns: Arc<AtOnce>,
    /// For calls that take long.
    pub(crate) slow: SlowPool,
    pub(crate) limits: EngineLimits,
}

impl Engine {
    /// Sets aside address space for `limits.instances` instances and starts the clock.
    ///
    /// # Errors
    /// When the system does not give the address space or a thread.
    pub fn new(limits: EngineLimits) -> Result<Self, EngineError> {
        let configuring = wasmtime::Engine::new(common().cranelift_opt_level(OptLevel::None))
            .map_err(|error| EngineError(format!("{error:#}")))?;
        let small = Pool::new(Class::Small, limits)?;
        start_clock(&[&small.wasmtime, &configuring])?;
        let turns = Arc::new(AtOnce::new(std::thread::available_parallelism().map_or(1, usize::from)));
        let slow = SlowPool::start(limits.slow() as usize)?;
        Ok(Self { small, large: LargePool::default(), configuring, turns, slow, limits })
    }

    /// The pool of the policies of a class.
    ///
    /// # Errors
    /// When it is to be made, and the system does not give the address space or a thread.
    pub(crate) fn pool(&self, class: Class) -> Result<Pool, EngineError> {
        match class {
            Class::Small => Ok(self.small.clone()),
            Class::Large => self.large.get(self.limits),
        }
    }
}

impl EngineLimits {
    /// How many of the messages may be those that take long; each may come to hold all the memory that its policy may have.
    #[must_use]
    pub fn slow(self) -> u32 {
        (self.instances / limits::SLOW_INSTANCES_PART).max(1)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What holds in all pools, so that code compiled for one would run in any.
pub(crate) fn common() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(limits::STACK_BYTES)
        .async_stack_size(limits::STACK_BYTES + limits::STACK_BYTES_HOST)
        .concurrency_support(false)
        .wasm_component_model(true);
    config
}

/// Advances the engines' epochs every tick, until they are gone.
pub(crate) fn start_clock(engines: &[&wasmtime::Engine]) -> Result<(), EngineError> {
    let engines: Vec<_> = engines.iter().map(|engine| engine.weak()).collect();
    let advance = move || {
        let alive = engines.iter().filter_map(EngineWeak::upgrade);
        alive.map(|engine| engine.increment_epoch()).count() > 0
    };
    std::thread::Builder::new()
        .name("policy-clock".into())
        .spawn(move || {
            while advance() {
                std::thread::sleep(limits::TICK);
            }
        })
        .map(drop)
        .map_err(|error| EngineError(format!("no thread for its clock: {error}")))
}
