//! What the policy makes of documents, good and bad.

use tallygate_policy::{Message, Outcome, Policy, Refusal, Transaction};

use crate::Xml;

mod configuration;
mod documentation;
mod samples;

fn configured(config: &str) -> Xml {
    Xml::configure(config).map_err(|fault| format!("{}: {}", fault.pointer, fault.detail)).expect(config)
}

fn outcome(config: &str, document: &str) -> Outcome {
    configured(config).handle(Message::for_test(document).build()).outcome
}

fn accepted(config: &str, document: &str) -> Vec<Transaction> {
    match outcome(config, document) {
        Outcome::Accept(accepted) => accepted.transactions,
        other => panic!("{document} gave {other:?}"),
    }
}

fn refused(config: &str, document: &str) -> (String, String, String) {
    match outcome(config, document) {
        Outcome::Reject(Refusal { code, detail, field, .. }) => (code, field.unwrap_or_default(), detail),
        other => panic!("{document} gave {other:?}"),
    }
}

/// Orders in batches, with a head before and totals behind; what is in another namespace means nothing.
const ORDERS: &str = r#"{"records":"/o:orders/o:batch/o:order","namespaces":{"o":["urn:orders:1","urn:orders:2"]},
    "totals":[{"count":"/o:orders/o:end/o:count","sum":"/o:orders/o:end/o:sum"},{"sum":"../@sum","optional":true}],
    "sign":{"field":"o:total/@kind","negative":["credit"],"positive":["debit"]},
    "filter":[{"field":"@state","in":["done"],"not_in":["open"]}],
    "attributes":{"note":"o:note","first":"/o:orders/o:head/o:from"},
    "fields":{"id":{"join":["/o:orders/o:head/o:id","../o:name","o:no"]},"day":"/o:orders/o:end/o:day",
        "key":"o:ref[@type='shop']/@id","amount":"o:total","currency":{"first":["o:total/@currency","../o:currency",{"const":"EUR"}]}}}"#;

const DOCUMENT: &str = "<?xml version='1.0'?><!-- a comment --><orders xmlns='urn:orders:2' xmlns:x='urn:x'>\
    <head><id> m/1 </id><from>A&amp;B</from></head>\
    <batch sum='5.5'><name>b1</name><order state='done'><no>1</no><ref type='till' id='t'/><ref type='shop' id='s1'/>\
        <total kind='debit'>7.50</total><x:total>9</x:total><other><no>x</no></other></order>\
        <order state='done'><no>2</no><ref type='shop' id='s1'/><total kind='credit' currency='USD'>2</total><note/></order></batch>\
    <batch><order state='open'><no>3</no><ref type='shop' id='s2'/><total kind='debit'>1</total></order>\
        <order state='done'><no>3</no><ref type='shop' id='s2'/><total kind='debit'>1.00<!-- --></total></order><name>b2</name><currency>CHF</currency></batch>\
    <end><day>2026-11-22+01:00</day><count>4</count><sum>7.50</sum></end></orders>";

#[test]
fn records_are_taken_with_what_stands_around_them() {
    let all = accepted(ORDERS, DOCUMENT);
    let told: Vec<_> = all.iter().map(|one| (&*one.id, &*one.key, &*one.amount, &*one.currency)).collect();
    assert_eq!(
        told,
        [("m\\/1/b1/1", "s1", "7.50", "EUR"), ("m\\/1/b1/2", "s1", "-2", "USD"), ("m\\/1/b2/3", "s2", "1.00", "CHF"),]
    );
    assert!(all.iter().all(|one| one.day.as_deref() == Some("2026-11-22") && one.time == "2026-11-22T00:00:00+01:00"));
    assert_eq!(all[1].attributes, [("first".into(), "A&B".into())]);
    let other_prefixes = DOCUMENT.replace("xmlns='urn:orders:2'", "xmlns='urn:orders:1'");
    assert_eq!(accepted(ORDERS, &other_prefixes).len(), 3);
}

