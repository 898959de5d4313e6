//! A policy in service: activated once, then called for each message.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;

use crate::about::About;
use crate::call::{self, Call, Pace, Used};
use crate::class::Class;
use crate::engine::Engine;
use crate::failure::{ActivationError, PolicyFailure};
use crate::keys::Keys;
use crate::limits;
use crate::message::Message;
use crate::outcome::Decision;
use crate::pool::Pool;
use crate::question::{Asked, Fault, Handle, Question, Respond};
use crate::reply::{Refusal, Reply};
use crate::response::{Response, ResponseOutcome};
use crate::slow_pool::SlowPoolError;
use crate::snapshot;
use crate::spec::{KeptPolicy, Limits, PolicySpec, check_needs};
use crate::version::version_of;
use crate::worlds::World;

/// A policy in service. Share it as `Arc<Policy>`; dropping the last one gives its code and snapshot back.
pub struct Policy(Arc<InService>);

struct InService {
    name: Arc<str>,
    version: String,
    about: About,
    keys: Keys,
    limits: Limits,
    engine: Engine,
    pool: Pool,
    class: Class,
    world: World,
}

impl Policy {
    /// Checks a component, configures it and compiles the result. Blocking: tens of milliseconds for a small policy.
    ///
    /// # Errors
    /// See [`ActivationError`]; nothing is left behind.
    pub fn activate(engine: &Engine, spec: PolicySpec) -> Result<Self, ActivationError> {
        spec.check(engine.limits.memory)?;
        let (snapshot, about) = snapshot::configure(engine, &spec)?;
        // Whoever lacks a key hears it before the long step.
        check_needs(&about, &spec.keys)?;
        // What it holds once it is configured counts.
        let class = Class::of(&snapshot);
        let pool = pool(engine, class)?;
        let world = World::compile(&pool.wasmtime, &snapshot)?;
        let version = version_of(&spec.component, &spec.config_json);
        let kept = KeptPolicy { name: spec.name, version, keys: spec.keys, limits: spec.limits };
        Self::in_service(engine, pool, class, kept, world, about)
    }

    /// The policy of a configured component's code.
    pub(crate) fn in_service(
        engine: &Engine,
        pool: Pool,
        class: Class,
        kept: KeptPolicy,
        world: World,
        about: About,
    ) -> Result<Self, ActivationError> {
        kept.limits.check(engine.limits.memory)?;
        check_needs(&about, &kept.keys)?;
        Ok(Self(Arc::new(InService {
            name: kept.name.into(),
            version: kept.version,
            about,
            keys: kept.keys,
            limits: kept.limits,
            engine: engine.clone(),
            pool,
            class,
            world,
        })))
    }

    /// Asks the policy what is to become of a message, of which it sees what it needs. `context` is what the policy before
    /// it in its chain left; empty for the first one. What the call used is added where somebody asks, which costs a little.
    ///
    /// # Errors
    /// When the policy failed; nothing of its outcome is known.
    pub async fn handle(
        &self,
        message: &Message,
        context: &[u8],
        used: Option<&mut Used>,
    ) -> Result<Decision, PolicyFailure> {
        let handle = Handle { message: Cow::Borrowed(message), context: Cow::Borrowed(context) };
        self.0.answer(handle, used).await
    }

    /// Asks the policy to put a refusal into the partner's protocol; `None`: it has no form of its own for it. `context`
    /// is what it left itself when it handled the message.
    ///
    /// # Errors
    /// When the policy failed; a plain problem document serves then too.
    pub async fn fault(
        &self,
        message: &Message,
        context: &[u8],
        refusal: &Refusal,
    ) -> Result<Option<Reply>, PolicyFailure> {
        let (message, context) = (Cow::Borrowed(message), Cow::Borrowed(context));
        self.0.answer(Fault { message, context, refusal: Cow::Borrowed(refusal) }, None).await
    }

    /// Asks the policy what is to become of an upstream's response; only for one whose [`About::sees_responses`] says so.
    /// `context` is what it left itself when it handled the message.
    ///
    /// # Errors
    /// When the policy failed; the response it should have seen must not be sent.
    pub async fn respond(
        &self,
        message: &Message,
        context: &[u8],
        response: &Response,
        used: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        let (message, context) = (Cow::Borrowed(message), Cow::Borrowed(context));
        self.0.answer(Respond { message, context, response: Cow::Borrowed(response) }, used).await
    }

    /// The operator's name for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The hash of its component and configuration, as [`version_of`] says it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// What it says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.0.about
    }

    /// What it is made of, but for the code.
    pub(crate) fn kept(&self) -> KeptPolicy {
        let (name, version) = (self.0.name.to_string(), self.0.version.clone());
        KeptPolicy { name, version, keys: self.0.keys.clone(), limits: self.0.limits }
    }

    /// The class of its component.
    pub(crate) fn class(&self) -> Class {
        self.0.class
    }

    /// Its code and snapshot.
    pub(crate) fn world(&self) -> &World {
        &self.0.world
    }
}

