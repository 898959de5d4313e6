//! What a guest imports that is called without its component: the call's own functions, with what passes through its memory.

use wasmtime::{Caller, Linker};

use super::core::{Exports, block};
use super::core_lift::{bytes, text};
use crate::call::Call;

const HOST: &str = "tallygate:policy/host@1.0.0";

/// Bytes or a reason, as the functions that return something do.
type Answer = Result<Vec<u8>, String>;
/// Where a text or a list of bytes is, and how long.
type Given = (u32, u32);

/// The functions for calls in one go.
pub(super) fn add_at_once(linker: &mut Linker<Call>, exports: Exports) -> wasmtime::Result<()> {
    add_log(linker, exports)?;
    linker.func_wrap(
        HOST,
        "sign-xml",
        move |mut caller: Caller<'_, Call>, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, into: u32| {
            let answer = sign_xml(&mut caller, exports, (a, b), (c, d), (e, f))?;
            give(&mut caller, exports, answer, into)
        },
    )?;
    linker.func_wrap(
        HOST,
        "hmac-sha256",
        move |mut caller: Caller<'_, Call>, a: u32, b: u32, c: u32, d: u32, into: u32| {
            let answer = hmac_sha256(&mut caller, exports, (a, b), (c, d))?;
            give(&mut caller, exports, answer, into)
        },
    )?;
    Ok(())
}

/// The same for calls that step aside, also within a function that the host calls while the guest waits for it.
pub(super) fn add_in_turns(linker: &mut Linker<Call>, exports: Exports) -> wasmtime::Result<()> {
    add_log(linker, exports)?;
    linker.func_wrap_async(
        HOST,
        "sign-xml",
        move |mut caller: Caller<'_, Call>, (a, b, c, d, e, f, into): (u32, u32, u32, u32, u32, u32, u32)| {
            Box::new(async move {
                let answer = sign_xml(&mut caller, exports, (a, b), (c, d), (e, f))?;
                give_in_turns(&mut caller, exports, answer, into).await
            })
        },
    )?;
    linker.func_wrap_async(
        HOST,
        "hmac-sha256",
        move |mut caller: Caller<'_, Call>, (a, b, c, d, into): (u32, u32, u32, u32, u32)| {
            Box::new(async move {
                let answer = hmac_sha256(&mut caller, exports, (a, b), (c, d))?;
                give_in_turns(&mut caller, exports, answer, into).await
            })
        },
    )?;
    Ok(())
}

fn add_log(linker: &mut Linker<Call>, exports: Exports) -> wasmtime::Result<()> {
    linker.func_wrap(HOST, "log", move |mut caller: Caller<'_, Call>, level: u32, at: u32, length: u32| {
        let level = match level {
            0 => tracing::Level::DEBUG,
            1 => tracing::Level::INFO,
            2 => tracing::Level::WARN,
            3 => tracing::Level::ERROR,
            other => wasmtime::bail!("it logged with a level {other}, which there is not"),
        };
        let (memory, call) = exports.memory(&mut caller)?.data_and_store_mut(&mut caller);
        call.log_line(level, text(given(memory, (at, length))?)?)
    })?;
    Ok(())
}

fn sign_xml(
    caller: &mut Caller<'_, Call>,
    exports: Exports,
    key: Given,
    document: Given,
    element_id: Given,
) -> wasmtime::Result<Answer> {
    let (memory, call) = exports.memory(caller)?.data_and_store_mut(caller);
    let (key, element_id) = (text(given(memory, key)?)?, text(given(memory, element_id)?)?);
    call.signed_xml(key, given(memory, document)?, element_id)
}

fn hmac_sha256(caller: &mut Caller<'_, Call>, exports: Exports, key: Given, data: Given) -> wasmtime::Result<Answer> {
    let (memory, call) = exports.memory(caller)?.data_and_store_mut(caller);
    call.hmac_of(text(given(memory, key)?)?, given(memory, data)?)
}

fn given(memory: &[u8], (at, length): Given) -> wasmtime::Result<&[u8]> {
    bytes(memory, at as usize, length as usize)
}

fn give(caller: &mut Caller<'_, Call>, exports: Exports, answer: Answer, into: u32) -> wasmtime::Result<()> {
    let length = length(&answer)?;
    let at = exports.realloc(caller)?.call(&mut *caller, (0, 0, 1, length))?;
    put(caller, exports, &answer, at, into)
}

async fn give_in_turns(
    caller: &mut Caller<'_, Call>,
    exports: Exports,
    answer: Answer,
    into: u32,
) -> wasmtime::Result<()> {
    let length = length(&answer)?;
    let at = exports.realloc(caller)?.call_async(&mut *caller, (0, 0, 1, length)).await?;
    put(caller, exports, &answer, at, into)
}

/// Writes an answer to its place, and where that is, and which of the two it is.
fn put(caller: &mut Caller<'_, Call>, exports: Exports, answer: &Answer, at: u32, into: u32) -> wasmtime::Result<()> {
    let memory = exports.memory(caller)?.data_mut(caller);
    let answered = bytes_of(answer);
    block(memory, at, answered.len(), 1)?.copy_from_slice(answered);
    let result = block(memory, into, 12, 4)?;
    result[0] = u8::from(answer.is_err());
    result[4..8].copy_from_slice(&at.to_le_bytes());
    result[8..12].copy_from_slice(&length(answer)?.to_le_bytes());
    Ok(())
}

fn length(answer: &Answer) -> wasmtime::Result<u32> {
    Ok(u32::try_from(bytes_of(answer).len())?)
}

fn bytes_of(answer: &Answer) -> &[u8] {
    match answer {
        Ok(bytes) => bytes,
        Err(reason) => reason.as_bytes(),
    }
}