#[test]
fn what_is_wrong_is_told_by_its_path() {
    let second = "orders/batch/order[2]";
    for (from, to, code, field, detail) in [
        ("<no>2</no>", "", "field-missing", "orders/batch/order[2]/no", "it is missing"),
        ("<id> m/1 </id>", "<id> </id>", "field-missing", "orders/head/id", "it is missing"),
        (
            "<total kind='credit' currency='USD'>2<",
            "<total kind='credit' currency='USD'>2,5<",
            "wrong-amount",
            "orders/batch/order[2]/total",
            "it is no amount such as 1234.50",
        ),
        (
            "<total kind='credit' currency='USD'>2<",
            "<total kind='credit' currency='USD'>-2<",
            "wrong-amount",
            "orders/batch/order[2]/total",
            "it has a sign, and another field says it; without one it would be right",
        ),
        (
            "'USD'",
            "'USX'",
            "wrong-currency",
            "orders/batch/order[2]/total/@currency",
            "`USX` is no currency of ISO 4217, such as EUR",
        ),
        ("'credit'", "'dedit'", "wrong-sign", "orders/batch/order[2]/total/@kind", "it would be `credit` or `debit`"),
        ("<currency>CHF", "<currency>JPY", "", "", ""),
        (
            "<currency>CHF</currency>",
            "<currency>JPY</currency><currency>JPY</currency>",
            "field-twice",
            "orders/batch[2]/currency",
            "stands twice",
        ),
        ("1.00<!-- -->", "1.50", "wrong-total", "orders/end/sum", "it says 7.50, and the amounts in it add up to 8.00"),
        (
            "sum='5.5'",
            "sum='5.4'",
            "wrong-total",
            "orders/batch/@sum",
            "it says 5.40, and the amounts in it add up to 5.50",
        ),
        ("<count>4", "<count>3", "wrong-total", "orders/end/count", "it says 3, and there are 4"),
        ("<count>4", "<count>4.0", "wrong-field", "orders/end/count", "it would be a whole number"),
        ("<count>4</count>", "", "field-missing", "orders/end/count", "it is missing"),
        ("'open'", "'opened'", "wrong-field", "orders/batch[2]/order[1]/@state", "it would be `done` or `open`"),
        ("2026-11-22+", "2026-11-31+", "wrong-date", "orders/end/day", "it is a day that the calendar does not have"),
        (
            "<ref type='till' id='t'/>",
            "<ref type='shop' id='t'/>",
            "field-twice",
            "orders/batch/order[1]/ref[@type='shop']",
            "stands twice",
        ),
    ] {
        let document = DOCUMENT.replacen(from, to, 1);
        if code.is_empty() {
            assert_eq!(accepted(ORDERS, &document)[2].currency, "JPY");
            continue;
        }
        let (told, at, why) = refused(ORDERS, &document);
        let prefixed: Vec<String> = field
            .split('/')
            .map(|step| if step.starts_with('@') { step.into() } else { format!("o:{step}") })
            .collect();
        let field = prefixed.join("/");
        let between = if code == "field-twice" { " " } else { ": " };
        assert_eq!((&*told, &*at, why), (code, &*field, format!("`{field}`{between}{detail}")), "{to}");
    }
    let _ = second;
}

#[test]
fn documents_that_are_not_taken_are_refused_by_name() {
    let total = "o:orders/o:batch/o:order[1]/o:total";
    for (from, to, code, field) in [
        ("7.50</total>", "7<!-- -->.50</total>", "xml-not-taken", total),
        ("7.50</total>", "7<?x?>.50</total>", "xml-not-taken", total),
        ("7.50</total>", "<b>7.50</b></total>", "xml-not-taken", total),
        ("7.50</total>", "&amount;</total>", "xml-not-well-formed", total),
        ("7.50</total>", "7.50</totl>", "xml-not-well-formed", total),
        ("</order>", "text</order>", "xml-not-taken", "o:orders/o:batch/o:order[1]"),
        ("<?xml version='1.0'?>", "<?xml version='1.0'?><!DOCTYPE orders>", "xml-not-taken", ""),
        ("<?xml version='1.0'?>", "<?xml version='1.0' encoding='KOI8-R'?>", "xml-not-taken", ""),
        ("urn:orders:2", "urn:orders:3", "wrong-root", "orders"),
        ("</orders>", "</orders>x", "xml-not-well-formed", ""),
    ] {
        let (told, at, detail) = refused(ORDERS, &DOCUMENT.replacen(from, to, 1));
        assert_eq!((&*told, &*at), (code, field), "{to}: {detail}");
    }
    let (_, _, detail) = refused(ORDERS, &DOCUMENT.replace("urn:orders:2", "urn:orders:3"));
    assert_eq!(
        detail,
        "the root element is `orders` in the namespace urn:orders:3, and `o:orders` in the namespace urn:orders:1 or urn:orders:2 would be right"
    );
    let (code, field, _) = refused(ORDERS, &DOCUMENT.replace("order>", "ordre>").replace("<order ", "<ordre "));
    assert_eq!((&*code, &*field), ("field-missing", "o:orders/o:batch/o:order"));
}

