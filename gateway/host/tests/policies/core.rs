//! A guest that is called as its core module alone does what its component does.

use bytes::Bytes;
use tallygate_host::{Header, Keys, Message, Policy, PolicySpec, Refusal, Response};

use crate::support::{component, engine, message, spec};

/// The same policy, as the core module alone and as a component: without the mark it says nothing of the first.
fn both(name: &str, config: &str, keys: &Keys) -> [Policy; 2] {
    const MARK: &[u8] = b"tallygate:guest";
    let marked = component(name);
    let at = marked.windows(MARK.len()).position(|window| window == MARK).expect("a mark");
    let mut unmarked = marked.clone();
    unmarked[at] = b'T';
    [(marked, true), (unmarked, false)].map(|(component, core)| {
        let spec = PolicySpec { component, keys: keys.clone(), ..spec(name, config) };
        let policy = Policy::activate(engine(), spec).unwrap();
        assert!(format!("{policy:?}").contains(&format!("core: {core}")), "{policy:?}");
        policy
    })
}

fn invoice(oib: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
        <f:RacunZahtjev xmlns:f="http://www.apis-it.hr/fin/2012/types/f73" Id="racun">
        <f:Zaglavlje><f:IdPoruke>f81d4fae-7dec-71d0-a765-00a0c91e6bf6</f:IdPoruke></f:Zaglavlje>
        <f:Racun><f:Oib>{oib}</f:Oib><f:DatVrijeme>22.11.2026T19:20:54</f:DatVrijeme>
        <f:BrRac><f:BrOznRac>1</f:BrOznRac><f:OznPosPr>A</f:OznPosPr><f:OznNapUr>1</f:OznNapUr></f:BrRac>
        <f:IznosUkupno>12.50</f:IznosUkupno><f:NacinPlac>G</f:NacinPlac>
        <f:ZastKod>0123456789abcdef0123456789abcdef</f:ZastKod></f:Racun></f:RacunZahtjev></s:Body></s:Envelope>"#
    )
}

/// What a policy does with a message, with a refusal of it, and with an upstream's response.
async fn all(policy: &Policy, message: &Message) -> [String; 3] {
    let refusals = [Some("transactions/0/day".to_owned()), None].map(|field| {
        let retry_after = field.is_none().then_some(u32::MAX - 1);
        Refusal { status: 503, code: "x".into(), detail: "čekaj".into(), field, retry_after }
    });
    let headers = vec![Header { name: "x-a".into(), value: vec![0xff, 1] }, Header { name: "b".into(), value: vec![] }];
    let response = Response { status: 404, headers, body: Bytes::from_static(b"nothing here") };
    let mut faults = String::new();
    for refusal in &refusals {
        faults += &format!("{:?} ", policy.fault(message, b"left", refusal).await);
    }
    [
        format!("{:?}", policy.handle(message, b"left before", None).await),
        faults,
        format!("{:?}", policy.respond(message, b"", &response, None).await),
    ]
}

async fn the_same(name: &str, config: &str, messages: &[Message]) {
    let [alone, component] = both(name, config, &Keys::throw_away().unwrap());
    for message in messages {
        let (one, other) = (all(&alone, message).await, all(&component, message).await);
        assert_eq!(one, other, "{name} {config} {message:?}");
    }
}

/// Messages with and without each part that may be missing, of lengths around those that alignment counts with.
fn messages(bodies: &[&str]) -> Vec<Message> {
    let mut messages = Vec::new();
    for body in bodies {
        let whole = message(body);
        messages.push(Message { partner: None, headers: Vec::new(), id: String::new(), ..whole.clone() });
        messages.push(Message {
            target: "/č?x".into(),
            received_millis: u64::MAX,
            route: "abc".into(),
            ..whole.clone()
        });
        messages.push(whole);
    }
    messages
}

#[tokio::test]
async fn a_guest_does_alone_what_its_component_does() {
    let transaction = |id: &str| {
        format!(
            r#"{{"id":"{id}","time":"2026-11-22T19:20:54+01:00","key":"HR1","amount":-12.50,"currency":"EUR","attributes":{{"a":"č","b":""}}}}"#
        )
    };
    let batch = (0..50).map(|id| transaction(&id.to_string())).collect::<Vec<_>>().join("\n");
    the_same("json", "{}", &messages(&[&transaction("1"), &batch, "", "{", "[]", "nonsense"])).await;
    the_same("hello", "", &messages(&["", "x"])).await;
    let invoices = [invoice("98765432198"), invoice("1"), "<a/>".into()];
    let invoices = invoices.each_ref().map(String::as_str);
    the_same("hr-racun", r#"{"sign_replies":false}"#, &messages(&invoices)).await;
}

#[tokio::test]
async fn a_guest_that_misbehaves_alone_fails_as_its_component_does() {
    let bodies = messages(&["", "a body"]);
    for how in ["show", "refuse", "status", "header", "nothing", "context", "remember", "extra", "trap", "hmac", "log"]
    {
        let config = format!(r#"{{"handle":"{how}","fault":"context","respond":"show","headers":["*"]}}"#);
        let [alone, component] = both("hostile", &config, &Keys::throw_away().unwrap());
        for message in &bodies {
            let (one, other) = (all(&alone, message).await, all(&component, message).await);
            assert_eq!(one, other, "{how} {message:?}");
        }
    }
}

#[tokio::test]
async fn what_takes_long_is_called_alone_too() {
    let body = format!(
        "[{}]",
        vec![r#"{"id":"a","time":"2026-11-22T19:20:54+01:00","key":"HR1","amount":12.50,"currency":"EUR"}"#; 4000]
            .join(",")
    );
    assert!(body.len() > tallygate_host::limits::BODY_AT_ONCE);
    the_same("json", "{}", &[message(&body)]).await;
    // It asks the host for a JIR on the way.
    let note = format!("<f:Napomena>{}</f:Napomena></f:Racun>", "x".repeat(tallygate_host::limits::BODY_AT_ONCE));
    let invoice = invoice("98765432198").replace("</f:Racun>", &note);
    the_same("hr-racun", r#"{"sign_replies":false}"#, &[message(&invoice)]).await;
    the_same("hostile", r#"{"handle":"hmac-loop"}"#, &[message("")]).await;
}
