//! What the policy makes of bodies, good and bad.

use tallygate_policy::{Continuation, Message, Outcome, Policy, Refusal, Transaction};

use crate::Json;

mod documentation;

fn outcome(config: &str, body: &str) -> Outcome {
    Json::configure(config).expect("a configuration").handle(Message::for_test(body).build()).outcome
}

fn accepted(config: &str, body: &str) -> Vec<Transaction> {
    match outcome(config, body) {
        Outcome::Accept(accepted) => {
            let Continuation::Reply(reply) = accepted.then else { panic!("{body} goes on") };
            assert_eq!(reply.status, 202);
            assert_eq!(reply.headers[0].value, b"application/json");
            let count = accepted.transactions.len();
            assert_eq!(String::from_utf8_lossy(&reply.body), format!("{{\"accepted\":{count}}}"));
            accepted.transactions
        }
        other => panic!("{body} gave {other:?}"),
    }
}

fn refused(body: &str) -> Refusal {
    match outcome("{}", body) {
        Outcome::Reject(refusal) => refusal,
        other => panic!("{body} gave {other:?}"),
    }
}

const ONE: &str = r#"{"id":"a","time":"2026-11-22T19:20:54+01:00","key":"HR1","amount":12.50,"currency":"EUR"}"#;

#[test]
fn one_object_is_one_transaction() {
    let all = accepted("", ONE);
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&*one.id, &*one.key, &*one.amount, &*one.currency), ("a", "HR1", "12.50", "EUR"));
    assert_eq!((&*one.time, &one.day, &*one.kind), ("2026-11-22T19:20:54+01:00", &None, "transaction"));
}

#[test]
fn arrays_and_lines_hold_several() {
    for body in [
        format!("[{ONE},{ONE}]"),
        format!(" [ {ONE}\n, {ONE} ]\n"),
        format!("{ONE}\n{ONE}\n"),
        format!("{ONE}\r\n\r\n{ONE}"),
    ] {
        assert_eq!(accepted("{}", &body).len(), 2, "{body}");
    }
}

#[test]
fn the_amount_is_the_number_s_own_text() {
    for amount in ["0.1", "-0", "1.10", "100000000000000000.000000001", "\"12.50\"", "\"0012\""] {
        let body = ONE.replace("12.50", amount);
        assert_eq!(accepted("{}", &body)[0].amount, amount.trim_matches('"'));
    }
}

#[test]
fn an_amount_that_is_no_plain_decimal_names_its_field() {
    for amount in ["1e2", "\"+1\"", "\"1,5\"", "true", "null", "[1]", "0.1234567890", "1234567890123456789"] {
        let refusal = refused(&format!("[{ONE},{}]", ONE.replace("12.50", amount)));
        assert_eq!((refusal.status, refusal.field.as_deref()), (422, Some("/1/amount")), "{amount}");
    }
}