#[test]
fn a_root_element_may_be_the_record() {
    let config = r#"{"records":"/sale","fields":{"id":"@id","time":"@at","key":{"const":"till"},"amount":".","currency":{"const":"EUR"}}}"#;
    let one = accepted(config, "<sale id='7' at='2026-11-22T10:00:00Z'> 12.50 </sale>").remove(0);
    assert_eq!((&*one.id, &*one.amount, &*one.time, one.day), ("7", "12.50", "2026-11-22T10:00:00Z", None));
    assert_eq!(refused(config, "<sale id='7' at='2026-11-22T10:00:00'>1</sale>").1, "sale/@at");
    assert_eq!(refused(config, "<sale id='7' at='2026-11-22T10:00:00Z'>x</sale>").1, "sale");
    assert_eq!(refused(config, "<sale at='2026-11-22T10:00:00Z'>1</sale>").1, "sale/@id");
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><sale id='\xe4' at='2026-11-22T10:00:00Z'>1</sale>";
    let Outcome::Accept(accepted) = configured(config).handle(Message::for_test(latin).build()).outcome else {
        panic!("not accepted")
    };
    assert_eq!(accepted.transactions[0].id, "ä");
}

#[test]
fn equal_ids_are_numbered_where_asked() {
    let config = ORDERS.replacen('{', r#"{"number_ids":true,"#, 1).replace(",\"o:no\"", "");
    let ids: Vec<String> = accepted(&config, DOCUMENT).into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["m\\/1/b1/1", "m\\/1/b1/2", "m\\/1/b2/1"]);
}

#[test]
fn a_message_of_ten_thousand_records_is_one_batch() {
    let order = "<order state='done'><no>1</no><ref type='shop' id='s1'/><total kind='debit'>0.01</total></order>";
    let many = order.repeat(10_000);
    let document = format!(
        "<orders xmlns='urn:orders:1'><head><id>m</id></head><batch><name>b</name>{many}</batch>\
        <end><day>2026-11-22</day><count>10000</count><sum>100.00</sum></end></orders>"
    );
    let config = ORDERS.replacen('{', r#"{"number_ids":true,"#, 1);
    let all = accepted(&config, &document);
    assert_eq!((all.len(), &*all[9_999].id), (10_000, "m/b/1/10000"));
    assert_eq!(refused(&config, &document.replace("100.00", "100.01")).1, "o:orders/o:end/o:sum");
}

#[test]
fn what_the_gateway_refuses_is_named_where_it_stands() {
    for (field, name) in [
        ("transactions/0/day", "o:orders/o:end/o:day"),
        ("transactions/2/key", "o:orders/o:batch[2]/o:order[2]/o:ref[@type='shop']/@id"),
        ("transactions/1", "o:orders/o:batch/o:order[2]"),
    ] {
        let refusal = Refusal::new(422, "transaction-not-valid", "x").at(field);
        let reply = configured(ORDERS).fault(Message::for_test(DOCUMENT).build(), refusal).expect(field);
        let body = String::from_utf8(reply.body).expect("UTF-8");
        assert!(body.contains(&format!("\"field\":\"{name}\"")), "{body}");
    }
}

#[test]
fn an_element_may_be_meant_by_what_stands_in_it() {
    let config = r#"{"records":"/i","fields":{"id":"no","day":{"const":"2026-11-22"},"amount":"total","currency":{"const":"EUR"},
        "key":{"first":["party/scheme[kind/id='VAT']/number","party/address"]}},"attributes":{"note":"party/scheme[kind/id='VAT']/note"}}"#;
    let vat = "<scheme><number>DE1</number><note>x</note><kind><id> VAT </id></kind></scheme>";
    let other = "<scheme><kind><id>FC</id></kind><number>12/3</number><number/><note>y</note></scheme>"
        .replace("<number/>", "");
    let document =
        |schemes: &str| format!("<i><no>1</no><total>1</total><party>{schemes}<address>a@b</address></party></i>");
    for (schemes, key) in [
        (vat.to_owned(), "DE1"),
        (other.clone(), "a@b"),
        (format!("{vat}{other}{other}"), "DE1"),
        (format!("{other}{vat}{other}"), "DE1"),
        (format!("{other}<scheme/>{vat}"), "DE1"),
        (String::new(), "a@b"),
    ] {
        let one = accepted(config, &document(&schemes)).remove(0);
        let note = one.attributes.first().map(|(_, note)| &**note);
        assert_eq!((&*one.key, note), (key, (key == "DE1").then_some("x")), "{schemes}");
    }
    let twice = "i/party/scheme[kind/id='VAT']";
    assert_eq!(refused(config, &document(&format!("{vat}{other}{vat}"))).1, twice);
    assert_eq!(refused(config, &document(&vat.replace("<note>", "<number/><note>"))).1, format!("{twice}/number"));
}
