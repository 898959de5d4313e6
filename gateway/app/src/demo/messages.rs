//! The messages of the sample partners: made up, but of the form that real ones have.

use bytes::Bytes;
use jiff::Timestamp;
use rand::RngExt;

/// What a sample partner sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One JSON transaction.
    Single,
    /// A batch of JSON transactions.
    Batch,
    /// A Croatian fiscal invoice, SOAP.
    Invoice,
}

/// One message, ready to be sent, once or again.
#[derive(Clone, Debug)]
pub struct Sample {
    kind: Kind,
    /// The body.
    pub body: Bytes,
    /// Key and amount (in cents) of each transaction in it, for who keeps books of their own.
    pub contents: Vec<(String, i64)>,
    /// The business day they fall on, in Zagreb.
    pub day: String,
}

const ZONE: &str = "Europe/Zagreb";
const BATCH: usize = 5;

impl Sample {
    /// The message of a partner's turn, with ids that no other turn of this run has.
    pub fn new(partner: &str, kind: Kind, turn: u64) -> Self {
        let mut random = rand::rng();
        let now = Timestamp::now();
        let id = format!("{partner}-{}-{turn}", now.as_nanosecond());
        let count = if kind == Kind::Batch { BATCH } else { 1 };
        let contents: Vec<(String, i64)> = (0..count)
            .map(|_| {
                let cents = if random.random_ratio(1, 12) {
                    -random.random_range(100..5_000)
                } else {
                    random.random_range(100..20_000)
                };
                let key = match kind {
                    Kind::Invoice => format!("9876543{:04}", random.random_range(0..6) * 111),
                    Kind::Single | Kind::Batch => format!("{partner}/till-{}", random.random_range(1..9)),
                };
                (key, cents)
            })
            .collect();
        let body = match kind {
            Kind::Invoice => invoice(&id, &contents[0], now),
            Kind::Single => json(&id, &contents[0], now).to_string(),
            Kind::Batch => {
                let items =
                    contents.iter().enumerate().map(|(place, content)| json(&format!("{id}-{place}"), content, now));
                serde_json::Value::Array(items.collect()).to_string()
            }
        };
        let day = now.in_tz(ZONE).map_or_else(|_| String::new(), |now| now.date().to_string());
        Self { kind, body: body.into(), contents, day }
    }

    /// Where it is sent to.
    pub fn path(&self) -> &'static str {
        match self.kind {
            Kind::Invoice => "/invoices",
            Kind::Single | Kind::Batch => "/v1/transactions",
        }
    }

    /// What it is.
    pub fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Invoice => "text/xml; charset=utf-8",
            Kind::Single | Kind::Batch => "application/json",
        }
    }
}

fn json(id: &str, (key, cents): &(String, i64), now: Timestamp) -> serde_json::Value {
    serde_json::json!({ "id": id, "time": now.to_string(), "key": key, "amount": decimal(*cents), "currency": "EUR", "type": "sale" })
}

fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

fn invoice(id: &str, (oib, cents): &(String, i64), now: Timestamp) -> String {
    use sha2::Digest;
    let protection: String =
        sha2::Sha256::digest(id.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let now = now.in_tz(ZONE).map_or_else(|_| String::new(), |now| now.strftime("%d.%m.%YT%H:%M:%S").to_string());
    let message = uuid::Uuid::now_v7();
    let amount = decimal(*cents);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<f:RacunZahtjev xmlns:f="http://www.apis-it.hr/fin/2012/types/f73" Id="racun">
<f:Zaglavlje><f:IdPoruke>{message}</f:IdPoruke><f:DatumVrijeme>{now}</f:DatumVrijeme></f:Zaglavlje>
<f:Racun><f:Oib>{oib}</f:Oib><f:USustPdv>true</f:USustPdv><f:DatVrijeme>{now}</f:DatVrijeme><f:OznSlijed>P</f:OznSlijed>
<f:BrRac><f:BrOznRac>1</f:BrOznRac><f:OznPosPr>POSL1</f:OznPosPr><f:OznNapUr>1</f:OznNapUr></f:BrRac>
<f:IznosUkupno>{amount}</f:IznosUkupno><f:NacinPlac>G</f:NacinPlac><f:OibOper>{oib}</f:OibOper>
<f:ZastKod>{protection}</f:ZastKod><f:NakDost>false</f:NakDost></f:Racun>
</f:RacunZahtjev></soap:Body></soap:Envelope>"#
    )
}
