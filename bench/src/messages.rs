//! The messages that are measured with: 2 KB each, as partners send them.

use tallygate::demo::{Kind, Sample};

/// The size all messages are brought to.
const BYTES: usize = 2048;

/// A SOAP invoice of 2 KB.
pub fn invoice(turn: u64) -> Vec<u8> {
    let body = String::from_utf8_lossy(&Sample::new("shop-3", Kind::Invoice, turn).body).into_owned();
    let padding = "x".repeat(BYTES.saturating_sub(body.len() + "<f:Napomena></f:Napomena>".len()));
    body.replace("</f:Racun>", &format!("<f:Napomena>{padding}</f:Napomena></f:Racun>")).into_bytes()
}

/// A JSON transaction of 2 KB.
pub fn json(turn: u64, key: &str) -> Vec<u8> {
    let now = jiff::Timestamp::now();
    let text = |note: &str| {
        format!(
            r#"{{"id":"bench-{}-{turn}","time":"{now}","key":"{key}","amount":12.50,"currency":"EUR","type":"sale","attributes":{{"note":"{note}"}}}}"#,
            std::process::id()
        )
    };
    let padding = "x".repeat(BYTES.saturating_sub(text("").len()));
    text(&padding).into_bytes()
}
