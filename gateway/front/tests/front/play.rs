//! A queue and policies that do as they are told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_front::{Activator, ActivePolicy, Compiled};
use tallygate_host::{
    About, Accepted, AcceptedResponse, ActivationError, ArtefactKey, Changed, Continuation, Decision, Forwarded,
    Header, HeaderEdit, KeptPolicy, Message, Outcome, PolicyFailure, PolicySpec, Refusal, Reply, Response,
    ResponseOutcome, Transaction, Used, version_of,
};
use tallygate_queue::{Consumer, Queue, QueueError};
use tokio::sync::Semaphore;

/// What a queue does with the next messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Confirms,
    Away,
    Hangs,
    /// Confirms as many as are released.
    Waits,
}

pub(crate) struct PlayedQueue {
    pub(crate) messages: Mutex<Vec<Bytes>>,
    pub(crate) mood: Mutex<Mood>,
    pub(crate) released: Semaphore,
    pub(crate) waiting: AtomicUsize,
}

impl PlayedQueue {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            messages: Mutex::default(),
            mood: Mutex::new(Mood::Confirms),
            released: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
        })
    }

    pub(crate) fn feel(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn count(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    /// Waits until so many messages wait for their confirm.
    pub(crate) async fn wait_for(&self, waiting: usize) {
        while self.waiting.load(Ordering::SeqCst) < waiting {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[async_trait]
impl Queue for PlayedQueue {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Confirms => {}
            Mood::Away => return Err(QueueError::Away("nobody listens on secret-host:5672".into())),
            Mood::Hangs => std::future::pending().await,
            Mood::Waits => {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                self.released.acquire().await.unwrap().forget();
            }
        }
        self.messages.lock().unwrap().push(message);
        Ok(())
    }

    async fn consume(&self, _: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Err(QueueError::Refused("not in this play".into()))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(self.count() as u64)
    }
}

/// Makes policies whose component says what they do, as a word.
pub(crate) struct Players;

pub(crate) struct Player {
    name: String,
    version: String,
    part: String,
    about: About,
    faults: AtomicUsize,
}

impl Activator for Players {
    fn compile(&self, spec: PolicySpec, _: &ArtefactKey) -> Result<Compiled, ActivationError> {
        let version = version_of(&spec.component, &spec.config_json);
        let part = String::from_utf8(spec.component).unwrap();
        let about = About {
            needs_body: part != "tag",
            headers: vec!["*".into()],
            may_accept: ["accept", "accept2", "soap", "relay", "relay2", "astray"].contains(&&*part)
                || part.starts_with("respond-count"),
            sees_responses: part.starts_with("respond"),
            needs_response_body: ["respond", "respond-memory"].contains(&&*part) || part == "respond-count-body",
            ..About::default()
        };
        let policy = Arc::new(Player { name: spec.name, version, part, about, faults: AtomicUsize::new(0) });
        Ok(Compiled { policy, artefact: Vec::new() })
    }

    fn load(&self, _: KeptPolicy, _: &ArtefactKey, _: &[u8]) -> Option<Result<Arc<dyn ActivePolicy>, ActivationError>> {
        None
    }
}

#[async_trait]
impl ActivePolicy for Player {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn about(&self) -> &About {
        &self.about
    }

    async fn handle(&self, message: &Message, context: &[u8], _: Option<&mut Used>) -> Result<Decision, PolicyFailure> {
        let text = String::from_utf8_lossy(&message.body).into_owned();
        let forward = |body: Option<&str>| Forwarded {
            headers: HeaderEdit {
                remove: vec!["x-remove".into()],
                set: vec![header("x-tag", "tagged")],
                add: vec![header("x-trail", &self.name)],
            },
            body: body.map(|body| body.as_bytes().to_vec()),
            ..Forwarded::default()
        };
        // Each line of the body is an id, a time and an amount.
        let transactions = || text.lines().map(transaction).collect::<Vec<_>>();
        let outcome = match &*self.part {
            "accept" | "accept2" | "soap" => Outcome::Accept(Accepted {
                transactions: transactions(),
                then: Continuation::Reply(reply(202, &self.part)),
            }),
            "relay" | "relay2" => {
                Outcome::Accept(Accepted { transactions: transactions(), then: Continuation::Forward(forward(None)) })
            }
            "astray" => Outcome::Accept(Accepted {
                transactions: transactions(),
                then: Continuation::Forward(Forwarded { target: Some("no path".into()), ..Forwarded::default() }),
            }),
            "echo" => {
                Outcome::Answer(reply(200, &format!("{} {} {}", message.target, message.headers.len(), text.len())))
            }
            // As many bytes as the body says.
            "long" => Outcome::Answer(reply(200, &"x".repeat(text.parse().unwrap()))),
            "context" => Outcome::Answer(reply(200, &format!("after {:?}", String::from_utf8_lossy(context)))),
            "reject" | "soap-reject" => Outcome::Reject(Refusal {
                status: 422,
                code: "wrong-total".into(),
                detail: "the total is not the sum".into(),
                field: Some("/total".into()),
                retry_after: None,
            }),
            "trap" => return Err(PolicyFailure::Trap("unreachable at secret.rs:7".into())),
            "timeout" => return Err(PolicyFailure::Timeout(Duration::from_secs(1))),
            "memory" => return Err(PolicyFailure::OutOfMemory(1 << 20)),
            "stuck" => std::future::pending().await,
            "busy" => return Err(PolicyFailure::Busy),
            "panic" => panic!("the host itself failed"),
            "mediate" => {
                let set = vec![header("authorization", "Bearer mediated"), header("x-seen", &credentials(message))];
                let headers = HeaderEdit { remove: vec!["x-api-key".into()], set, ..HeaderEdit::default() };
                Outcome::Forward(Forwarded { headers, ..Forwarded::default() })
            }
            "upper" => Outcome::Forward(forward(Some(&text.to_uppercase()))),
            _ => Outcome::Forward(forward(None)),
        };
        Ok(Decision { outcome, context: format!("{}+{}", self.name, message.body.len()).into_bytes() })
    }

    async fn fault(
        &self,
        message: &Message,
        context: &[u8],
        refusal: &Refusal,
    ) -> Result<Option<Reply>, PolicyFailure> {
        let partner = message.partner.as_deref().unwrap_or("nobody");
        let context = match &*self.part {
            "soap-headers" => credentials(message),
            "soap-number" => self.faults.fetch_add(1, Ordering::SeqCst).to_string(),
            _ => String::from_utf8_lossy(context).into_owned(),
        };
        let fault = format!("fault {} {} {partner} {context}", refusal.status, refusal.code);
        Ok(self.part.starts_with("soap").then(|| reply(500, fault.trim_end())))
    }

    async fn respond(
        &self,
        message: &Message,
        context: &[u8],
        response: &Response,
        _: Option<&mut Used>,
    ) -> Result<ResponseOutcome, PolicyFailure> {
        let context = String::from_utf8_lossy(context);
        let seen = Changed {
            headers: HeaderEdit { add: vec![header("x-seen", &context)], ..HeaderEdit::default() },
            ..Changed::default()
        };
        Ok(match &*self.part {
            "respond-pass" => ResponseOutcome::Pass,
            "respond-memory" => return Err(PolicyFailure::OutOfMemory(1 << 20)),
            "respond-fail" => return Err(PolicyFailure::Trap("unreachable at secret.rs:8".into())),
            "respond-head" => ResponseOutcome::Change(Changed { status: Some(207), ..seen }),
            // What the message says is counted if the upstream liked it.
            "respond-count" | "respond-count-body" if response.status == 200 => {
                let text = String::from_utf8_lossy(&message.body).into_owned();
                let transactions = text.lines().map(transaction).collect();
                ResponseOutcome::Accept(AcceptedResponse { transactions, change: seen })
            }
            "respond-count" | "respond-count-body" => ResponseOutcome::Change(seen),
            _ => {
                let mut body = response.body.to_vec();
                body.extend_from_slice(b" seen");
                ResponseOutcome::Change(Changed { body: Some(body), ..Changed::default() })
            }
        })
    }
}

/// The credentials that a policy sees in a message.
fn credentials(message: &Message) -> String {
    let fields = message.headers.iter().filter(|header| ["authorization", "x-api-key"].contains(&&*header.name));
    let seen: Vec<_> = fields.map(|header| String::from_utf8_lossy(&header.value)).collect();
    if seen.is_empty() { "none".into() } else { seen.join(" and ") }
}

fn transaction(line: &str) -> Transaction {
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    Transaction {
        id: word(),
        time: word(),
        day: None,
        key: "k".into(),
        amount: word(),
        currency: "EUR".into(),
        kind: "sale".into(),
        attributes: Vec::new(),
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, headers: vec![header("content-type", "text/plain")], body: body.as_bytes().to_vec() }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: value.into() }
}
