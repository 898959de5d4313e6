//! The pools of instances, one for each class of policies: the small ones' is there from the start, the large ones' from when
//! the first of them comes.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use wasmtime::{Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::class::Class;
use crate::engine::{EngineLimits, common, start_clock};
use crate::failure::EngineError;
use crate::limits;

/// Instances of one class, with the code that runs in them.
#[derive(Clone)]
pub(crate) struct Pool {
    pub(crate) wasmtime: wasmtime::Engine,
    /// For calls where requests are served: each holds one for as long as it holds its thread.
    pub(crate) permits: Arc<Semaphore>,
}

/// The pool of large policies, once there is one.
#[derive(Clone, Default)]
pub(crate) struct LargePool(Arc<Mutex<Option<Pool>>>);

/// How many instances a pool has, and what each of them may take.
struct Shape {
    instances: u32,
    core_instances: u32,
    memories: u32,
    memory: usize,
    keep_memory: usize,
    tables: u32,
    table_elements: usize,
    keep_tables: usize,
    warm: u32,
}

impl Pool {
    /// The pool of this class. Sets aside address space for its instances.
    ///
    /// # Errors
    /// When the system does not give it.
    pub(crate) fn new(class: Class, of: EngineLimits) -> Result<Self, EngineError> {
        let at_once = match class {
            Class::Small => of.instances.saturating_sub(of.slow()).max(1),
            Class::Large => (of.instances / limits::LARGE_INSTANCES_PART).max(1),
        };
        let shape = Shape::of(class, at_once + of.slow(), of.memory);
        let strategy = InstanceAllocationStrategy::Pooling(shape.pooling());
        let fail = |error: wasmtime::Error| EngineError(format!("{error:#}"));
        let wasmtime = wasmtime::Engine::new(common().allocation_strategy(strategy)).map_err(fail)?;
        Ok(Self { wasmtime, permits: Arc::new(Semaphore::new(at_once as usize)) })
    }
}

impl LargePool {
    /// The pool; made now where it is not there yet.
    ///
    /// # Errors
    /// As of [`Pool::new`].
    pub(crate) fn get(&self, of: EngineLimits) -> Result<Pool, EngineError> {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = &*pool {
            return Ok(pool.clone());
        }
        let made = Pool::new(Class::Large, of)?;
        start_clock(&[&made.wasmtime])?;
        *pool = Some(made.clone());
        Ok(made)
    }
}

impl Shape {
    fn of(class: Class, instances: u32, memory: usize) -> Self {
        match class {
            Class::Small => Self {
                instances,
                core_instances: limits::CORE_INSTANCES,
                memories: limits::MEMORIES,
                memory,
                keep_memory: limits::KEEP_RESIDENT,
                tables: limits::TABLES,
                table_elements: limits::TABLE_ELEMENTS,
                keep_tables: limits::KEEP_RESIDENT,
                warm: limits::WARM_SLOTS,
            },
            Class::Large => Self {
                instances,
                core_instances: limits::LARGE_CORE_INSTANCES,
                memories: limits::LARGE_MEMORIES,
                memory,
                keep_memory: limits::LARGE_KEEP_RESIDENT,
                tables: limits::LARGE_TABLES,
                table_elements: limits::LARGE_TABLE_ELEMENTS,
                keep_tables: limits::LARGE_KEEP_RESIDENT_TABLES,
                warm: limits::LARGE_WARM_SLOTS,
            },
        }
    }

    fn pooling(&self) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.instances)
            .total_core_instances(self.instances.saturating_mul(self.core_instances))
            .max_core_instances_per_component(self.core_instances)
            .total_memories(self.instances.saturating_mul(self.memories))
            .max_memories_per_component(self.memories)
            .max_memory_size(self.memory)
            .total_tables(self.instances.saturating_mul(self.tables))
            .max_tables_per_component(self.tables)
            .table_elements(self.table_elements)
            .total_stacks(self.instances)
            .linear_memory_keep_resident(self.keep_memory)
            .table_keep_resident(self.keep_tables)
            .max_unused_warm_slots(self.warm)
            // Where the kernel says which pages were written (Linux 6.7), only those are made as they were.
            .pagemap_scan(Enabled::Auto);
        pool
    }
}
