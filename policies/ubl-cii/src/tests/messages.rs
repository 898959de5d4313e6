//! Messages as a whole: their XML, envelopes, the configuration, and what the gateway refuses.

use tallygate_policy::{Accepted, Continuation, Message, Outcome, Policy, Refusal};

use super::{CII, UBL, accepted, decided, refused, refused_at, with};
use crate::UblCii;

#[test]
fn comments_and_instructions_stand_between_elements_and_split_no_amount() {
    let commented = with(UBL, "<a:TaxTotal>", "<!-- VAT --><?x y?><a:TaxTotal><!-- of it -->");
    let commented = with(&commented, "?>\n", "?>\n<?xml-stylesheet href='a.xsl'?><!-- of today -->");
    assert_eq!(accepted(&with(&commented, ">126.10<", "><!-- EUR -->126.10<")).amount, "126.10");
    for split in ["126<!-- -->.10", "126<?x?>.10"] {
        let (code, field) = refused_at(&with(UBL, ">126.10<", &format!(">{split}<")));
        assert_eq!((&*code, &*field), ("xml-not-taken", "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"), "{split}");
    }
}

#[test]
fn a_document_type_and_its_entities_are_not_taken() {
    let declared = with(UBL, "?>\n", "?>\n<!DOCTYPE i [<!ENTITY a '126.10'>]>\n");
    assert_eq!(refused(&declared).code, "xml-not-taken");
    let entity = with(UBL, ">126.10<", ">&a;<");
    assert_eq!(refused(&entity).code, "xml-not-well-formed");
    let by_number = with(UBL, ">126.10<", ">&#49;26<![CDATA[.10]]><");
    assert_eq!(accepted(&by_number).amount, "126.10");
    let element = with(UBL, ">126.10<", "><b/>126.10<");
    assert_eq!(refused_at(&element).1, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount");
}

#[test]
fn a_document_is_read_in_the_encoding_that_it_declares() {
    let umlaut = with(UBL, ">R-7/2026<", ">Ä-7<");
    let declared = with(&umlaut, "encoding='UTF-8'", "encoding='ISO-8859-1'");
    let latin: Vec<u8> = declared.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let number = |document: Vec<u8>| match decided("", document).outcome {
        Outcome::Accept(Accepted { transactions, .. }) => transactions[0].attributes[0].1.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(number(latin), "Ä-7");
    let utf_16 = with(&umlaut, "encoding='UTF-8'", "encoding='UTF-16'");
    let utf_16: Vec<u8> = "\u{feff}".encode_utf16().chain(utf_16.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(number(utf_16), "Ä-7");
    let undeclared: Vec<u8> = umlaut.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let Outcome::Reject(refusal) = decided("", undeclared).outcome else { panic!("it was taken") };
    assert_eq!(refusal.code, "xml-not-well-formed");
}

#[test]
fn other_documents_are_refused_by_name() {
    for (document, field) in [
        (UBL.replace("i:Invoice ", "i:DebitNote ").replace("i:Invoice>", "i:DebitNote>"), "DebitNote"),
        (UBL.replace("xsd:Invoice-2", "xsd:Invoice-1"), "Invoice"),
        (UBL.replace("xsd:Invoice-2", "xsd:CreditNote-2"), "Invoice"),
        (CII.replace("CrossIndustryInvoice:100", "CrossIndustryInvoice:13"), "CrossIndustryInvoice"),
        ("<Invoice/>".to_owned(), "Invoice"),
    ] {
        assert_eq!(refused_at(&document), ("document-not-taken".into(), field.into()));
    }
    for broken in ["", "{}", "<a", &UBL[..UBL.len() - 5], &format!("{UBL}<a/>")] {
        assert_eq!(refused(broken).status, 400, "{broken}");
    }
}

#[test]
fn a_document_may_come_in_peppol_s_envelope() {
    let bare = |document: &str| document[document.find("?>").expect("a declaration") + 2..].to_owned();
    let envelope = |documents: &str| {
        format!(
            "<StandardBusinessDocument xmlns='http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'>\
             <StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion></StandardBusinessDocumentHeader>\
             {documents}</StandardBusinessDocument>"
        )
    };
    assert_eq!(accepted(&envelope(&bare(UBL))), accepted(UBL));
    assert_eq!(accepted(&envelope(&bare(CII))), accepted(CII));
    let two = refused_at(&envelope(&(bare(UBL) + &bare(CII))));
    assert_eq!(two, ("document-twice".into(), "CrossIndustryInvoice".into()));
    assert_eq!(refused_at(&envelope("")), ("document-not-taken".into(), "StandardBusinessDocument".into()));
    let wrong = with(&envelope(&bare(UBL)), ">107.00<", ">107.01<");
    assert_eq!(refused_at(&wrong).1, "cac:LegalMonetaryTotal/cbc:LineExtensionAmount");
}

#[test]
fn the_reply_says_what_was_accepted() {
    let Outcome::Accept(Accepted { then: Continuation::Reply(reply), .. }) = decided("", UBL).outcome else {
        panic!("it was not accepted")
    };
    assert_eq!((reply.status, &*reply.body), (202, &b"{\"accepted\":1}"[..]));
}

#[test]
fn what_the_gateway_refuses_is_told_by_its_place_in_the_document() {
    let told = |document: &str, field: &str| {
        let policy = UblCii::configure("").expect("a configuration");
        let decision = policy.handle(Message::for_test(document).build());
        let message = Message::for_test(document).context(decision.context).build();
        let refusal = Refusal::new(422, "transaction-not-valid", "it is too old").at(field);
        policy.fault(message, refusal).map(|reply| String::from_utf8(reply.body).expect("UTF-8"))
    };
    let ubl = told(UBL, "transactions/0/day").expect("a reply");
    assert!(ubl.contains("\"field\":\"cbc:IssueDate\""), "{ubl}");
    let place = |document: &str, field: &str| {
        let document = told(document, field)?;
        let start = document.find("\"field\":\"")? + "\"field\":\"".len();
        Some(document[start..].split('"').next()?.to_owned())
    };
    let without_vat = UBL.replace("<ID>VAT</ID>", "<ID>GST</ID>");
    for (document, field, right) in [
        (UBL, "id", "cbc:ID"),
        (UBL, "key", "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"),
        (&without_vat, "key", "cac:AccountingSupplierParty/cac:Party/cbc:EndpointID"),
        (UBL, "amount", "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"),
        (UBL, "currency", "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount/@currencyID"),
        (CII, "time", "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString"),
        (CII, "id", "rsm:ExchangedDocument/ram:ID"),
    ] {
        assert_eq!(place(document, &format!("transactions/0/{field}")).as_deref(), Some(right));
    }
    for other in ["x-api-key", "transactions/0/attributes", "transactions"] {
        assert_eq!(told(UBL, other), None, "{other}");
    }
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused_by_name() {
    let fault = |config: &str| match UblCii::configure(config) {
        Ok(_) => panic!("{config} was taken"),
        Err(fault) => fault.pointer,
    };
    assert_eq!(fault(r#"{"credit_note":["381"]}"#), "/credit_note");
    assert_eq!(fault(r#"{"credit_notes":"381"}"#), "/credit_notes");
    assert_eq!(fault(r#"{"credit_notes":["381"," 83"]}"#), "/credit_notes/1");
    assert_eq!(fault(r#"{"minor_units":{"EUR":12}}"#), "/minor_units/EUR");
    assert!(UblCii::configure(r#"{"credit_notes":[],"minor_units":{"EUR":4}}"#).is_ok());
}
