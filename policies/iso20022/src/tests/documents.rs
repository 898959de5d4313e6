//! Which documents are taken, and what may stand around them.

use super::messages::PAIN_001;
use super::{outcome, read, refused};

/// The document without its declaration, which may stand in another.
fn document() -> &'static str {
    PAIN_001.split_once("?>").expect("a declaration").1
}

#[test]
fn an_application_header_and_what_wraps_both_are_passed_over() {
    let header = "<AppHdr xmlns='urn:iso:std:iso:20022:tech:xsd:head.001.001.02'><Fr>x</Fr><BizSvc>y</BizSvc></AppHdr>";
    let document = document();
    let right = read(PAIN_001);
    for wrapped in [
        format!("<Envelope xmlns='urn:swift:xsd:envelope'>{header}{document}</Envelope>"),
        format!("<RequestPayload>\n{header}\n{document}\n</RequestPayload>"),
        format!(
            "<D><Rev>2</Rev><Head><a><b>c</b></a><Empty/></Head><Body>{header}{document}<x/></Body><Tail>t</Tail></D>"
        ),
        format!("<!-- a --><?b?>{document}<!-- c -->"),
    ] {
        assert_eq!(read(&wrapped), right, "{}", &wrapped[..60]);
    }
}

#[test]
fn other_documents_are_refused() {
    let field = |message: String| {
        let (code, field) = refused(message);
        assert_eq!(code, "wrong-document");
        field
    };
    let document = document();
    assert_eq!(field(format!("<E>{document}{document}</E>")), "Document");
    assert_eq!(field(format!("<E><a>{document}</a><b><c>{document}</c></b></E>")), "Document");
    assert_eq!(field("<E><a/>b</E>".replace('b', "<c>d</c>")), "Document");
    assert_eq!(field("<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>".into()), "Document");
    for namespace in [
        "",
        "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03",
        "urn:iso:std:iso:20022:tech:xsd:pain.001",
        "urn:iso:std:iso:20022:tech:xsd:pain.001.001.9",
        "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09.x",
        "urn:iso:std:iso:20022:tech:xsd:pain.001.001.0x",
        "URN:ISO:std:iso:20022:tech:xsd:pain.001.001.09",
        "pain.001.001.09",
    ] {
        let changed = PAIN_001.replace("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", namespace);
        assert_eq!(field(changed), "Document", "{namespace}");
    }
    assert_eq!(field(PAIN_001.replace("pain.001.001.09", "pain.008.001.09")), "CstmrCdtTrfInitn");
    assert_eq!(field(PAIN_001.replace("<CstmrCdtTrfInitn>", "<CstmrCdtTrfInitn xmlns='urn:x'>")), "CstmrCdtTrfInitn");
    let second = PAIN_001.replace("</CstmrCdtTrfInitn>", "</CstmrCdtTrfInitn><CstmrCdtTrfInitn/>");
    assert_eq!(field(second), "CstmrCdtTrfInitn");
}

#[test]
fn elements_of_other_namespaces_are_none_of_the_message() {
    let prefixed = PAIN_001.replace("<MsgId>M-1</MsgId>", "<y:MsgId xmlns:y='urn:y'>0</y:MsgId><MsgId>M-1</MsgId>");
    assert_eq!(read(&prefixed), read(PAIN_001));
    let other = PAIN_001.replacen("<InstdAmt ", "<InstdAmt xmlns='urn:y' ", 1);
    assert_eq!(refused(other), ("field-missing".into(), "PmtInf[1]/CdtTrfTxInf[1]/Amt/InstdAmt".into()));
    let prefix = PAIN_001.replace("xmlns=", "xmlns:p=").replace("</", "</p:");
    let prefix: String = prefix.replace("<C", "<p:C").replace("<G", "<p:G");
    assert!(outcome("", prefix).is_err());
}

#[test]
fn encodings_are_those_that_are_declared() {
    let latin = PAIN_001.replace("UTF-8", "ISO-8859-1").replace("E-1", "\u{e9}-1");
    let bytes: Vec<u8> = latin.chars().map(|letter| letter as u8).collect();
    assert_eq!(outcome("", bytes.clone()).expect("taken")[0].id, "M-1/P-1/\u{e9}-1/1");
    let undeclared: Vec<u8> = PAIN_001.replace("E-1", "\u{e9}-1").chars().map(|letter| letter as u8).collect();
    assert_eq!(refused(undeclared).0, "xml-not-well-formed");
    assert_eq!(refused(PAIN_001.replace("UTF-8", "KOI8-R")).0, "xml-not-taken");
    let wide = "\u{feff}".to_owned() + &PAIN_001.replace("UTF-8", "UTF-16");
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(outcome("", wide).expect("taken").len(), 3);
}

#[test]
fn what_no_two_readers_read_alike_is_refused() {
    for (from, to, code) in [
        ("<Document", "<!DOCTYPE a [<!ENTITY x \"1\">]><Document", "xml-not-taken"),
        ("<MsgId>", "<MsgId>&x;", "xml-not-well-formed"),
        ("</Document>", "</Document><Document/>", "xml-not-well-formed"),
        ("</Document>", "", "xml-not-well-formed"),
        ("<GrpHdr>", "<GrpHdr>text", "xml-not-taken"),
    ] {
        assert_eq!(refused(PAIN_001.replacen(from, to, 1)).0, code, "{to}");
    }
    for empty in ["", " ", "{}", "id,amount"] {
        assert_eq!(refused(empty).0, "xml-not-well-formed", "{empty}");
    }
}
