//! Takes payments as lines of text, each `id,time,key,amount`.

use tallygate_policy::config::Config;
use tallygate_policy::{
    ConfigFault, Decision, Message, Policy, Refusal, Reply, Transaction, decimal, export,
};

/// The policy, as `configure` leaves it: every message finds it so.
struct Payments {
    currency: String,
}

impl Policy for Payments {
    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        // A key with no default would be `config.required_string("kind", "such as card.payment")?`.
        let currency = config.string("currency")?.unwrap_or_else(|| "EUR".to_owned());
        config.finish()?;
        Ok(Self { currency })
    }

    fn handle(&self, message: Message) -> Decision {
        match self.payments(&message.body) {
            Ok(payments) => {
                let reply = Reply::json(202, format!("{{\"accepted\":{}}}", payments.len()));
                Decision::accept(payments, reply)
            }
            Err(refusal) => refusal.into(),
        }
    }
}

impl Payments {
    fn payments(&self, body: &[u8]) -> Result<Vec<Transaction>, Refusal> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::new(400, "not-utf-8", "the body is no UTF-8"))?;
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        lines
            .map(|(line, number)| {
                self.payment(line).map_err(|refusal| refusal.at(format!("line {number}")))
            })
            .collect()
    }

    fn payment(&self, line: &str) -> Result<Transaction, Refusal> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [id, time, key, amount] = fields[..] else {
            return Err(Refusal::new(422, "wrong-line", "a line would be id,time,key,amount"));
        };
        decimal::check(amount)
            .map_err(|problem| Refusal::new(422, "wrong-amount", format!("{amount}: {problem}")))?;
        Ok(Transaction {
            id: id.to_owned(),
            time: time.to_owned(),
            day: None,
            key: key.to_owned(),
            amount: amount.to_owned(),
            currency: self.currency.clone(),
            kind: "payment".to_owned(),
            attributes: Vec::new(),
        })
    }
}

export!(Payments);

#[cfg(test)]
mod tests {
    use tallygate_policy::Outcome;

    use super::*;

    fn decided(body: &str) -> Outcome {
        let payments = Payments::configure(r#"{"currency":"CHF"}"#).expect("a configuration");
        payments.handle(Message::for_test(body).build()).outcome
    }

    #[test]
    fn each_line_is_a_payment_in_the_configured_currency() {
        let Outcome::Accept(accepted) = decided("a-1,2026-11-22T10:00:00Z,till-7,12.50\n") else {
            panic!("not accepted");
        };
        assert_eq!(accepted.transactions.len(), 1);
        assert_eq!(accepted.transactions[0].currency, "CHF");
    }

    #[test]
    fn an_amount_with_a_comma_is_a_field_too_many() {
        let Outcome::Reject(refusal) = decided("a-1,2026-11-22T10:00:00Z,till-7,12,50\n") else {
            panic!("not refused");
        };
        assert_eq!(refusal.code, "wrong-line");
        assert_eq!(refusal.field.as_deref(), Some("line 1"));
    }
}
