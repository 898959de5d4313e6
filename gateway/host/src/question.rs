//! What a policy is asked about a message: borrowed where it can be answered at once, owned where that takes long.

use std::borrow::Cow;

use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

use crate::about::About;
use crate::call::Call;
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

    /// Asks in a fresh instance, in one go. The outer error is the call's; the inner one says what was wrong with its answer.
    fn ask_at_once(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<Self::Answer>;

    /// The same, stepping aside for others at each tick.
    fn ask_in_turns(
        &self,
        asked: &Asked<'_>,
        store: &mut Store<Call>,
    ) -> impl Future<Output = Answered<Self::Answer>> + Send;
}

type Answered<T> = wasmtime::Result<Result<T, PolicyFailure>>;

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

    fn ask_at_once(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<Decision> {
        let seen = asked.seen(&self.message, &self.context);
        let given = match asked.world {
            World::V1(functions) => {
                let fields = seen.fields();
                call_at_once(&functions.pre, store, &functions.handle, (&seen.param(&fields),))?
            }
            World::V1Core(guest) => guest.call_at_once(store, &v1::Passed::Handle(&seen))?,
        };
        Ok(asked.decision(v1::decision(given)))
    }

    async fn ask_in_turns(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<Decision> {
        let seen = asked.seen(&self.message, &self.context);
        let given = match asked.world {
            World::V1(functions) => {
                let fields = seen.fields();
                call_in_turns(&functions.pre, store, &functions.handle, (&seen.param(&fields),)).await?
            }
            World::V1Core(guest) => guest.call_in_turns(store, &v1::Passed::Handle(&seen)).await?,
        };
        Ok(asked.decision(v1::decision(given)))
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

    fn ask_at_once(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<Option<Reply>> {
        let seen = asked.seen(&self.message, &self.context);
        let given: Option<_> = match asked.world {
            World::V1(functions) => {
                let fields = seen.fields();
                let params = (&seen.param(&fields), &v1::refusal(&self.refusal));
                call_at_once(&functions.pre, store, &functions.fault, params)?
            }
            World::V1Core(guest) => guest.call_at_once(store, &v1::Passed::Fault(&seen, &self.refusal))?,
        };
        Ok(asked.reply(given.map(v1::reply).transpose()))
    }

    async fn ask_in_turns(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<Option<Reply>> {
        let seen = asked.seen(&self.message, &self.context);
        let given: Option<_> = match asked.world {
            World::V1(functions) => {
                let fields = seen.fields();
                let params = (&seen.param(&fields), &v1::refusal(&self.refusal));
                call_in_turns(&functions.pre, store, &functions.fault, params).await?
            }
            World::V1Core(guest) => guest.call_in_turns(store, &v1::Passed::Fault(&seen, &self.refusal)).await?,
        };
        Ok(asked.reply(given.map(v1::reply).transpose()))
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

    fn ask_at_once(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<ResponseOutcome> {
        let seen = asked.seen(&self.message, &self.context);
        let answered = v1::SeenResponse::new(asked.about, &self.response);
        let given = match asked.world {
            World::V1(functions) => {
                let (fields, answer_fields) = (seen.fields(), answered.fields());
                let params = (&seen.param(&fields), &answered.param(&answer_fields));
                call_at_once(&functions.pre, store, &functions.respond, params)?
            }
            World::V1Core(guest) => guest.call_at_once(store, &v1::Passed::Respond(&seen, &answered))?,
        };
        Ok(asked.response(v1::response_outcome(given)))
    }

    async fn ask_in_turns(&self, asked: &Asked<'_>, store: &mut Store<Call>) -> Answered<ResponseOutcome> {
        let seen = asked.seen(&self.message, &self.context);
        let answered = v1::SeenResponse::new(asked.about, &self.response);
        let given = match asked.world {
            World::V1(functions) => {
                let (fields, answer_fields) = (seen.fields(), answered.fields());
                let params = (&seen.param(&fields), &answered.param(&answer_fields));
                call_in_turns(&functions.pre, store, &functions.respond, params).await?
            }
            World::V1Core(guest) => guest.call_in_turns(store, &v1::Passed::Respond(&seen, &answered)).await?,
        };
        Ok(asked.response(v1::response_outcome(given)))
    }
}

fn seen(about: &About, message: &Message) -> usize {
    if about.needs_body { message.body.len() } else { 0 }
}

fn owned<T: ToOwned + ?Sized>(of: &T) -> Cow<'static, T> {
    Cow::Owned(of.to_owned())
}

impl<'p> Asked<'p> {
    /// What of a message the policy gets to see.
    fn seen<'m>(&self, message: &'m Message, context: &'m [u8]) -> v1::Seen<'m>
    where
        'p: 'm,
    {
        v1::Seen::new(self.name, self.about, message, context)
    }

    fn decision(&self, given: Result<Decision, PolicyFailure>) -> Result<Decision, PolicyFailure> {
        given.and_then(|decision| check::decision(self.about, &decision).map(|()| decision))
    }

    fn reply(&self, given: Result<Option<Reply>, PolicyFailure>) -> Result<Option<Reply>, PolicyFailure> {
        given.and_then(|reply| reply.as_ref().map_or(Ok(()), check::reply).map(|()| reply))
    }

    fn response(&self, given: Result<ResponseOutcome, PolicyFailure>) -> Result<ResponseOutcome, PolicyFailure> {
        given.and_then(|outcome| check::response(self.about, &outcome).map(|()| outcome))
    }
}

/// Calls a function in a fresh instance, in one go.
fn call_at_once<Params, Return>(
    pre: &InstancePre<Call>,
    store: &mut Store<Call>,
    function: &ComponentExportIndex,
    params: Params,
) -> wasmtime::Result<Return>
where
    Params: ComponentNamedList + Lower,
    (Return,): ComponentNamedList + Lift,
{
    let instance = pre.instantiate(&mut *store)?;
    let function = instance.get_typed_func::<Params, (Return,)>(&mut *store, function)?;
    Ok(function.call(&mut *store, params)?.0)
}

/// The same, stepping aside for others.
async fn call_in_turns<Params, Return>(
    pre: &InstancePre<Call>,
    store: &mut Store<Call>,
    function: &ComponentExportIndex,
    params: Params,
) -> wasmtime::Result<Return>
where
    Params: ComponentNamedList + Lower + Send + Sync,
    (Return,): ComponentNamedList + Lift + Send + Sync + 'static,
{
    let instance = pre.instantiate_async(&mut *store).await?;
    let function = instance.get_typed_func::<Params, (Return,)>(&mut *store, function)?;
    Ok(function.call_async(&mut *store, params).await?.0)
}
