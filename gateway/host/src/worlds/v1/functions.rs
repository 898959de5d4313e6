//! The functions that a component of this world exports.

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{AsContextMut, Store};

use super::bindings::{
    About as AboutGiven, ConfigFault, Decision, Message, RefusalParam, Reply, Response, ResponseOutcome,
};
use super::lift;
use crate::about::About;
use crate::call::Call;
use crate::failure::ActivationError;

pub(super) const HANDLER: &str = "tallygate:policy/handler@1.0.0";

type Handle<'m> = TypedFunc<(&'m Message<'m>,), (Decision,)>;
type Fault<'m> = TypedFunc<(&'m Message<'m>, &'m RefusalParam<'m>), (Option<Reply>,)>;
type Respond<'m> = TypedFunc<(&'m Message<'m>, &'m Response<'m>), (ResponseOutcome,)>;
type Configure<'c> = TypedFunc<(&'c str,), (Result<AboutGiven, ConfigFault>,)>;

/// Where a component has them.
pub(crate) struct Functions {
    /// The component, with what it imports.
    pub(crate) pre: InstancePre<Call>,
    pub(crate) handle: ComponentExportIndex,
    pub(crate) fault: ComponentExportIndex,
    pub(crate) respond: ComponentExportIndex,
}

impl Functions {
    /// Finds them.
    pub(crate) fn of(pre: InstancePre<Call>) -> Result<Self, ActivationError> {
        let component = pre.component();
        let handler = component.get_export_index(None, HANDLER);
        let handler = handler.ok_or_else(|| {
            let kind = component.component_type();
            let names: Vec<&str> = kind.exports(component.engine()).map(|(name, _)| name).collect();
            let exported = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            missing(&format!("it exports {exported} rather than"))
        })?;
        let function = |name: &str| {
            component.get_export_index(Some(&handler), name).ok_or_else(|| missing(&format!("it has no `{name}` in")))
        };
        let (handle, fault, respond) = (function("handle")?, function("fault")?, function("respond")?);
        Ok(Self { pre, handle, fault, respond })
    }
}

/// Runs `configure` in a fresh instance, all of whose functions must have the types that this world gives them.
pub(crate) async fn configure(
    store: &mut Store<Call>,
    instance: &Instance,
    config: &str,
) -> Result<wasmtime::Result<Result<About, ActivationError>>, ActivationError> {
    let _: Handle<'_> = function(store, instance, "handle")?;
    let _: Fault<'_> = function(store, instance, "fault")?;
    let _: Respond<'_> = function(store, instance, "respond")?;
    let configure: Configure<'_> = function(store, instance, "configure")?;
    let answered = configure.call_async(store.as_context_mut(), (config,)).await;
    Ok(answered.map(|(about,)| match about {
        Ok(about) => lift::about(about),
        Err(fault) => Err(ActivationError::Configuration { pointer: fault.pointer, detail: fault.detail }),
    }))
}

fn function<Params, Return>(
    store: &mut Store<Call>,
    instance: &Instance,
    name: &str,
) -> Result<TypedFunc<Params, Return>, ActivationError>
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift,
{
    let handler = instance.get_export_index(store.as_context_mut(), None, HANDLER);
    let index = handler.and_then(|handler| instance.get_export_index(store.as_context_mut(), Some(&handler), name));
    let index = index.ok_or_else(|| missing(&format!("it has no `{name}` in")))?;
    instance.get_typed_func(store.as_context_mut(), index).map_err(|error| drafted(name, &error))
}

fn missing(what: &str) -> ActivationError {
    ActivationError::WrongWorld(format!("{what} {HANDLER}"))
}

/// The names are those of this world and the types are not: what was built before 1.0.0 was settled has it so.
fn drafted(function: &str, error: &wasmtime::Error) -> ActivationError {
    ActivationError::WrongWorld(format!(
        "its `{function}` has other types than {HANDLER} has: it was built with a draft of this world; build it again \
         with this gateway's SDK ({})",
        error.root_cause()
    ))
}
