//! Invoices and credit notes of UBL: their fields.

use tallygate_policy::Transaction;

use super::{UBL, accepted, accepted_by, refused_at, with};

#[test]
fn an_invoice_becomes_one_transaction() {
    assert_eq!(
        accepted(UBL),
        Transaction {
            id: "HR12345678901/R-7/2026".into(),
            time: "2026-11-22T00:00:00Z".into(),
            day: Some("2026-11-22".into()),
            key: "HR12345678901".into(),
            amount: "126.10".into(),
            currency: "EUR".into(),
            kind: "ubl.invoice".into(),
            attributes: vec![("number".into(), "R-7/2026".into()), ("type_code".into(), "380".into())],
        }
    );
}

/// The invoice as a credit note.
fn credit_note() -> String {
    UBL.replace("xsd:Invoice-2", "xsd:CreditNote-2")
        .replace("i:Invoice", "i:CreditNote")
        .replace("InvoiceLine", "CreditNoteLine")
        .replace("InvoiceTypeCode>380<", "InvoiceTypeCode>381<")
        .replace("InvoiceTypeCode", "CreditNoteTypeCode")
}

#[test]
fn what_a_credit_note_states_counts_the_other_way_round() {
    let negative = accepted(&credit_note());
    assert_eq!((&*negative.amount, &*negative.kind), ("-126.10", "ubl.credit-note"));
    let by_type = accepted(&with(UBL, ">380<", ">381<"));
    assert_eq!((&*by_type.amount, &*by_type.kind), ("-126.10", "ubl.credit-note"));
    for code in ["381", "81", "83", "261", "262", "296", "308", "396", "420", "458", "502", "503", "532"] {
        assert_eq!(accepted(&with(UBL, ">380<", &format!("> {code}\n<"))).amount, "-126.10", "{code}");
    }
    for code in ["326", "383", "384", "386", "389", "480", "751", "875", "876", "877"] {
        assert_eq!(accepted(&with(UBL, ">380<", &format!(">{code}<"))).amount, "126.10", "{code}");
    }
}

/// Every amount with the other sign, as a correction has it that takes an invoice back.
fn taken_back(document: &str) -> String {
    let negated = document.replace("EUR'>", "EUR'>-").replace("EUR'>--", "EUR'>");
    negated.replace("PriceAmount currencyID='EUR'>-", "PriceAmount currencyID='EUR'>")
}

#[test]
fn amounts_that_are_negative_themselves_stay_so() {
    assert_eq!(accepted(&taken_back(UBL)).amount, "-126.10");
    assert_eq!(accepted(&with(&taken_back(UBL), ">380<", ">384<")).amount, "-126.10");
    // What a credit note states as negative is owed once more.
    assert_eq!(accepted(&taken_back(&credit_note())).amount, "126.10");
}

