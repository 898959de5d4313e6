//! The policy `hr-racun` with its keys: replies that are signed, and JIRs that a resend gets again.

use tallygate_host::{Accepted, Continuation, Keys, Message, Outcome, Policy, Refusal, Reply};

use crate::signature::{value, verifies};
use crate::support::{engine, message, spec};

struct Signer {
    pem: String,
    certificate: Vec<u8>,
}

fn signer(algorithm: &'static rcgen::SignatureAlgorithm) -> Signer {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    Signer { pem: format!("{}{}", certificate.pem(), key.serialize_pem()), certificate: certificate.der().to_vec() }
}

fn policy(signer: &Signer, config: &str) -> Policy {
    named("hr-racun", signer, config)
}

fn named(name: &str, signer: &Signer, config: &str) -> Policy {
    let mut spec = spec("hr-racun", config);
    spec.name = name.into();
    spec.keys = Keys::new();
    spec.keys.add("reply", signer.pem.as_bytes()).unwrap();
    spec.keys.add("jir", &[7; 32]).unwrap();
    Policy::activate(engine(), spec).unwrap()
}

fn invoice(id_poruke: &str, element: &str) -> Message {
    message(&format!(
        "<?xml version='1.0' encoding='utf-8'?>\n\
         <e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
         <f:{element} xmlns:f=\"http://www.apis-it.hr/fin/2012/types/f73\" Id=\"x\"><f:Zaglavlje><f:IdPoruke>{id_poruke}</f:IdPoruke>\
         <f:DatumVrijeme>22.11.2026T19:20:54</f:DatumVrijeme></f:Zaglavlje><f:Racun><f:Oib>98765432198</f:Oib>\
         <f:DatVrijeme>22.11.2026T19:20:54</f:DatVrijeme><f:BrRac><f:BrOznRac>2</f:BrOznRac><f:OznPosPr>P1</f:OznPosPr>\
         <f:OznNapUr>1</f:OznNapUr></f:BrRac><f:IznosUkupno>125.00</f:IznosUkupno><f:NacinPlac>G</f:NacinPlac>\
         <f:ZastKod>0283888a378ae7569ce4ea00aad40eed</f:ZastKod></f:Racun></f:{element}></e:Body></e:Envelope>"
    ))
}

const ONE: &str = "3ec09933-8ba8-4442-8cc3-ac6813432293";
const TWO: &str = "089a835e-90a8-4479-b4e8-9ff09180c3b8";

async fn accepted(policy: &Policy, message: Message) -> String {
    match policy.handle(&message, &[], None).await.unwrap().outcome {
        Outcome::Accept(Accepted { transactions, then: Continuation::Reply(reply) }) => {
            assert_eq!((reply.status, transactions.len()), (200, 1));
            text(reply)
        }
        other => panic!("not accepted: {other:?}"),
    }
}

