//! What a policy is asked about a message: borrowed where it can be answered at once, owned where that takes long.

use std::borrow::Cow;

use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::about::About;
use crate::call::{Call, Pace};
use crate::check;
use crate::failure::PolicyFailure;
use crate::message::Message;
use crate::outcome::Decision;
use crate::reply::{Refusal, Reply};
use crate::response::{Response, ResponseOutcome};
use crate::worlds::{World, v1};

/// Who is asked: what a call needs of a policy.
pub(crate) struct Asked<'p> {
    pub(crate) name: &'p str,
    pub(crate) about: &'p About,
    pub(crate) world: &'p World,
}

/// One question to a policy.
pub(crate) trait Question: Send + Sync {
    type Answer: Send + 'static;
    type Owned: Question<Answer = Self::Answer> + 'static;

    /// The message that it is about.
    fn message(&self) -> &Message;

    /// How many bytes of bodies go to the policy.
    fn bytes(&self, about: &About) -> usize;

    /// The same, for as long as it takes. Bodies are not copied.
    fn to_owned(&self) -> Self::Owned;

    /// Asks in a fresh instance. The outer error is the call's; the inner one says what was wrong with its answer.
    fn ask(
        &self,
        asked: Asked<'_>,
        store: &mut Store<Call>,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Answer, PolicyFailure>>> + Send;
}

/// What is to become of the message.
pub(crate) struct Handle<'q> {
    pub(crate) message: Cow<'q, Message>,
    pub(crate) context: Cow<'q, [u8]>,
}

/// How a refusal reads in the partner's protocol.
pub(crate) struct Fault<'q> {
    pub(crate) message: Cow<'q, Message>,
    pub(crate) context: Cow<'q, [u8]>,
    pub(crate) refusal: Cow<'q, Refusal>,
}

/// What is to become of an upstream's response.
pub(crate) struct Respond<'q> {
    pub(crate) message: Cow<'q, Message>,
    pub(crate) context: Cow<'q, [u8]>,
    pub(crate) response: Cow<'q, Response>,
}

impl Question for Handle<'_> {
    type Answer = Decision;
    type Owned = Handle<'static>;

    fn message(&self) -> &Message {
        &self.message
    }

    fn bytes(&self, about: &About) -> usize {
        seen(about, &self.message)
    }

    fn to_owned(&self) -> Handle<'static> {
        Handle { message: owned(&*self.message), context: owned(&*self.context) }
    }

    async fn ask(
        &self,
        asked: Asked<'_>,
        store: &mut Store<Call>,
    ) -> wasmtime::Result<Result<Decision, PolicyFailure>> {
        let seen = v1::Seen::new(asked.name, asked.about, &self.message, &self.context);
        let given = match asked.world {
            World::V1(functions) => {
                let fields = seen.fields();
                call(&functions.pre, store, &functions.handle, (&seen.param(&fields),)).await?
            }
            World::V1Core(guest) => guest.handle(store, &seen).await?,
        };
        let decision = v1::decision(given);
        Ok(decision.and_then(|decision| check::decision(asked.about, &decision).map(|()| decision)))
    }
}

impl Question for Fault<'_> {
    type Answer = Option<Reply>;
    type Owned = Fault<'static>;

    fn message(&self) -> &Message {
        &self.message
    }

    fn bytes(&self, about: &About) -> usize {
        seen(about, &self.message)
    }

    fn to_owned(&self) -> Fault<'static> {
        let (message, context) = (owned(&*self.message), owned(&*self.context));
        Fault { message, context, refusal: owned(&*self.refusal) }
    }

    async fn ask(
        &self,
        asked: Asked<'_>,
        store: &mut Store<Call>,
    ) -> wasmtime::Result<Result<Option<Reply>, PolicyFailure>> {
        let seen = v1::Seen::new(asked.name, asked.about, &self.message, &self.context);
        let given = match asked.world {
            World::V1(functions) => {
                let fields = seen.fields();
                let params = (&seen.param(&fields), &v1::refusal(&self.refusal));
                call(&functions.pre, store, &functions.fault, params).await?
            }
            World::V1Core(guest) => guest.fault(store, &seen, &self.refusal).await?,
        };
        let reply = given.map(v1::reply).transpose();
        Ok(reply.and_then(|reply| reply.as_ref().map_or(Ok(()), check::reply).map(|()| reply)))
    }
}

impl Question for Respond<'_> {
    type Answer = ResponseOutcome;
    type Owned = Respond<'static>;

    fn message(&self) -> &Message {
        &self.message
    }

    fn bytes(&self, about: &About) -> usize {
        let response = if about.needs_response_body { self.response.body.len() } else { 0 };
        seen(about, &self.message) + response
    }

    fn to_owned(&self) -> Respond<'static> {
        let (message, context) = (owned(&*self.message), owned(&*self.context));
        Respond { message, context, response: owned(&*self.response) }
    }

    async fn ask(
        &self,
        asked: Asked<'_>,
        store: &mut Store<Call>,
    ) -> wasmtime::Result<Result<ResponseOutcome, PolicyFailure>> {
        let seen = v1::Seen::new(asked.name, asked.about, &self.message, &self.context);
        let answered = v1::SeenResponse::new(asked.about, &self.response);
        let given = match asked.world {
            World::V1(functions) => {
                let (fields, answer_fields) = (seen.fields(), answered.fields());
                let params = (&seen.param(&fields), &answered.param(&answer_fields));
                call(&functions.pre, store, &functions.respond, params).await?
            }
            World::V1Core(guest) => guest.respond(store, &seen, &answered).await?,
        };
        let outcome = v1::response_outcome(given);
        Ok(outcome.and_then(|outcome| check::response(asked.about, &outcome).map(|()| outcome)))
    }
}

fn seen(about: &About, message: &Message) -> usize {
    if about.needs_body { message.body.len() } else { 0 }
}

fn owned<T: ToOwned + ?Sized>(of: &T) -> Cow<'static, T> {
    Cow::Owned(of.to_owned())
}

/// Calls a function in a fresh instance. Where it runs in one go, this waits for nothing.
async fn call<Params, Return>(
    pre: &InstancePre<Call>,
    store: &mut Store<Call>,
    function: &ComponentExportIndex,
    params: Params,
) -> wasmtime::Result<Return>
where
    Params: ComponentNamedList + Lower + Send + Sync,
    (Return,): ComponentNamedList + Lift + Send + Sync + 'static,
{
    if store.data().pace == Pace::AtOnce {
        let instance = pre.instantiate(&mut *store)?;
        let function = instance.get_typed_func::<Params, (Return,)>(&mut *store, function)?;
        return Ok(function.call(&mut *store, params)?.0);
    }
    let instance = pre.instantiate_async(&mut *store).await?;
    let function = instance.get_typed_func::<Params, (Return,)>(&mut *store, function)?;
    Ok(function.call_async(&mut *store, params).await?.0)
}
