//! Requests as they are read, and replies as they are written. Real signatures are tested with the host.

use tallygate_policy::{Accepted, Continuation, Decision, Message, Outcome, Policy, Refusal, Transaction, testing};

use crate::request::{self, Envelope, Request};
use crate::{HrRacun, reply};

const UUID: &str = "137e768c-eefa-43d1-aae1-56c22804029f";

/// An invoice with other prefixes than usual, as the tests change it.
fn invoice(element: &str, racun: &str) -> String {
    format!(
        "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Header/><S:Body>\n\
         <f:{element} xmlns:f='http://www.apis-it.hr/fin/2012/types/f73' Id='x'>\
         <f:Zaglavlje><f:IdPoruke>{UUID}</f:IdPoruke><f:DatumVrijeme>22.11.2026T19:20:54</f:DatumVrijeme></f:Zaglavlje>\
         <f:Racun>{racun}</f:Racun>\
         <Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo/></Signature>\
         </f:{element}></S:Body></S:Envelope>"
    )
}

const RACUN: &str = "<f:Oib>98765432198</f:Oib><f:USustPdv>true</f:USustPdv><f:DatVrijeme>22.11.2026T23:59:59</f:DatVrijeme>\
    <f:OznSlijed>P</f:OznSlijed><f:BrRac><f:BrOznRac>7</f:BrOznRac><f:OznPosPr>POSL1</f:OznPosPr><f:OznNapUr>12</f:OznNapUr></f:BrRac>\
    <f:Pdv><f:Porez><f:Stopa>25.00</f:Stopa><f:Osnovica>100.00</f:Osnovica><f:Iznos>25.00</f:Iznos></f:Porez></f:Pdv>\
    <f:IznosUkupno>-125.50</f:IznosUkupno><f:NacinPlac>G</f:NacinPlac><f:OibOper>12345678901</f:OibOper>\
    <f:ZastKod>0123456789abcdef0123456789abcdef</f:ZastKod><f:NakDost>false</f:NakDost>";

fn read(document: &str) -> Result<Transaction, Refusal> {
    match request::read(document.as_bytes())? {
        Request::Invoice(invoice) => invoice.transaction(),
        Request::Echo(text) => panic!("an echo of {text}"),
    }
}

fn refused(document: &str) -> Refusal {
    match read(document) {
        Ok(transaction) => panic!("{document} was read as {transaction:?}"),
        Err(refusal) => refusal,
    }
}

#[test]
fn an_invoice_becomes_one_transaction() {
    let transaction = read(&invoice("RacunZahtjev", RACUN)).expect("an invoice");
    assert_eq!(
        transaction,
        Transaction {
            id: "0123456789abcdef0123456789abcdef".into(),
            time: "2026-11-22T23:59:59+01:00".into(),
            day: Some("2026-11-22".into()),
            key: "98765432198".into(),
            amount: "-125.50".into(),
            currency: "EUR".into(),
            kind: "hr.racun".into(),
            attributes: vec![
                ("IdPoruke".into(), UUID.into()),
                ("BrRac".into(), "7/POSL1/12".into()),
                ("NacinPlac".into(), "G".into())
            ],
        }
    );
    assert_eq!(read(&invoice("RacunPDZahtjev", RACUN)).expect("an invoice").kind, "hr.racun.pd");
}

#[test]
fn before_2023_the_currency_is_the_kuna() {
    let of = |year: &str| {
        read(&invoice("RacunZahtjev", &RACUN.replace("22.11.2026", &format!("31.12.{year}")))).expect("an invoice")
    };
    assert_eq!((of("2022").currency, of("2022").day.as_deref()), ("HRK".into(), Some("2022-12-31")));
    assert_eq!(of("2023").currency, "EUR");
}

#[test]
fn a_plus_before_the_amount_is_left_out() {
    let with_plus = RACUN.replace("-125.50", "+125.50");
    assert_eq!(read(&invoice("RacunZahtjev", &with_plus)).expect("an invoice").amount, "125.50");
}