impl InService {
    /// Asks where requests are served; what takes longer there than a tick, or has much to work through, is asked again on
    /// the threads for slow work. A call has no effect but its lines of the log, which are written once it has ended.
    async fn answer<Q: Question>(
        self: &Arc<Self>,
        question: Q,
        used: Option<&mut Used>,
    ) -> Result<Q::Answer, PolicyFailure> {
        let measured = used.is_some();
        let at_once = if question.bytes(&self.about) > limits::BODY_AT_ONCE {
            None
        } else {
            let caller = &question.message().caller;
            let asked = self.engine.turns.run(caller, self.ask_at_once(&question, measured)).await?;
            if asked.is_none() {
                self.engine.turns.took_long(caller);
            }
            asked
        };
        let (answer, spent) = match at_once {
            Some(asked) => asked,
            // Apart, so that the others carry no room for it about.
            None => Box::pin(self.ask_in_turns(question.to_owned(), measured)).await?,
        };
        if let Some(used) = used {
            used.time += spent.time;
            used.memory = used.memory.max(spent.memory);
        }
        answer
    }

    /// Asks where requests are served. None where that is to be done elsewhere.
    async fn ask_at_once<Q: Question>(&self, question: &Q, measured: bool) -> Result<Option<Asking<Q>>, PolicyFailure> {
        // What has no room there in the end is not begun here again and again.
        if self.engine.slow.is_full(&question.message().caller) {
            return Err(PolicyFailure::Busy);
        }
        let _permit = self.pool.permits.acquire().await.map_err(|_| ended())?;
        Ok(self.ask_now(question, measured))
    }

    /// Asks among those calls that take long, in turns with other callers'.
    async fn ask_in_turns<Q: Question + 'static>(
        self: &Arc<Self>,
        question: Q,
        measured: bool,
    ) -> Result<Asking<Q>, PolicyFailure> {
        let policy = self.clone();
        let caller = question.message().caller.clone();
        let asked = self.engine.slow.run(&caller, async move { policy.ask_slowly(&question, measured).await });
        match asked.await {
            Ok(asked) => Ok(asked),
            Err(SlowPoolError::Full) => Err(PolicyFailure::Busy),
            Err(error @ SlowPoolError::Panicked) => Err(PolicyFailure::Host(error.to_string())),
        }
    }

    /// Asks in a fresh instance, in one go. None where it did not end at once.
    fn ask_now<Q: Question>(&self, question: &Q, measured: bool) -> Option<Asking<Q>> {
        let mut store = self.store(question, Pace::AtOnce);
        let (returned, time) = call::measured_at_once(|| question.ask_at_once(&self.asked(), &mut store), measured);
        if returned.as_ref().is_err_and(|error| store.data().is_slow(error)) {
            return None;
        }
        Some(ended_so(returned, store, time))
    }

    /// Asks in a fresh instance, which steps aside for others.
    async fn ask_slowly<Q: Question>(&self, question: &Q, measured: bool) -> Asking<Q> {
        let mut store = self.store(question, Pace::InTurns);
        let mut spent = measured.then_some(Duration::ZERO);
        let returned = call::measured(question.ask_in_turns(&self.asked(), &mut store), spent.as_mut()).await;
        ended_so(returned, store, spent.unwrap_or_default())
    }

    fn asked(&self) -> Asked<'_> {
        Asked { name: &self.name, about: &self.about, world: &self.world }
    }

    fn store<Q: Question>(&self, question: &Q, pace: Pace) -> Store<Call> {
        let id = question.message().id.clone();
        let call = Call::new(self.name.clone(), id, self.keys.clone(), self.limits, pace);
        call::store(&self.pool.wasmtime, call)
    }
}

/// What came of a question, and what it used.
type Asking<Q> = (Result<<Q as Question>::Answer, PolicyFailure>, Used);

fn ended_so<T>(
    returned: wasmtime::Result<Result<T, PolicyFailure>>,
    mut store: Store<Call>,
    time: Duration,
) -> (Result<T, PolicyFailure>, Used) {
    store.data_mut().tell_lines();
    let used = Used { time, memory: store.data().memory() };
    (returned.unwrap_or_else(|error| Err(store.data().failure(&error))), used)
}

/// The pool of a class. The large one's may not be had where the small one's is.
pub(crate) fn pool(engine: &Engine, class: Class) -> Result<Pool, ActivationError> {
    engine.pool(class).map_err(|error| ActivationError::Host(error.to_string()))
}

fn ended() -> PolicyFailure {
    PolicyFailure::Host("it is shutting down".into())
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.0.name)
            .field("version", &self.0.version)
            .field("core", &matches!(self.0.world, World::V1Core(_)))
            .finish_non_exhaustive()
    }
}
