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
}

impl Configured<'_> {
    /// Calls an accessor, which takes nothing.
    ///
    /// # Panics
    /// When it is not there or fails. The snapshotter has put it there itself, and knows no errors; its caller takes panics
    /// for one.
    async fn ask<T: Lift + 'static>(&mut self, interface: &str, accessor: &str) -> T {
        let interface = self.instance.get_export_index(&mut *self.store, None, interface);
        let index = interface.and_then(|held| self.instance.get_export_index(&mut *self.store, Some(&held), accessor));
        let Some(index) = index else { panic!("the instrumented component has no accessor {accessor}") };
        let function = self.instance.get_typed_func::<(), (T,)>(&mut *self.store, &index);
        let answered = match function {
            Ok(function) => function.call_async(&mut *self.store, ()).await,
            Err(error) => Err(error),
        };
        match answered {
            Ok((value,)) => value,
            Err(error) => panic!("the accessor {accessor} failed: {error:#}"),
        }
    }
}

impl ComponentInstanceState for Configured<'_> {
    async fn call_func_ret_list_u8(&mut self, interface: &str, accessor: &str, take: impl FnOnce(&[u8]) + Send) {
        let bytes: WasmList<u8> = self.ask(interface, accessor).await;
        take(bytes.as_le_slice(&*self.store));
    }

    async fn call_func_ret_s32(&mut self, interface: &str, accessor: &str) -> i32 {
        self.ask(interface, accessor).await
    }

    async fn call_func_ret_s64(&mut self, interface: &str, accessor: &str) -> i64 {
        self.ask(interface, accessor).await
    }

    async fn call_func_ret_f32(&mut self, interface: &str, accessor: &str) -> u32 {
        self.ask::<f32>(interface, accessor).await.to_bits()
    }

    async fn call_func_ret_f64(&mut self, interface: &str, accessor: &str) -> u64 {
        self.ask::<f64>(interface, accessor).await.to_bits()
    }
}