#[test]
fn a_field_that_is_missing_twice_or_wrong_is_named() {
    for (from, to, field) in [
        ("<f:Oib>98765432198</f:Oib>", "", "Racun/Oib"),
        ("<f:Oib>98765432198</f:Oib>", "<f:Oib>98765432198</f:Oib><f:Oib>98765432199</f:Oib>", "Racun/Oib"),
        ("<f:Oib>98765432198</f:Oib>", "<f:Oib>9876543219a</f:Oib>", "Racun/Oib"),
        ("<f:Oib>98765432198</f:Oib>", "<f:Oib> 98765432198</f:Oib>", "Racun/Oib"),
        ("<f:Oib>98765432198</f:Oib>", "<Oib>98765432198</Oib>", "Racun/Oib"),
        ("22.11.2026T", "31.11.2026T", "Racun/DatVrijeme"),
        ("-125.50", "125.5", "Racun/IznosUkupno"),
        ("-125.50", "125", "Racun/IznosUkupno"),
        ("-125.50", "1.25e2", "Racun/IznosUkupno"),
        ("-125.50", "1234567890123456.00", "Racun/IznosUkupno"),
        ("-125.50", "125.50 ", "Racun/IznosUkupno"),
        ("-125.50", "<f:x/>125.50", "Racun/IznosUkupno"),
        ("<f:IznosUkupno>-125.50</f:IznosUkupno>", "", "Racun/IznosUkupno"),
        ("<f:NacinPlac>G", "<f:NacinPlac>X", "Racun/NacinPlac"),
        ("0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef", "Racun/ZastKod"),
        ("<f:OznPosPr>POSL1</f:OznPosPr>", "", "BrRac/OznPosPr"),
        ("<f:BrOznRac>7</f:BrOznRac>", "<f:BrOznRac></f:BrOznRac>", "BrRac/BrOznRac"),
    ] {
        assert!(RACUN.contains(from));
        let refusal = refused(&invoice("RacunZahtjev", &RACUN.replace(from, to)));
        assert_eq!((refusal.status, &*refusal.code, refusal.field.as_deref()), (500, "s001", Some(field)), "{to}");
    }
    let whole = invoice("RacunZahtjev", RACUN);
    assert_eq!(refused(&whole.replace(UUID, &UUID.to_uppercase())).field.as_deref(), Some("Zaglavlje/IdPoruke"));
    assert_eq!(refused(&whole.replace("</f:Racun>", "</f:Racun><f:Racun/>")).field.as_deref(), Some("Racun/Oib"));
}

#[test]
fn what_lets_the_amount_be_read_in_two_ways_is_refused() {
    for amount in ["1<!-- -->25.00", "1<?x?>25.00", "&a;", "1<f:x>2</f:x>5.00"] {
        refused(&invoice("RacunZahtjev", &RACUN.replace("-125.50", amount)));
    }
    refused(&format!("<!DOCTYPE x [<!ENTITY a '125.00'>]>{}", invoice("RacunZahtjev", RACUN)));
    let many: String = (0..100).map(|n| format!(" a{n}=''")).collect();
    refused(&invoice("RacunZahtjev", &RACUN.replace("<f:NakDost>", &format!("<f:NakDost{many}>"))));
}

#[test]
fn one_message_in_one_body_of_one_envelope_is_right() {
    let whole = invoice("RacunZahtjev", RACUN);
    let payload = &whole[whole.find("<f:RacunZahtjev").expect("start")..whole.find("</S:Body>").expect("end")];
    for broken in [
        whole.replace(payload, &payload.repeat(2)),
        whole.replace(payload, ""),
        whole.replace("</S:Body>", "</S:Body><S:Body/>"),
        whole.replace("<S:Header/>", "<S:Header/><S:Header/>"),
        whole.replace("<S:Header/>", "<f xmlns='u'/>"),
        whole.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"),
        whole.replace("types/f73", "types/f72"),
        format!("{whole}x"),
        payload.to_owned(),
        String::new(),
        "no XML".into(),
    ] {
        assert_eq!(refused(&broken).code, "s001", "{broken}");
    }
}

