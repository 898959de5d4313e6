//! What a policy implements, and where the configured one is kept.

use std::sync::OnceLock;

use crate::host;
use crate::world::tallygate::policy::types::{
    About, ConfigFault, Decision, Message, Refusal, Reply, Response, ResponseOutcome,
};

impl About {
    /// What a policy of this name and version is unless it says otherwise.
    #[must_use]
    pub fn of(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            needs_body: true,
            headers: Vec::new(),
            facts: Vec::new(),
            may_accept: true,
            sees_responses: false,
            needs_response_body: false,
            keys: Vec::new(),
            config_schema: None,
            extras: Vec::new(),
        }
    }
}

/// A policy: configured once, then asked about each message in a fresh copy of what `configure` left behind.
pub trait Policy: Sized + Send + Sync + 'static {
    /// Whether what a panic says goes to the gateway's log; without, only that the policy trapped is known, and the policy
    /// is smaller.
    const LOGS_PANICS: bool = true;

    /// Makes the policy from its configuration, a JSON object. Whatever can be worked out beforehand belongs here: no
    /// message pays for it. Nothing of [`host`](crate::host) may be called.
    ///
    /// # Errors
    /// One refuses the activation; [`ConfigFault::at`] says where.
    fn configure(config: &str) -> Result<Self, ConfigFault>;

    /// Decides what becomes of a message. A [`Reply`], a [`Refusal`] or a [`Forwarded`](crate::Forwarded) turns into a
    /// decision by `into()`, and [`Decision::accept`] queues transactions.
    fn handle(&self, message: Message) -> Decision;

    /// What the policy says of itself. What is passed names the crate and its version, may accept, and asks for bodies,
    /// for no headers, no responses and no keys.
    fn about(&self, about: About) -> About {
        about
    }

    /// Puts a refusal, the gateway's own too, into the partner's protocol. `None`: a problem document.
    ///
    /// A transaction that the gateway does not take, such as one whose day is outside the horizon, is told by its place in
    /// the list that [`handle`](Policy::handle) gave: `transactions/0/day`. What that is in the partner's document, the
    /// policy knows; and what `handle` left with its decision is in [`Message::context`].
    ///
    /// ```
    /// # use tallygate_policy::{ConfigFault, Decision, Message, Policy, Refusal, Reply};
    /// # struct Invoices;
    /// /// Where it is in the partner's document, which has an invoice for each transaction.
    /// fn place(field: &str) -> Option<String> {
    ///     let (index, field) = field.strip_prefix("transactions/")?.split_once('/')?;
    ///     let element = match field {
    ///         "day" | "time" => "Date",
    ///         "amount" => "Total",
    ///         _ => return None,
    ///     };
    ///     Some(format!("Invoice[{}]/{element}", index.parse::<usize>().ok()? + 1))
    /// }
    ///
    /// impl Policy for Invoices {
    ///     fn fault(&self, _message: Message, refusal: Refusal) -> Option<Reply> {
    ///         let field = refusal.field.unwrap_or_default();
    ///         let field = place(&field).unwrap_or(field);
    ///         Some(Reply::text(refusal.status, format!("{field}: {}\n", refusal.detail)))
    ///     }
    /// #   fn configure(_config: &str) -> Result<Self, ConfigFault> { Ok(Invoices) }
    /// #   fn handle(&self, _message: Message) -> Decision { Decision::accept(Vec::new(), Reply::text(200, "")) }
    /// }
    ///
    /// let refusal = Refusal::new(422, "transaction-not-valid", "must lie between 2026-11-14 and 2026-11-30, is 2026-11-01");
    /// let reply = Invoices.fault(Message::for_test("").build(), refusal.at("transactions/0/day")).unwrap();
    /// assert_eq!(reply.body, b"Invoice[1]/Date: must lie between 2026-11-14 and 2026-11-30, is 2026-11-01\n");
    /// ```
    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        let _ = (message, refusal);
        None
    }

    /// Decides what becomes of an upstream's response; called only if [`About::sees_responses`].
    fn respond(&self, message: Message, response: Response) -> ResponseOutcome {
        let _ = (message, response);
        ResponseOutcome::Pass
    }
}

/// Where [`export!`](crate::export) keeps the configured policy.
pub struct Slot<P>(OnceLock<P>);

impl<P: Policy> Slot<P> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Configures the policy and keeps it.
    ///
    /// # Errors
    /// The policy's own; or it was configured before.
    pub fn configure(&self, config: &str, name: &str, version: &str) -> Result<About, ConfigFault> {
        if P::LOGS_PANICS {
            std::panic::set_hook(Box::new(|panic| host::log(host::Level::Error, &panic.to_string())));
        }
        let policy = P::configure(config)?;
        let about = policy.about(About::of(name, version));
        self.0.set(policy).map_err(|_| ConfigFault::at("", "configured already"))?;
        #[cfg(all(feature = "bump", target_family = "wasm"))]
        crate::bump::make_room();
        Ok(about)
    }

    /// The policy.
    ///
    /// # Panics
    /// When it was not configured: the gateway always does.
    pub fn get(&self) -> &P {
        match self.0.get() {
            Some(policy) => policy,
            None => panic!("the policy was not configured"),
        }
    }
}

impl<P: Policy> Default for Slot<P> {
    fn default() -> Self {
        Self::new()
    }
}