async fn refused(policy: &Policy, message: &Message) -> (Refusal, Reply) {
    match policy.handle(message, &[], None).await.unwrap().outcome {
        Outcome::Reject(refusal) => {
            let reply = policy.fault(message, &[], &refusal).await.unwrap().unwrap();
            (refusal, reply)
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn text(reply: Reply) -> String {
    assert_eq!(reply.headers[0].value, b"text/xml; charset=utf-8");
    String::from_utf8(reply.body).unwrap()
}

fn jir(reply: &str) -> String {
    value(reply, "<tns:Jir>", "</tns:Jir>").unwrap().to_owned()
}

#[tokio::test]
async fn replies_are_signed_by_either_kind_of_key() {
    for algorithm in [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256] {
        let signer = signer(algorithm);
        let policy = policy(&signer, "");
        for (element, answer) in [("RacunZahtjev", "RacunOdgovor"), ("RacunPDZahtjev", "RacunPDOdgovor")] {
            let reply = accepted(&policy, invoice(ONE, element)).await;
            assert_eq!(verifies(&reply, &signer.certificate), Ok(()), "{reply}");
            assert!(reply.contains(&format!("<tns:{answer} ")), "{reply}");
            assert_eq!(value(&reply, "<tns:IdPoruke>", "</tns:IdPoruke>"), Some(ONE));
        }
    }
}

#[tokio::test]
async fn a_reply_that_was_changed_does_not_verify() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let reply = accepted(&policy(&signer, ""), invoice(ONE, "RacunZahtjev")).await;
    let changed = reply.replace(ONE, TWO);
    assert_eq!(verifies(&changed, &signer.certificate), Err("another digest".into()));
    let other = self::signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert_eq!(verifies(&reply, &other.certificate), Err("another key".into()));
}

#[tokio::test]
async fn a_resent_invoice_gets_the_same_jir_also_after_a_restart() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let first = jir(&accepted(&policy(&signer, ""), invoice(ONE, "RacunZahtjev")).await);
    let again = jir(&accepted(&policy(&signer, r#"{"sign_replies":false}"#), invoice(TWO, "RacunZahtjev")).await);
    assert_eq!(first, again);
    assert_eq!((first.len(), first.to_lowercase()), (36, first.clone()));
}

#[tokio::test]
async fn another_partner_policy_or_invoice_gets_another_jir() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let policy = policy(&signer, "");
    let mut jirs = vec![jir(&accepted(&policy, invoice(ONE, "RacunZahtjev")).await)];
    let mut other_partner = invoice(ONE, "RacunZahtjev");
    other_partner.partner = Some("shop-2".into());
    jirs.push(jir(&accepted(&policy, other_partner).await));
    let mut other_invoice = invoice(ONE, "RacunZahtjev");
    other_invoice.body = String::from_utf8(other_invoice.body.to_vec()).unwrap().replace("40eed<", "40eee<").into();
    jirs.push(jir(&accepted(&policy, other_invoice).await));
    jirs.push(jir(&accepted(&named("hr-racun-2", &signer, ""), invoice(ONE, "RacunZahtjev")).await));
    jirs.sort();
    jirs.dedup();
    assert_eq!(jirs.len(), 4);
}

#[tokio::test]
async fn an_oib_that_is_not_listed_is_refused_with_s005_and_a_signature() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let policy = policy(&signer, r#"{"oibs":["12345678901","11111111111"]}"#);
    let (refusal, reply) = refused(&policy, &invoice(ONE, "RacunZahtjev")).await;
    assert_eq!((refusal.status, &*refusal.code, refusal.field.as_deref()), (500, "s005", Some("Racun/Oib")));
    assert_eq!(reply.status, 500);
    let reply = text(reply);
    assert_eq!(verifies(&reply, &signer.certificate), Ok(()), "{reply}");
    assert!(reply.contains("<tns:SifraGreske>s005</tns:SifraGreske>") && reply.contains(ONE), "{reply}");
    let listed = self::policy(&signer, r#"{"oibs":["98765432198","11111111111"]}"#);
    accepted(&listed, invoice(ONE, "RacunZahtjev")).await;
}

#[tokio::test]
async fn operations_that_are_not_served_count_nothing_and_are_signed() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let policy = policy(&signer, "");
    for element in ["ProvjeraZahtjev", "PrateciDokumentiZahtjev", "PromijeniNacPlacZahtjev", "NapojnicaZahtjev"] {
        let (refusal, reply) = refused(&policy, &invoice(ONE, element)).await;
        assert_eq!((&*refusal.code, reply.status), ("s006", 500), "{element}");
        let reply = text(reply);
        assert_eq!(verifies(&reply, &signer.certificate), Ok(()), "{reply}");
    }
}

#[tokio::test]
async fn the_gateway_s_own_refusals_are_signed_and_keep_their_status() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let policy = policy(&signer, "");
    for (status, body) in
        [(503, invoice(ONE, "RacunZahtjev").body), (413, "".into()), (401, b"\xff<"[..].into()), (429, "<a".into())]
    {
        let mut message = message("");
        message.partner = None;
        message.body = body;
        let refusal = Refusal {
            status,
            code: "gateway".into(),
            detail: "later & <elsewhere>".into(),
            field: None,
            retry_after: Some(5),
        };
        let reply = policy.fault(&message, &[], &refusal).await.unwrap().unwrap();
        assert_eq!(reply.status, status);
        let reply = text(reply);
        assert_eq!(verifies(&reply, &signer.certificate), Ok(()), "{reply}");
        assert!(reply.contains("s006") && reply.contains("later &amp; &lt;elsewhere&gt;"), "{reply}");
    }
}

#[tokio::test]
async fn replies_can_do_without_a_signature() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let reply = accepted(&policy(&signer, r#"{"sign_replies":false}"#), invoice(ONE, "RacunZahtjev")).await;
    assert!(!reply.contains("Signature"), "{reply}");
}

#[tokio::test]
async fn nothing_that_arrives_makes_it_trap() {
    let signer = signer(&rcgen::PKCS_ECDSA_P256_SHA256);
    let policy = policy(&signer, r#"{"sign_replies":false}"#);
    let whole = invoice(ONE, "RacunZahtjev").body;
    for at in 0..whole.len() {
        let mut message = message("");
        message.body = whole.slice(..at);
        refused(&policy, &message).await;
    }
    let deep = "<a>".repeat(100_000);
    let wide = format!("<a {}>", (0..100_000).map(|n| format!("a{n}='' ")).collect::<String>());
    let long = format!("<a>{}", "&amp;".repeat(100_000));
    for body in [deep, wide, long, "<".repeat(100_000), "\0".repeat(1000)] {
        refused(&policy, &message(&body)).await;
    }
}
