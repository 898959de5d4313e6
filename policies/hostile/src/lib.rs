//! A policy for tests that does all the wrong things, as its configuration says: `{"configure":"loop"}`, `{"handle":"trap"}`.
#![allow(unsafe_code, reason = "one of the wrong things is to return the same memory many times over")]

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use tallygate_policy::config::Config;
use tallygate_policy::{
    About, Changed, ConfigFault, Decision, Forwarded, Header, KeyUse, Message, Policy, Refusal, Reply, Response,
    ResponseOutcome, export, host,
};

/// How often this instance was called: 1 in a fresh one.
static CALLS: AtomicU32 = AtomicU32::new(0);

struct Hostile {
    handle: String,
    fault: String,
    respond: String,
    key: Option<String>,
    fact: Option<String>,
    extra: Option<String>,
    headers: Vec<String>,
    needs_body: bool,
    needs_response_body: bool,
    may_accept: bool,
}

impl Policy for Hostile {
    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        match config.string("configure")?.as_deref() {
            Some("fail") => return Err(ConfigFault::at("/oibs/3", "`x` is no OIB")),
            Some(wrong) => drop(misbehave(wrong)),
            None => {}
        }
        let mut behaviour = |when| Ok(config.string(when)?.unwrap_or_else(|| "answer".to_owned()));
        let policy = Self {
            handle: behaviour("handle")?,
            fault: behaviour("fault")?,
            respond: behaviour("respond")?,
            key: config.string("key")?,
            fact: config.string("fact")?,
            extra: config.string("extra")?,
            headers: config.strings("headers")?.unwrap_or_default(),
            needs_body: config.boolean("needs_body")?.unwrap_or(true),
            needs_response_body: config.boolean("needs_response_body")?.unwrap_or(true),
            may_accept: config.boolean("may_accept")?.unwrap_or(true),
        };
        config.finish()?;
        Ok(policy)
    }

    fn about(&self, about: About) -> About {
        About {
            needs_body: self.needs_body,
            may_accept: self.may_accept,
            sees_responses: true,
            needs_response_body: self.needs_response_body,
            extras: self.extra.iter().map(|name| (name.clone(), String::new())).collect(),
            headers: self.headers.clone(),
            keys: self.key.iter().map(|key| KeyUse::hmac_sha256(key)).collect(),
            facts: self.fact.iter().cloned().collect(),
            ..about
        }
    }

    fn handle(&self, message: Message) -> Decision {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        match &*self.handle {
            "count" => Reply::text(200, calls.to_string()).into(),
            "show" => Reply::text(200, format!("{message:?}")).into(),
            "refuse" => Refusal::new(422, "refused", "as configured").into(),
            "status" => Reply::text(99, "").into(),
            "header" => Reply::text(200, "").with_header("x-a", "1\r\nx-b: 2").into(),
            "name" => Reply::text(200, "").with_header("X A", "1").into(),
            "nothing" => Decision::accept(Vec::new(), Reply::text(200, "")),
            "context" => Reply::text(200, message.context).into(),
            "remember" => Decision::from(Forwarded::unchanged()).with_context(message.body),
            "remember-too-much" => Decision::from(Forwarded::unchanged()).with_context(vec![0; 65537]),
            "extra" => Reply { extras: vec![("receipt".into(), "1".into())], ..Reply::text(200, "") }.into(),
            "edit" => Forwarded { add_headers: vec![Header::new("x a", "1")], ..Forwarded::unchanged() }.into(),
            "refuse-with-200" => Refusal::new(200, "fine", "").into(),
            "amplify" => amplified().into(),
            other => Reply::text(200, misbehave(other)).into(),
        }
    }

    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        match &*self.fault {
            "answer" => None,
            "context" => Some(Reply::text(refusal.status, message.context)),
            other => Some(Reply::text(refusal.status, misbehave(other))),
        }
    }

    fn respond(&self, message: Message, response: Response) -> ResponseOutcome {
        match &*self.respond {
            "pass" => ResponseOutcome::Pass,
            "status" => Changed::unchanged().with_status(99).into(),
            "header" => Changed::unchanged().with_header("x-a", "1\r\nx-b: 2").into(),
            "extra" => Changed { extras: vec![("receipt".into(), "1".into())], ..Changed::unchanged() }.into(),
            "accept" => ResponseOutcome::accept(Vec::new(), Changed::unchanged()),
            "show" => Changed::unchanged().with_body(format!("{:?} {response:?}", message.context)).into(),
            other => Changed::unchanged().with_header("x-seen", misbehave(other)).into(),
        }
    }
}

export!(Hostile);

fn misbehave(how: &str) -> String {
    match how {
        "trap" => panic!("as configured"),
        "loop" => loop {
            black_box(0);
        },
        "grow" => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; 1 << 20]);
            }
        }
        "recurse" => recurse(0).to_string(),
        "log" => {
            host::log(host::Level::Info, "one\nanother\u{1b}[31m");
            for _ in 0..10_000 {
                host::log(host::Level::Info, &"a long line ".repeat(1000));
            }
            "logged".to_owned()
        }
        "hmac" => format!("{:?}", host::hmac_sha256("jir", b"")),
        "hmac-loop" => loop {
            drop(host::hmac_sha256("jir", b""));
        },
        "sign" => format!("{:?}", host::sign_xml("reply", b"<a Id='x'>1</a>", "x")),
        other => other.to_owned(),
    }
}

#[expect(unconditional_recursion, reason = "as configured")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + black_box(frame)[0]
}

/// A reply whose headers all lie in the same megabyte: small in here, ten gigabytes for whoever copies them out.
fn amplified() -> Reply {
    let megabyte = vec![b'x'; 1 << 20].leak();
    let mut reply = Reply::text(200, "");
    for _ in 0..10_000 {
        // SAFETY: none is dropped before the instance is, and nothing writes to them.
        let value = unsafe { Vec::from_raw_parts(megabyte.as_mut_ptr(), megabyte.len(), megabyte.len()) };
        reply.headers.push(Header { name: String::new(), value });
    }
    reply
}