#[test]
fn the_operator_says_which_other_types_are_credit_notes() {
    let returned = with(UBL, ">380<", ">IADE<");
    assert_eq!(accepted(&returned).amount, "126.10");
    assert_eq!(accepted_by(r#"{"credit_notes":["IADE"]}"#, &returned).amount, "-126.10");
}

#[test]
fn the_seller_is_known_by_its_vat_identifier_or_else_its_address() {
    const VAT: &str = "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID";
    const SCHEME: &str = "HR12345678901</CompanyID><a:TaxScheme><ID>VAT<";
    let with_scheme = |scheme: &str| with(UBL, SCHEME, &SCHEME.replace("VAT", scheme));
    assert_eq!(accepted(&with_scheme(" vat ")).key, "HR12345678901");
    assert_eq!(accepted(&with_scheme("GST")).key, "12345678901");
    assert_eq!(accepted(&with_scheme("GST")).id, "12345678901/R-7/2026");
    assert_eq!(accepted(&with(UBL, ">HR12345678901<", "> HR 12345678901\n<")).key, "HR 12345678901");
    let nobody = with(&with_scheme("GST"), "<EndpointID schemeID='9934'>12345678901</EndpointID>", "");
    assert_eq!(refused_at(&nobody), ("field-missing".into(), VAT.into()));
    assert_eq!(refused_at(&with(UBL, "<ID>TAX</ID>", "<ID>VAT</ID>")), ("field-twice".into(), VAT.into()));
    assert_eq!(refused_at(&with(UBL, ">HR12345678901<", "> <")), ("wrong-field".into(), VAT.into()));
    let without_number = with(UBL, "<CompanyID>HR12345678901</CompanyID>", "");
    assert_eq!(refused_at(&without_number), ("field-missing".into(), VAT.into()));
}

#[test]
fn no_two_sellers_share_an_identity() {
    let of = |seller: &str, number: &str| {
        accepted(&with(&with(UBL, ">HR12345678901<", &format!(">{seller}<")), ">R-7/2026<", &format!(">{number}<"))).id
    };
    assert_eq!((of("A/B", "C"), of("A", "B/C")), ("A~1B/C".into(), "A/B/C".into()));
    assert_eq!(of("A~1B", "C"), "A~01B/C");
}

#[test]
fn a_field_that_is_missing_or_twice_is_named() {
    for (field, right) in [
        ("<ID>R-7/2026</ID>", "cbc:ID"),
        ("<IssueDate>2026-11-22</IssueDate>", "cbc:IssueDate"),
        ("<InvoiceTypeCode>380</InvoiceTypeCode>", "cbc:InvoiceTypeCode"),
        (
            "<TaxInclusiveAmount currencyID='EUR'>126.10</TaxInclusiveAmount>",
            "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
        ),
        (
            "<LineExtensionAmount currencyID='EUR'>107.00</LineExtensionAmount>",
            "cac:LegalMonetaryTotal/cbc:LineExtensionAmount",
        ),
        (
            "<TaxExclusiveAmount currencyID='EUR'>102.00</TaxExclusiveAmount>",
            "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
        ),
        ("<PayableAmount currencyID='EUR'>100.00</PayableAmount>", "cac:LegalMonetaryTotal/cbc:PayableAmount"),
        (
            "<AllowanceTotalAmount currencyID='EUR'>10.00</AllowanceTotalAmount>",
            "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount",
        ),
        (
            "<ChargeTotalAmount currencyID='EUR'>5.00</ChargeTotalAmount>",
            "cac:LegalMonetaryTotal/cbc:ChargeTotalAmount",
        ),
        (
            "<LineExtensionAmount currencyID='EUR'>100.00</LineExtensionAmount>",
            "cac:InvoiceLine[1]/cbc:LineExtensionAmount",
        ),
        ("<Amount currencyID='EUR'>5</Amount>", "cac:AllowanceCharge[2]/cbc:Amount"),
        ("<ChargeIndicator>1</ChargeIndicator>", "cac:AllowanceCharge[2]/cbc:ChargeIndicator"),
        ("<TaxAmount currencyID='EUR'>24.10</TaxAmount>", "cac:TaxTotal/cbc:TaxAmount"),
    ] {
        assert_eq!(refused_at(&with(UBL, field, "")), ("field-missing".into(), right.into()));
        assert_eq!(refused_at(&with(UBL, field, &field.repeat(2))), ("field-twice".into(), right.into()));
    }
    let start = UBL.find("<a:LegalMonetaryTotal>").expect("totals");
    let end = UBL.find("</a:LegalMonetaryTotal>").expect("totals") + "</a:LegalMonetaryTotal>".len();
    let totals = &UBL[start..end];
    assert_eq!(refused_at(&with(UBL, totals, "")), ("field-missing".into(), "cac:LegalMonetaryTotal".into()));
    let twice = ("field-twice".to_owned(), "cac:LegalMonetaryTotal".to_owned());
    assert_eq!(refused_at(&with(UBL, totals, &totals.repeat(2))), twice);
}

#[test]
fn fields_count_in_their_namespace_and_place_alone() {
    let elsewhere = with(UBL, "<ID>R-7/2026</ID>", "<ID xmlns='urn:other'>R-7/2026</ID>");
    assert_eq!(refused_at(&elsewhere), ("field-missing".into(), "cbc:ID".into()));
    let beside = with(UBL, "<ID>R-7/2026</ID>", "<ID>R-7/2026</ID><o:ID xmlns:o='urn:other'>X</o:ID>");
    assert_eq!(accepted(&beside).id, "HR12345678901/R-7/2026");
}

#[test]
fn a_day_may_have_an_offset_and_exists() {
    let day = |text: &str| with(UBL, ">2026-11-22<", &format!(">{text}<"));
    let with_offset = accepted(&day(" 2026-11-22+01:00 "));
    assert_eq!((with_offset.day.as_deref(), &*with_offset.time), (Some("2026-11-22"), "2026-11-22T00:00:00+01:00"));
    for wrong in ["2026-02-29", "22.11.2026", "20261122", "2026-11-22T00:00:00", ""] {
        assert_eq!(refused_at(&day(wrong)), ("wrong-date".into(), "cbc:IssueDate".into()), "{wrong}");
    }
}

#[test]
fn the_amount_is_a_number_in_the_document_s_currency() {
    const AMOUNT: &str = "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount";
    for written in ["126,10", "1e2", "", "12 6.10", "126.10 EUR", "NaN"] {
        let refusal = refused_at(&with(UBL, ">126.10<", &format!(">{written}<")));
        assert_eq!(refusal, ("wrong-amount".into(), AMOUNT.into()), "{written}");
    }
    assert_eq!(accepted(&with(UBL, ">126.10<", ">\n +126.1000 <")).amount, "126.10");

    const IN_EUROS: &str = "TaxInclusiveAmount currencyID='EUR'";
    let currency = format!("{AMOUNT}/@currencyID");
    let unknown = refused_at(&with(UBL, IN_EUROS, &IN_EUROS.replace("EUR", "EURO")));
    assert_eq!(unknown, ("wrong-currency".into(), currency.clone()));
    let without = refused_at(&with(UBL, IN_EUROS, "TaxInclusiveAmount"));
    assert_eq!(without, ("field-missing".into(), currency));
    let other = refused_at(&with(UBL, IN_EUROS, &IN_EUROS.replace("EUR", "USD")));
    assert_eq!(other, ("wrong-field".into(), "cbc:DocumentCurrencyCode".into()));
    let code = "<DocumentCurrencyCode>EUR</DocumentCurrencyCode>";
    assert_eq!(refused_at(&with(UBL, code, "")), ("field-missing".into(), "cbc:DocumentCurrencyCode".into()));
    let unknown = refused_at(&with(UBL, code, &code.replace("EUR", "ABC")));
    assert_eq!(unknown, ("wrong-currency".into(), "cbc:DocumentCurrencyCode".into()));
    for (from, field) in [
        ("PayableAmount currencyID='EUR'", "cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID"),
        ("LineExtensionAmount currencyID='EUR'>7", "cac:InvoiceLine[2]/cbc:LineExtensionAmount/@currencyID"),
        ("Amount currencyID='EUR'>10.00</Amount", "cac:AllowanceCharge[1]/cbc:Amount/@currencyID"),
        ("TaxAmount currencyID='EUR'>0.35", "cac:TaxTotal/cac:TaxSubtotal[2]/cbc:TaxAmount/@currencyID"),
        ("TaxAmount currencyID='EUR'>24.10", "cac:TaxTotal/cac:TaxSubtotal[1]/cbc:TaxAmount/@currencyID"),
    ] {
        assert_eq!(refused_at(&with(UBL, from, &from.replace("EUR", "USD"))), ("wrong-field".into(), field.into()));
        let field = if from.ends_with("24.10") { "cac:TaxTotal/cbc:TaxAmount/@currencyID" } else { field };
        let without = refused_at(&with(UBL, from, &from.replace(" currencyID='EUR'", "")));
        assert_eq!(without, ("field-missing".into(), field.into()));
    }
}
