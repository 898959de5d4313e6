//! Guests whose core module alone is as good as their component, which spares each message what a component costs: other
//! modules that bind it to its imports, a call for each text that goes in, and one to give back what came out.
//!
//! A guest says so by a custom section of its core module, as those do that are built with the SDK. It promises that the
//! module's functions have the names of the world's and the types of the canonical ABI, that it needs none of them called
//! before, and that its allocator never frees: then all that goes in may lie in one block. A promise that is not kept harms
//! its own policy alone: what comes out is checked here as a component's is.

use wasmtime::{Caller, ExternType, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Store};
use wasmtime::{TypedFunc, ValType, WasmParams, WasmResults};

use super::bindings::{Decision, Reply, ResponseOutcome};
use super::core_host;
use super::core_lift::{Lifting, Value};
use super::core_lower::{self, Block};
use super::functions::HANDLER;
use super::lower::{Seen, SeenResponse};
use crate::call::{Call, Pace};
use crate::limits;
use crate::reply::Refusal;
use crate::sections;

/// The custom section by which a guest says so, and what is in it.
const MARK: (&str, &[u8]) = ("tallygate:guest", b"1");
/// The alignment of all blocks.
const ALIGN: u32 = 8;

/// The core module of a component that says that it can do without the rest.
pub(crate) fn module_of(component: &[u8]) -> Option<&[u8]> {
    let module = sections::core_module(component)?;
    (sections::custom(module, MARK.0)? == MARK.1).then_some(module)
}

/// A core module that is called, with what it imports.
pub(crate) struct Guest {
    module: Module,
    /// For calls in one go.
    at_once: InstancePre<Call>,
    /// For those that step aside.
    in_turns: InstancePre<Call>,
    exports: Exports,
    handle: ModuleExport,
    fault: ModuleExport,
    respond: ModuleExport,
}

/// Where a module has its memory, and how to get some of it.
#[derive(Clone, Copy)]
pub(super) struct Exports {
    memory: ModuleExport,
    realloc: ModuleExport,
}

impl Guest {
    /// None where the module is not what it says.
    pub(crate) fn new(module: &Module) -> Option<Self> {
        let exports = Exports { memory: memory(module)?, realloc: function(module, "cabi_realloc", 4)? };
        let handler = |name: &str| function(module, &format!("{HANDLER}#{name}"), 1);
        let (handle, fault, respond) = (handler("handle")?, handler("fault")?, handler("respond")?);
        // It would have to be called before all else.
        if module.get_export_index("_initialize").is_some() {
            return None;
        }
        let pre = |add: fn(&mut Linker<Call>, Exports) -> wasmtime::Result<()>| {
            let mut linker = Linker::new(module.engine());
            add(&mut linker, exports).ok()?;
            linker.instantiate_pre(module).ok()
        };
        Some(Self {
            module: module.clone(),
            at_once: pre(core_host::add_at_once)?,
            in_turns: pre(core_host::add_in_turns)?,
            exports,
            handle,
            fault,
            respond,
        })
    }

    pub(crate) fn module(&self) -> &Module {
        &self.module
    }

    /// What is to become of a message.
    pub(crate) async fn handle(&self, store: &mut Store<Call>, seen: &Seen<'_>) -> wasmtime::Result<Decision> {
        self.call(store, &self.handle, core_lower::message_bytes(seen), |block| block.message(seen)).await
    }

    /// How a refusal reads in the partner's protocol.
    pub(crate) async fn fault(
        &self,
        store: &mut Store<Call>,
        seen: &Seen<'_>,
        refusal: &Refusal,
    ) -> wasmtime::Result<Option<Reply>> {
        let bytes = core_lower::fault_bytes(seen, refusal);
        self.call(store, &self.fault, bytes, |block| block.fault(seen, refusal)).await
    }

    /// What is to become of an upstream's response.
    pub(crate) async fn respond(
        &self,
        store: &mut Store<Call>,
        seen: &Seen<'_>,
        response: &SeenResponse<'_>,
    ) -> wasmtime::Result<ResponseOutcome> {
        let bytes = core_lower::respond_bytes(seen, response);
        self.call(store, &self.respond, bytes, |block| block.respond(seen, response)).await
    }