#[test]
fn operations_that_are_not_served_are_refused_in_their_own_answer() {
    for (request, answer) in [
        ("ProvjeraZahtjev", "RacunOdgovor"),
        ("PrateciDokumentiZahtjev", "PrateciDokumentiOdgovor"),
        ("PromijeniNacPlacZahtjev", "PromijeniNacPlacOdgovor"),
        ("NapojnicaZahtjev", "NapojnicaOdgovor"),
        ("RacunPDZahtjev", "RacunPDOdgovor"),
        ("Nepoznato", "RacunOdgovor"),
    ] {
        let document = invoice(request, RACUN);
        if request != "RacunPDZahtjev" {
            assert_eq!(refused(&document).code, "s006", "{request}");
        }
        let envelope = Envelope::of_whatever_it_is(document.as_bytes());
        let errors = reply::errors(&envelope, "2026-11-22T18:20:54Z", &Refusal::new(500, "s006", "not <here>"));
        assert!(errors.contains(&format!("<tns:{answer} ")), "{errors}");
        assert!(
            errors.contains(&format!("<tns:IdPoruke>{UUID}</tns:IdPoruke><tns:DatumVrijeme>22.11.2026T19:20:54<")),
            "{errors}"
        );
        assert!(
            errors.contains("<tns:SifraGreske>s006</tns:SifraGreske>") && errors.contains("not &lt;here&gt;"),
            "{errors}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_answered_all_the_same() {
    for body in [&b""[..], b"\xff", b"<a", b"<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Body>"]
    {
        let envelope = Envelope::of_whatever_it_is(body);
        let errors = reply::errors(&envelope, "", &Refusal::new(503, "unavailable", "later"));
        assert!(errors.contains("<tns:IdPoruke></tns:IdPoruke>"), "{errors}");
    }
}

#[test]
fn an_echo_is_answered_with_its_text() {
    let document = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>\
        <EchoRequest xmlns='http://www.apis-it.hr/fin/2012/types/f73'>ping &lt;čćž&gt;</EchoRequest></e:Body></e:Envelope>";
    let policy = HrRacun::configure("{}").expect("a configuration");
    let message = Message::for_test(document).without_partner().build();
    let Outcome::Answer(reply) = policy.handle(message).outcome else { panic!("not answered") };
    let body = String::from_utf8(reply.body).expect("UTF-8");
    assert_eq!(reply.status, 200);
    assert!(body.contains("f73\">ping &lt;čćž&gt;</tns:EchoResponse>"), "{body}");
}

#[test]
fn a_resend_gets_the_same_jir_and_its_own_signature() {
    testing::set_key("jir", "a key of this test");
    testing::set_key("reply", "");
    let policy = HrRacun::configure("{}").expect("a configuration");
    let answered = |partner: &str, racun: &str| {
        let message = Message::for_test(invoice("RacunZahtjev", racun)).partner(partner).build();
        match policy.answer(&message) {
            Ok(Decision { outcome: Outcome::Accept(Accepted { then: Continuation::Reply(reply), .. }), .. }) => {
                String::from_utf8(reply.body).expect("UTF-8")
            }
            other => panic!("not accepted: {other:?}"),
        }
    };
    let jir = |document: &str| {
        let start = document.find("<tns:Jir>").expect("a JIR") + "<tns:Jir>".len();
        document[start..start + 36].to_owned()
    };
    let first = answered("shop-1", RACUN);
    assert!(first.contains("<Signature ") && crate::invoice::is_uuid(&jir(&first)), "{first}");
    assert_eq!(jir(&answered("shop-1", RACUN)), jir(&first));
    assert_ne!(jir(&answered("shop-2", RACUN)), jir(&first));
    assert_ne!(jir(&answered("shop-1", &RACUN.replace("0123456789abcdef0", "1123456789abcdef0"))), jir(&first));
}

#[test]
fn a_uuid_shows_what_it_was_made_of_but_for_version_and_variant() {
    let bytes: Vec<u8> = (0xf0..=0xff).collect();
    let uuid = reply::uuid(&bytes).expect("a UUID");
    assert_eq!(uuid, "f0f1f2f3-f4f5-86f7-b8f9-fafbfcfdfeff");
    assert!(crate::invoice::is_uuid(&uuid));
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused_by_name() {
    let fault = |config: &str| match HrRacun::configure(config) {
        Ok(_) => panic!("{config} was taken"),
        Err(fault) => fault.pointer,
    };
    assert_eq!(fault(r#"{"oibs":["98765432198","1234"]}"#), "/oibs/1");
    assert_eq!(fault(r#"{"oib":[]}"#), "/oib");
    assert_eq!(fault(r#"{"time_zone":"UTC"}"#), "/time_zone");
    assert_eq!(fault(r#"{"sign_replies":"no"}"#), "/sign_replies");
    assert!(HrRacun::configure(r#"{"time_zone":"Europe/Zagreb","oibs":[]}"#).is_ok());
}
