//! One partner that sends what a test has it send, one message after the other.

use std::path::Path;
use std::time::Duration;

use tallygate::demo::{Answer, Partner, PartnerError};

/// A partner with a thread's worth of patience.
pub struct Caller {
    runtime: tokio::runtime::Runtime,
    partner: Partner,
}

impl Caller {
    /// The partner with this certificate of a site, at one of its gateways.
    pub fn new(certs: &Path, name: &str, port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let partner = Partner::new(certs, Some(name), format!("https://localhost:{port}")).unwrap();
        Self { runtime, partner }
    }

    /// The partner, waiting so long for an answer.
    #[must_use]
    pub fn waiting(self, time: Duration) -> Self {
        Self { partner: self.partner.waiting(time), ..self }
    }

    /// Sends a message and waits for its answer.
    pub fn try_post(&self, path: &str, content_type: &str, body: &str) -> Result<Answer, PartnerError> {
        self.runtime.block_on(self.partner.post(path, content_type, body.to_owned().into()))
    }

    /// Sends a message that must be answered, and returns status and body.
    pub fn post(&self, path: &str, body: &str) -> (u16, String) {
        let answer = self.try_post(path, "text/plain", body).unwrap();
        (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Sends one transaction of today, which must be accepted; returns its business day.
    pub fn transact(&self, id: &str, key: &str, amount: &str) -> String {
        self.try_transact(id, key, amount).unwrap()
    }

    /// Sends one transaction of today; returns its business day, or what became of it where it was not accepted.
    pub fn try_transact(&self, id: &str, key: &str, amount: &str) -> Result<String, String> {
        let now = jiff::Timestamp::now();
        let day = now.in_tz("Europe/Zagreb").unwrap().date().to_string();
        let body = serde_json::json!({
            "id": id, "time": now.to_string(), "day": day, "key": key, "amount": amount, "currency": "EUR", "type": "sale"
        });
        match self.try_post("/v1/transactions", "application/json", &body.to_string()) {
            Ok(answer) if answer.status == 202 => Ok(day),
            Ok(answer) => Err(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))),
            Err(error) => Err(error.to_string()),
        }
    }
}
