//! A policy for tests that counts what it passes on to an upstream: `{"accept":"message"}` counts a message before the
//! upstream is asked, `{"accept":"response"}` once the upstream has answered 200.
//!
//! A message is one line: id, key, amount and time of a transaction in euro, with single blanks between.

use tallygate_policy::config::Config;
use tallygate_policy::{
    About, Changed, ConfigFault, Decision, Forwarded, Message, Policy, Refusal, Response, ResponseOutcome, Transaction,
    export,
};

/// What is accepted, and so counted.
#[derive(PartialEq)]
enum Accepts {
    Message,
    Response,
}

struct Relay {
    accepts: Accepts,
}

impl Policy for Relay {
    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let right = "`message` or `response`";
        let accepts = match &*config.required_string("accept", right)? {
            "message" => Accepts::Message,
            "response" => Accepts::Response,
            other => return Err(ConfigFault::at("/accept", format!("it is `{other}`, and would be {right}"))),
        };
        config.finish()?;
        Ok(Self { accepts })
    }

    fn about(&self, about: About) -> About {
        About { sees_responses: self.accepts == Accepts::Response, ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        let transaction = match transaction(&message.body) {
            Ok(transaction) => transaction,
            Err(refusal) => return refusal.into(),
        };
        match self.accepts {
            Accepts::Message => Decision::accept_and_forward(vec![transaction], Forwarded::unchanged()),
            Accepts::Response => Decision::from(Forwarded::unchanged()).with_context(message.body),
        }
    }

    fn respond(&self, message: Message, response: Response) -> ResponseOutcome {
        match transaction(&message.context) {
            Ok(transaction) if response.status == 200 => {
                ResponseOutcome::accept(vec![transaction], Changed::unchanged().with_header("x-counted", "1"))
            }
            _ => ResponseOutcome::Pass,
        }
    }
}

export!(Relay);

fn transaction(line: &[u8]) -> Result<Transaction, Refusal> {
    let line = std::str::from_utf8(line).unwrap_or_default().trim_end();
    let fields: Vec<&str> = line.split(' ').collect();
    let [id, key, amount, time] = fields[..] else {
        return Err(Refusal::new(422, "line", "the message would be one line: id, key, amount and time"));
    };
    Ok(Transaction {
        id: id.to_owned(),
        time: time.to_owned(),
        day: None,
        key: key.to_owned(),
        amount: amount.to_owned(),
        currency: "EUR".to_owned(),
        kind: "relayed".to_owned(),
        attributes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use tallygate_policy::{Continuation, Outcome};

    use super::*;

    const LINE: &str = "7 HR1 1.50 2026-11-22T19:20:54+01:00\n";

    fn decided(accept: &str, body: &str) -> Decision {
        let policy = Relay::configure(&format!(r#"{{"accept":"{accept}"}}"#)).expect("a configuration");
        policy.handle(Message::for_test(body).build())
    }

    fn counted(accept: &str, status: u16) -> usize {
        let policy = Relay::configure(&format!(r#"{{"accept":"{accept}"}}"#)).expect("a configuration");
        match policy.respond(Message::for_test("").context(LINE).build(), Response::for_test(status, &[], "")) {
            ResponseOutcome::Accept(accepted) => accepted.transactions.len(),
            _ => 0,
        }
    }

    #[test]
    fn a_message_is_counted_before_or_behind_the_upstream() {
        let Outcome::Accept(accepted) = decided("message", LINE).outcome else { panic!("not accepted") };
        assert_eq!((&*accepted.transactions[0].id, &*accepted.transactions[0].amount), ("7", "1.50"));
        assert!(matches!(accepted.then, Continuation::Forward(_)));
        let forwarded = decided("response", LINE);
        assert!(matches!(forwarded.outcome, Outcome::Forward(_)));
        assert_eq!(forwarded.context, LINE.as_bytes());
    }

    #[test]
    fn a_configuration_says_what_is_accepted() {
        let told = |config: &str| match Relay::configure(config) {
            Ok(_) => panic!("{config} was taken"),
            Err(fault) => (fault.pointer, fault.detail),
        };
        for (config, detail) in [
            ("", "it is missing, and would be `message` or `response`"),
            (r#"{"accept":"all"}"#, "it is `all`, and would be `message` or `response`"),
            (
                r#"{"acept":"message"}"#,
                "it is missing, and would be `message` or `response`; \
                 the key `acept` is unknown, perhaps `accept` was meant",
            ),
        ] {
            assert_eq!(told(config), ("/accept".into(), detail.into()), "{config}");
        }
    }

    #[test]
    fn only_what_the_upstream_took_is_counted() {
        assert_eq!((counted("response", 200), counted("response", 409)), (1, 0));
    }

    #[test]
    fn another_line_is_refused() {
        let Outcome::Reject(refusal) = decided("message", "7 HR1\n").outcome else { panic!("not refused") };
        assert_eq!((refusal.status, &*refusal.code), (422, "line"));
    }
}
