//! Configures a component once and keeps what that left in its memory as a new component.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wasmtime::Store;
use wasmtime::component::Component;
use wasmtime_wizer::Wizer;

use crate::about::About;
use crate::advice;
use crate::call::{self, Call, Pace};
use crate::configured::Configured;
use crate::engine::Engine;
use crate::failure::ActivationError;
use crate::keys::Keys;
use crate::limits;
use crate::spec::{Limits, PolicySpec};
use crate::worlds::{self, v1};

/// Runs `configure` and returns the configured component, and what the policy says of itself.
pub(crate) fn configure(engine: &Engine, spec: &PolicySpec) -> Result<(Vec<u8>, About), ActivationError> {
    // The step behind reads a component that a stranger may have made, and has places where it gives up by panicking.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| at_once(configured(&engine.configuring, spec))))
        .unwrap_or_else(|_| {
            Err(ActivationError::NotAComponent(
                "it could not be snapshotted: it may be cut off, or made in a way that is not understood here".into(),
            ))
        })
}

async fn configured(engine: &wasmtime::Engine, spec: &PolicySpec) -> Result<(Vec<u8>, About), ActivationError> {
    // The parser would say so too, byte by byte.
    if let Some(why) = advice::no_component(&spec.component) {
        return Err(ActivationError::NotAComponent(why));
    }
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument_component(&spec.component).map_err(not_a_component)?;
    let component = Component::new(engine, &instrumented).map_err(not_a_component)?;
    let limits = Limits { time: limits::CONFIGURE_TIME, ..spec.limits };
    let call = Call::new(Arc::from(&*spec.name), String::new(), Keys::new(), limits, Pace::Configuring);
    let mut store = call::store(engine, call);

    if let Some(why) = advice::imports(engine, &component) {
        return Err(ActivationError::WrongWorld(why));
    }
    let pre = v1::Functions::of(worlds::linked(&component)?)?.pre;
    let instance =
        call::measured(pre.instantiate_async(&mut store), None).await.map_err(|error| failed(&store, &error))?;
    let configured = v1::configure(&mut store, &instance, &spec.config_json);
    let configured = call::measured(configured, None).await?;
    let about = configured.map_err(|error| failed(&store, &error))??;
    let mut state = Configured { store: &mut store, instance, failed: None };
    let snapshot = wizer.snapshot_component(&context, &mut state).await.map_err(not_a_component)?;
    if let Some(error) = state.failed.take() {
        return Err(failed(&store, &error));
    }
    Ok((snapshot, about))
}

fn failed(store: &Store<Call>, error: &wasmtime::Error) -> ActivationError {
    ActivationError::ConfigureFailed(store.data().failure(error))
}

pub(crate) fn not_a_component(error: wasmtime::Error) -> ActivationError {
    ActivationError::NotAComponent(advice::refused(&format!("{error:#}")))
}

/// Runs a future that waits for nothing: while it is configured, a policy does not step aside.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}
