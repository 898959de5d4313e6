//! Guests whose core module alone is as good as their component, which spares each message what a component costs: other
//! modules that bind it to its imports, a call for each text that goes in, and one to give back what came out.
//!
//! A guest says so by a custom section of its core module, as those do that are built with the SDK. It promises that the
//! module's functions have the names of the world's and the types of the canonical ABI, that it needs none of them called
//! before, and that its allocator never frees: then all that goes in may lie in one block. A promise that is not kept harms
//! its own policy alone: what comes out is checked here as a component's is.

use wasmtime::{Caller, ExternType, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Store};
use wasmtime::{TypedFunc, ValType, WasmParams, WasmResults};

use super::core_host;
use super::core_lift::{Lifting, Value};
use super::core_lower::{Block, Passed};
use super::functions::HANDLER;
use crate::call::Call;
use crate::limits;
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

    /// Calls a function in a fresh instance, in one go, and lifts what it returns.
    pub(crate) fn call_at_once<T: Value>(&self, store: &mut Store<Call>, passed: &Passed<'_>) -> wasmtime::Result<T> {
        let instance = self.at_once.instantiate(&mut *store)?;
        let begun = Begun::new(self, &instance, store, passed)?;
        let at = begun.realloc.call(&mut *store, (0, 0, ALIGN, begun.bytes()?))?;
        begun.lower(store, passed, at)?;
        let returned = begun.function.call(&mut *store, at)?;
        Lifting::new(begun.memory.data(&*store), limits::LIFT_BYTES_AT_ONCE).returned(returned)
    }

    /// The same, stepping aside for others.
    pub(crate) async fn call_in_turns<T: Value>(
        &self,
        store: &mut Store<Call>,
        passed: &Passed<'_>,
    ) -> wasmtime::Result<T> {
        let instance = self.in_turns.instantiate_async(&mut *store).await?;
        let begun = Begun::new(self, &instance, store, passed)?;
        let at = begun.realloc.call_async(&mut *store, (0, 0, ALIGN, begun.bytes()?)).await?;
        begun.lower(store, passed, at)?;
        let returned = begun.function.call_async(&mut *store, at).await?;
        Lifting::new(begun.memory.data(&*store), limits::LIFT_BYTES).returned(returned)
    }

    fn function(&self, passed: &Passed<'_>) -> &ModuleExport {
        match passed {
            Passed::Handle(_) => &self.handle,
            Passed::Fault(..) => &self.fault,
            Passed::Respond(..) => &self.respond,
        }
    }
}

/// A call in an instance that is there.
struct Begun {
    realloc: TypedFunc<(u32, u32, u32, u32), u32>,
    function: TypedFunc<u32, u32>,
    memory: Memory,
    /// How many bytes go in.
    bytes: usize,
}

impl Begun {
    fn new(guest: &Guest, instance: &Instance, store: &mut Store<Call>, passed: &Passed<'_>) -> wasmtime::Result<Self> {
        let memory = instance.get_module_export(&mut *store, &guest.exports.memory);
        Ok(Self {
            realloc: typed(instance, store, &guest.exports.realloc)?,
            function: typed(instance, store, guest.function(passed))?,
            memory: memory.and_then(|found| found.into_memory()).ok_or_else(no_memory)?,
            bytes: passed.bytes(),
        })
    }

    fn bytes(&self) -> wasmtime::Result<u32> {
        u32::try_from(self.bytes).map_err(|_| wasmtime::format_err!("{} bytes for a guest of 32 bits", self.bytes))
    }

    fn lower(&self, store: &mut Store<Call>, passed: &Passed<'_>, at: u32) -> wasmtime::Result<()> {
        let block = block(self.memory.data_mut(store), at, self.bytes, ALIGN)?;
        Block::new(block, at).lower(passed);
        Ok(())
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
