//! What a policy of this world imports.

use wasmtime::component::{HasData, Linker};

use super::bindings::{self, Host, Level};
use crate::call::Call;

/// Where wasmtime finds the implementation of `host` in a store: the call itself.
struct Data;

impl HasData for Data {
    type Data<'a> = &'a mut Call;
}

pub(crate) fn add_to_linker(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    bindings::add_to_linker::<Call, Data>(linker, |call| call)
}

impl Host for Call {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Debug => tracing::Level::DEBUG,
            Level::Info => tracing::Level::INFO,
            Level::Warn => tracing::Level::WARN,
            Level::Error => tracing::Level::ERROR,
        };
        self.log_line(level, &message)
    }

    fn sign_xml(
        &mut self,
        key: String,
        document: Vec<u8>,
        element_id: String,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        self.signed_xml(&key, &document, &element_id)
    }

    fn hmac_sha256(&mut self, key: String, data: Vec<u8>) -> wasmtime::Result<Result<Vec<u8>, String>> {
        self.hmac_of(&key, &data)
    }
}
