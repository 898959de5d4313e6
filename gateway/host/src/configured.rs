//! What a configured instance holds, read out through the accessors that the snapshotter has put into it.

use wasmtime::Store;
use wasmtime::component::{Instance, Lift, WasmList};
use wasmtime_wizer::ComponentInstanceState;

use crate::call::Call;

/// An instance after `configure`. The snapshotter's own reader would bring wasmtime's cache, threads and garbage collector
/// into the build.
pub(crate) struct Configured<'s> {
    pub(crate) store: &'s mut Store<Call>,
    pub(crate) instance: Instance,
    /// Why an accessor failed, the first that did: the snapshotter knows no errors, and what it makes then is of no use.
    pub(crate) failed: Option<wasmtime::Error>,
}

impl Configured<'_> {
    /// What an accessor answers, which takes nothing.
    async fn ask<T: Lift + 'static>(&mut self, interface: &str, accessor: &str) -> Option<T> {
        match self.call(interface, accessor).await {
            Ok(value) => Some(value),
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }

    async fn call<T: Lift + 'static>(&mut self, interface: &str, accessor: &str) -> wasmtime::Result<T> {
        let interface = self.instance.get_export_index(&mut *self.store, None, interface);
        let index = interface.and_then(|held| self.instance.get_export_index(&mut *self.store, Some(&held), accessor));
        let index = index.ok_or_else(|| wasmtime::format_err!("the accessor {accessor} is missing"))?;
        let function = self.instance.get_typed_func::<(), (T,)>(&mut *self.store, &index)?;
        Ok(function.call_async(&mut *self.store, ()).await?.0)
    }
}

impl ComponentInstanceState for Configured<'_> {
    async fn call_func_ret_list_u8(&mut self, interface: &str, accessor: &str, take: impl FnOnce(&[u8]) + Send) {
        match self.ask::<WasmList<u8>>(interface, accessor).await {
            Some(bytes) => take(bytes.as_le_slice(&*self.store)),
            None => take(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, interface: &str, accessor: &str) -> i32 {
        self.ask(interface, accessor).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, interface: &str, accessor: &str) -> i64 {
        self.ask(interface, accessor).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, interface: &str, accessor: &str) -> u32 {
        self.ask::<f32>(interface, accessor).await.unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, interface: &str, accessor: &str) -> u64 {
        self.ask::<f64>(interface, accessor).await.unwrap_or_default().to_bits()
    }
}
