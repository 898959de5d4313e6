//! The one wasmtime engine: its pool of instances, and the clock that makes long calls step aside.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::{Config, Enabled, EngineWeak, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::at_once::AtOnce;
use crate::failure::EngineError;
use crate::limits;
use crate::slow_pool::SlowPool;

/// What an engine may use altogether.
#[derive(Debug, Clone, Copy)]
pub struct EngineLimits {
    /// Messages in policies at one time, over all policies; further ones wait. A sixteenth of them, and at least one, are
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
    pub(crate) wasmtime: wasmtime::Engine,
    /// For the one call of `configure`: compiles quickly rather than well, and needs no pool.
    pub(crate) configuring: wasmtime::Engine,
    /// For calls where requests are served: each holds one for as long as it holds its thread.
    pub(crate) permits: Arc<Semaphore>,
    /// Whose turn it is there.
    pub(crate) turns: Arc<AtOnce>,
    /// For the others.
    pub(crate) slow: SlowPool,
    pub(crate) limits: EngineLimits,
}

impl Engine {
    /// Sets aside address space for `limits.instances` instances and starts the clock.
    ///
    /// # Errors
    /// When the system does not give the address space or a thread.
    pub fn new(limits: EngineLimits) -> Result<Self, EngineError> {
        let engine = |config: &Config| wasmtime::Engine::new(config).map_err(|error| EngineError(format!("{error:#}")));
        let configuring = engine(common().cranelift_opt_level(OptLevel::None))?;
        let wasmtime = engine(common().allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits))))?;
        start_clock([&wasmtime, &configuring])?;
        let permits = Arc::new(Semaphore::new(at_once(limits) as usize));
        let turns = Arc::new(AtOnce::new(std::thread::available_parallelism().map_or(1, usize::from)));
        let slow = SlowPool::start(slow(limits) as usize)?;
        Ok(Self { wasmtime, configuring, permits, turns, slow, limits })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn common() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(limits::STACK_BYTES)
        .async_stack_size(limits::STACK_BYTES + limits::STACK_BYTES_HOST)
        .concurrency_support(false)
        .wasm_component_model(true);
    config
}

/// How many instances there are for calls that take long.
fn slow(limits: EngineLimits) -> u32 {
    (limits.instances / limits::SLOW_INSTANCES_PART).max(1)
}

/// How many there are for the others.
fn at_once(limits: EngineLimits) -> u32 {
    limits.instances.saturating_sub(slow(limits)).max(1)
}

fn pool(limits: EngineLimits) -> PoolingAllocationConfig {
    let (instances, memory) = (at_once(limits) + slow(limits), limits.memory);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(limits::CORE_INSTANCES))
        .max_core_instances_per_component(limits::CORE_INSTANCES)
        .total_memories(instances.saturating_mul(limits::MEMORIES))
        .max_memories_per_component(limits::MEMORIES)
        .max_memory_size(memory)
        .total_tables(instances.saturating_mul(limits::TABLES))
        .max_tables_per_component(limits::TABLES)
        .table_elements(limits::TABLE_ELEMENTS)
        .total_stacks(instances)
        .linear_memory_keep_resident(limits::KEEP_RESIDENT)
        .table_keep_resident(limits::KEEP_RESIDENT)
        // Where the kernel says which pages were written (Linux 6.7), only those are made as they were.
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(limits::WARM_SLOTS);
    pool
}

/// Advances the engines' epochs every tick, until they are gone.
fn start_clock(engines: [&wasmtime::Engine; 2]) -> Result<(), EngineError> {
    let engines = engines.map(wasmtime::Engine::weak);
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