#[test]
fn optional_fields_travel_along() {
    let body = ONE.replace("\"id\"", r#""day":"2026-11-23","type":"sale","attributes":{"till":"7","naïve\n":"\u010d\ud83d\ude00"},"more":[{"x":null}],"id""#);
    let one = accepted("{}", &body).remove(0);
    assert_eq!((one.day.as_deref(), &*one.kind), (Some("2026-11-23"), "sale"));
    assert_eq!(one.attributes, [("till".into(), "7".into()), ("naïve\n".into(), "č😀".into())]);
}

#[test]
fn a_missing_or_wrong_field_is_named() {
    let cases = [
        ("{}", "/id"),
        (&*ONE.replace("\"key\"", "\"kye\""), "/key"),
        (&*ONE.replace("\"a\"", "7.5"), "/id"),
        (&*ONE.replace("\"EUR\"", "null"), "/currency"),
        (&*ONE.replace("\"id\"", r#""attributes":{"till":7},"id""#), "/attributes/till"),
        (&*ONE.replace("\"id\"", r#""attributes":["till"],"id""#), "/attributes"),
    ];
    for (body, field) in cases {
        assert_eq!(refused(body).field.as_deref(), Some(field), "{body}");
    }
}

#[test]
fn a_name_that_stands_twice_in_an_object_is_refused() {
    let many: String = (0..40).map(|n| format!("\"n{n}\":{n},")).collect();
    for (body, field) in [
        (ONE.replace("\"id\"", r#""amount":1,"id""#), "/amount"),
        (ONE.replace("\"id\"", r#""am\u006funt":1,"id""#), "/amount"),
        (ONE.replace("\"id\"", r#""other":1,"other":1,"id""#), "/other"),
        (ONE.replace("\"id\"", r#""attributes":{"a/b":"1","a/b":"1"},"id""#), "/attributes/a~1b"),
        (ONE.replace("\"id\"", &format!("{many}\"n7\":0,\"id\"")), "/n7"),
    ] {
        let refusal = refused(&body);
        assert_eq!((&*refusal.code, refusal.field.as_deref()), ("name-twice", Some(field)), "{body}");
    }
}

#[test]
fn what_is_no_json_is_refused_saying_where() {
    assert_eq!(refused("[\n  {\"id\":}]").detail, "a value was expected at line 2, column 9");
    let nested = format!("{{\"x\":{}", "[".repeat(100));
    for body in [
        "",
        " ",
        "nonsense",
        "1",
        "\"a\"",
        "[",
        "{",
        "{\"id\"",
        "{\"id\":",
        "{\"id\":\"a\"",
        "{\"id\":\"a\",}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "[1]",
        "{\"x\":01}",
        "{\"x\":1.}",
        "{\"x\":.5}",
        "{\"x\":-}",
        "{\"x\":1e}",
        "{\"x\":+1}",
        "{\"x\":nul}",
        "{\"x\":\"\u{1}\"}",
        "{\"x\":\"\\x\"}",
        "{\"x\":\"\\u12\"}",
        "{\"x\":\"\\ud800\"}",
        "{\"x\":\"\\ud800\\u0041\"}",
        "{\"x\":\"\\udc00\"}",
        "{\"x\":[1,]}",
        "{\"x\":[1 2]}",
        "{\"x\":{\"y\"}}",
        "{\"x\":\"",
        "{\"x\":\"\\",
        &nested,
        "\u{feff}{}",
    ] {
        assert_eq!(refused(body).status, 400, "{body}");
    }
    assert_eq!(refused(&format!("{ONE}x")).status, 400);
    assert_eq!(refused(&format!("[{ONE}]x")).status, 400);
}

#[test]
fn an_empty_array_is_refused() {
    assert_eq!((refused("[]").status, &*refused("[ ]").code), (422, "no-transactions"));
}

#[test]
fn a_body_that_is_something_else_is_told_what_it_is() {
    let policy = Json::configure("{}").expect("a configuration");
    let wide: Vec<u8> = ONE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{ONE}").into_bytes();
    let cases = [(&marked[..], "byte order mark"), (&wide, "UTF-16"), (b"\x1f\x8b\x08\0", "gzip")];
    for (body, told) in cases {
        let Outcome::Reject(refusal) = policy.handle(Message::for_test(body).build()).outcome else {
            panic!("not refused")
        };
        assert_eq!((refusal.status, &*refusal.code), (400, "not-json"));
        assert!(refusal.detail.contains(told), "{}", refusal.detail);
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_refused() {
    let policy = Json::configure("{}").expect("a configuration");
    let message = Message::for_test(b"{\"id\":\"\xff\"}").build();
    let Outcome::Reject(refusal) = policy.handle(message).outcome else { panic!("not refused") };
    assert_eq!(refusal.detail, "byte 8 is not UTF-8, which JSON is in");
}

#[test]
fn fields_are_found_where_the_configuration_says() {
    let config = r#"{"fields":{"amount":"/payment/total","currency":"/payment/currency","id":"/ids/1","key":"/a~1b"}}"#;
    let body = r#"{"ids":["x","y"],"a/b":"K","time":"t","amount":[],"payment":{"total":7,"currency":"EUR","note":{}}}"#;
    let one = accepted(config, body).remove(0);
    assert_eq!((&*one.id, &*one.key, &*one.amount, &*one.currency), ("y", "K", "7", "EUR"));
    let Outcome::Reject(missing) = outcome(config, &body.replace("total", "totl")) else { panic!("not refused") };
    assert_eq!(missing.field.as_deref(), Some("/payment/total"));
    let Outcome::Reject(twice) = outcome(config, &body.replace("\"note\":{}", "\"total\":8")) else {
        panic!("not refused")
    };
    assert_eq!(twice.field.as_deref(), Some("/payment/total"));
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused_by_name() {
    let fault = |config: &str| match Json::configure(config) {
        Ok(_) => panic!("{config} was taken"),
        Err(fault) => fault.pointer,
    };
    assert_eq!(fault(r#"{"feilds":{}}"#), "/feilds");
    assert_eq!(fault(r#"{"fields":{"amuont":"/a"}}"#), "/fields/amuont");
    assert_eq!(fault(r#"{"fields":{"amount":7}}"#), "/fields/amount");
    assert_eq!(fault(r#"{"fields":{"amount":"payment"}}"#), "/fields/amount");
    assert_eq!(fault(r#"{"fields":{"amount":"/a~2"}}"#), "/fields/amount");
    assert_eq!(fault(r#"{"fields":{"amount":"/id"}}"#), "/fields/amount");
    assert_eq!(fault(r#"{"fields":{"amount":"/id/x"}}"#), "/fields/amount");
    assert_eq!(fault(r#"{"fields":{"id":"/key/x"}}"#), "/fields/key");
}

#[test]
fn what_the_gateway_refuses_is_named_where_it_stands_in_the_body() {
    let told = |config: &str, body: &str, place: &str| {
        let refusal = Refusal::new(422, "transaction-not-valid", "must be another").at(place);
        let reply = Json::configure(config).unwrap().fault(Message::for_test(body).build(), refusal)?;
        let body = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 422);
        Some(body.split("\"field\":\"").nth(1)?.split('"').next()?.to_owned())
    };
    let one = r#"{"id":"1","time":"2026-11-22T19:20:54+01:00","key":"k","amount":"1","currency":"EUR"}"#;
    let with_day = one.replace("{", r#"{"day":"2026-11-22","#);
    let cases = [
        (one.to_owned(), "transactions/0/amount", "/amount"),
        (format!(" [{one}]"), "transactions/0/amount", "/0/amount"),
        (format!("{one}\n{one}"), "transactions/1/id", "/1/id"),
        (format!("[{one},{one}]"), "transactions/1", "/1"),
        (format!("[{one},{with_day}]"), "transactions/0/day", "/0/time"),
        (format!("[{one},{with_day}]"), "transactions/1/day", "/1/day"),
        (one.to_owned(), "transactions/0/attributes/a/b", "/attributes/a~1b"),
    ];
    for (body, place, pointer) in cases {
        assert_eq!(told("{}", &body, place).as_deref(), Some(pointer), "{place} of {body}");
    }
    let elsewhere = r#"{"fields":{"amount":"/payment/total"}}"#;
    let three = [&*one.replace("\"amount\":\"1\"", "\"payment\":{\"total\":1}"); 3].join(",");
    let told_elsewhere = told(elsewhere, &format!("[{three}]"), "transactions/2/amount");
    assert_eq!(told_elsewhere.as_deref(), Some("/2/payment/total"));
    for other in ["x-api-key", "transactions", "transactions/x/id", "transactions/0/other"] {
        assert_eq!(told("{}", one, other), None, "{other}");
    }
}

/// Batches with what holds for all of their payments, before them and behind.
const BATCHES: &str = r#"{"records":"/batches/*/payments/*","decimal":",","thousands":".","minor_units":{},"zone":"Europe/Berlin",
    "totals":[{"count":"../../../../count"},{"sum":"../../total"}],"sign":{"field":"/kind","negative":["out"],"positive":["in"]},
    "filter":[{"field":"/booked","in":["true"],"not_in":["false"]}],"attributes":{"run":"../../../../run"},
    "fields":{"id":{"join":["../../../../run","../../name","/no"]},"key":"../../account","amount":"/sum","currency":"../../currency"}}"#;
const DOCUMENT: &str = r#"{"batches":[{"name":"a","payments":[
    {"no":1,"sum":"1.234,50","kind":"in","booked":true,"time":"2026-11-22T23:30:00Z"},
    {"no":2,"sum":2.5,"kind":"out","booked":true,"time":"2026-11-22T10:00:00","day":"2026-11-21","attributes":{"x":"y"}}],
    "currency":"EUR","account":"A1","total":1232.00},
    {"name":"b","total":"7","payments":[{"no":"3","sum":7,"kind":"in","booked":false,"time":"2026-11-22"}],"account":"A2","currency":"CHF"}],
    "count":3,"run":"r-1"}"#;

#[test]
fn records_may_be_anywhere_with_what_stands_around_them() {
    let Outcome::Accept(accepted) = outcome(BATCHES, DOCUMENT) else { panic!("{:?}", outcome(BATCHES, DOCUMENT)) };
    let [one, two] = accepted.transactions.as_slice() else { panic!("{accepted:?}") };
    assert_eq!((&*one.id, &*one.key, &*one.amount, &*one.currency), ("r-1/a/1", "A1", "1234.50", "EUR"));
    assert_eq!((&*one.time, one.day.as_deref()), ("2026-11-22T23:30:00Z", Some("2026-11-23")));
    assert_eq!((&*two.id, &*two.amount, two.day.as_deref()), ("r-1/a/2", "-2.5", Some("2026-11-21")));
    assert_eq!(two.attributes, [("x".into(), "y".into()), ("run".into(), "r-1".into())]);
    assert_eq!(two.time, "2026-11-22T10:00:00+01:00");
}

#[test]
fn what_is_wrong_in_a_document_is_told_by_its_pointer() {
    for (from, to, code, field) in [
        ("\"total\":1232.00", "\"total\":1232.01", "wrong-total", "/batches/0/total"),
        ("\"count\":3", "\"count\":2", "wrong-total", "/count"),
        ("\"count\":3", "\"count\":null", "wrong-field", "/count"),
        ("\"run\":\"r-1\"", "\"run\":\"\"", "wrong-field", "/run"),
        ("\"sum\":2.5", "\"sum\":2.505", "wrong-field", "/batches/0/payments/1/sum"),
        ("\"sum\":2.5", "\"sum\":\"2.5\"", "wrong-field", "/batches/0/payments/1/sum"),
        ("\"sum\":2.5", "\"sum\":2e1", "wrong-field", "/batches/0/payments/1/sum"),
        ("\"sum\":2.5", "\"sum\":true", "wrong-field", "/batches/0/payments/1/sum"),
        ("\"no\":2", "\"no\":2.0", "wrong-field", "/batches/0/payments/1/no"),
        ("\"out\"", "\"ou\"", "wrong-field", "/batches/0/payments/1/kind"),
        ("\"booked\":false", "\"booked\":0", "wrong-field", "/batches/1/payments/0/booked"),
        ("\"CHF\"", "\"CHE1\"", "", ""),
        ("T10:00:00", "T25:00:00", "wrong-field", "/batches/0/payments/1/time"),
        ("\"payments\":[{\"no\":\"3\"", "\"payments\":7,\"x\":[{\"no\":\"3\"", "wrong-field", "/batches/1/payments"),
        ("\"name\":\"b\"", "\"name\":\"b\",\"name\":\"b\"", "name-twice", "/batches/1/name"),
        ("\"no\":2", "\"no\":", "not-json", "/batches/0/payments/1/no"),
        ("\"r-1\"}", "\"r-1\"}]", "not-json", ""),
    ] {
        let document = DOCUMENT.replacen(from, to, 1);
        match outcome(BATCHES, &document) {
            Outcome::Reject(refusal) => {
                assert_eq!(
                    (&*refusal.code, refusal.field.as_deref().unwrap_or_default()),
                    (code, field),
                    "{to}: {}",
                    refusal.detail
                );
            }
            // What does not count may say what it likes.
            other => assert!(code.is_empty(), "{to} gave {other:?}"),
        }
    }
    let Outcome::Reject(refusal) = outcome(BATCHES, r#"{"batches":[],"count":0,"run":"r"}"#) else {
        panic!("not refused")
    };
    assert_eq!((&*refusal.code, refusal.field.as_deref()), ("no-records", Some("/batches/*/payments/*")));
}

#[test]
fn places_of_a_description_that_cannot_be_are_refused_by_name() {
    for (config, at, told) in [
        (
            r#"{"records":"payments"}"#,
            "/records",
            "`payments` is no JSON Pointer to the records, such as `/payments/*`",
        ),
        (
            r#"{"records":"/payments/*","fields":{"id":"../../../id"}}"#,
            "/fields/id",
            "`../../../id` leads out of the document",
        ),
        (r#"{"fields":{"id":"../id"}}"#, "/fields/id", "`../id` leads out of the document"),
        (r#"{"fields":{"id":{"first":[]}}}"#, "/fields/id/first", "it is empty"),
        (r#"{"records":"/a/*","totals":[{"sum":"/amount"}]}"#, "/totals/0/sum", "it stands within a record"),
        (r#"{"records":"/a/*","fields":{"key":".."}}"#, "/fields/key", "`..` is no JSON Pointer"),
        (
            r#"{"fields":{"id":"/attributes"}}"#,
            "/fields/attributes",
            "`/attributes` leads to what another path leads to",
        ),
    ] {
        let Err(fault) = Json::configure(config) else { panic!("{config} was taken") };
        assert!(fault.pointer == at && fault.detail.starts_with(told), "{config}: {}: {}", fault.pointer, fault.detail);
    }
}