    /// Calls a function in a fresh instance with a block of so many bytes, and lifts what it returns. Where it runs in one
    /// go, this waits for nothing.
    async fn call<T: Value>(
        &self,
        store: &mut Store<Call>,
        function: &ModuleExport,
        bytes: usize,
        lower: impl FnOnce(&mut Block<'_>) + Send,
    ) -> wasmtime::Result<T> {
        let pace = store.data().pace;
        let instance = match pace {
            Pace::AtOnce => self.at_once.instantiate(&mut *store)?,
            Pace::InTurns | Pace::Configuring => self.in_turns.instantiate_async(&mut *store).await?,
        };
        let realloc: TypedFunc<(u32, u32, u32, u32), u32> = typed(&instance, store, &self.exports.realloc)?;
        let function: TypedFunc<u32, u32> = typed(&instance, store, function)?;
        let memory =
            instance.get_module_export(&mut *store, &self.exports.memory).and_then(|found| found.into_memory());
        let memory = memory.ok_or_else(no_memory)?;
        let length = u32::try_from(bytes).map_err(|_| wasmtime::format_err!("{bytes} bytes for a guest of 32 bits"))?;
        let at = run(&realloc, store, (0, 0, ALIGN, length)).await?;
        let block = block(memory.data_mut(&mut *store), at, bytes, ALIGN)?;
        lower(&mut Block::new(block, at));
        let returned = run(&function, store, at).await?;
        let most = if pace == Pace::AtOnce { limits::LIFT_BYTES_AT_ONCE } else { limits::LIFT_BYTES };
        Lifting::new(memory.data(&*store), most).returned(returned)
    }
}

impl Exports {
    pub(super) fn memory(self, caller: &mut Caller<'_, Call>) -> wasmtime::Result<Memory> {
        caller.get_module_export(&self.memory).and_then(|found| found.into_memory()).ok_or_else(no_memory)
    }

    pub(super) fn realloc(
        self,
        caller: &mut Caller<'_, Call>,
    ) -> wasmtime::Result<TypedFunc<(u32, u32, u32, u32), u32>> {
        let function = caller.get_module_export(&self.realloc).and_then(|found| found.into_func());
        function.ok_or_else(no_memory)?.typed(caller)
    }
}

/// A place in a guest's memory that it says it has.
pub(super) fn block(memory: &mut [u8], at: u32, bytes: usize, align: u32) -> wasmtime::Result<&mut [u8]> {
    let place = at as usize;
    let block = memory.get_mut(place..).and_then(|behind| behind.get_mut(..bytes));
    match block {
        Some(block) if at.is_multiple_of(align) => Ok(block),
        _ => wasmtime::bail!("its cabi_realloc gave {bytes} bytes at {at}, which it does not have"),
    }
}

async fn run<Params, Results>(
    function: &TypedFunc<Params, Results>,
    store: &mut Store<Call>,
    params: Params,
) -> wasmtime::Result<Results>
where
    Params: WasmParams + Send + Sync,
    Results: WasmResults + Send + Sync,
{
    if store.data().pace == Pace::AtOnce {
        return function.call(store, params);
    }
    function.call_async(store, params).await
}

fn typed<Params: WasmParams, Results: WasmResults>(
    instance: &Instance,
    store: &mut Store<Call>,
    export: &ModuleExport,
) -> wasmtime::Result<TypedFunc<Params, Results>> {
    let function = instance.get_module_export(&mut *store, export).and_then(|found| found.into_func());
    function.ok_or_else(|| wasmtime::format_err!("a function is gone"))?.typed(store)
}

fn memory(module: &Module) -> Option<ModuleExport> {
    match module.get_export("memory")? {
        ExternType::Memory(memory) if !memory.is_64() && !memory.is_shared() => module.get_export_index("memory"),
        _ => None,
    }
}

/// A function of so many parameters and one result, all of them 32 bits.
fn function(module: &Module, name: &str, params: usize) -> Option<ModuleExport> {
    let ExternType::Func(kind) = module.get_export(name)? else { return None };
    let right = kind.params().len() == params
        && kind.results().len() == 1
        && kind.params().chain(kind.results()).all(|of| matches!(of, ValType::I32));
    right.then(|| module.get_export_index(name)).flatten()
}

fn no_memory() -> wasmtime::Error {
    wasmtime::format_err!("its memory is gone")
}
