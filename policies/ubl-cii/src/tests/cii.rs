//! Cross Industry Invoices: their fields.

use tallygate_policy::Transaction;

use super::{CII, UBL, accepted, accepted_by, refused_at, with};

const SETTLEMENT: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement";
const TOTALS: &str = "ram:SpecifiedTradeSettlementHeaderMonetarySummation";
const SELLER: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement/ram:SellerTradeParty";

#[test]
fn it_becomes_what_the_same_invoice_in_ubl_does() {
    let expected = Transaction { kind: "cii.invoice".into(), ..accepted(UBL) };
    assert_eq!(accepted(CII), expected);
}

#[test]
fn its_type_says_whether_it_is_a_credit_note() {
    for (code, amount, kind) in [
        ("381", "-126.10", "cii.credit-note"),
        ("261", "-126.10", "cii.credit-note"),
        ("384", "126.10", "cii.invoice"),
        ("751", "126.10", "cii.invoice"),
    ] {
        let transaction = accepted(&with(CII, "<TypeCode>380<", &format!("<TypeCode>{code}<")));
        assert_eq!((&*transaction.amount, &*transaction.kind), (amount, kind), "{code}");
    }
    // Nothing else says it, so what is no type of an invoice is nothing to count.
    let field = "rsm:ExchangedDocument/ram:TypeCode";
    for code in ["", "999", "38", "CreditNote"] {
        let (right, document) =
            (if code.is_empty() { "field-missing" } else { "wrong-field" }, with(CII, ">380<", &format!(">{code}<")));
        assert_eq!(refused_at(&document), (right.into(), field.into()), "{code}");
    }
    assert_eq!(accepted_by(r#"{"credit_notes":["999"]}"#, &with(CII, ">380<", ">999<")).amount, "-126.10");
}

#[test]
fn the_seller_is_known_by_its_vat_registration_or_else_its_address() {
    let vat = format!("{SELLER}/ram:SpecifiedTaxRegistration/ram:ID");
    let without_vat = with(CII, "schemeID='VA'", "schemeID='FC'");
    assert_eq!(accepted(&without_vat).id, "12345678901/R-7/2026");
    let nobody = with(&without_vat, "<URIID schemeID='9934'>12345678901</URIID>", "");
    assert_eq!(refused_at(&nobody), ("field-missing".into(), vat.clone()));
    assert_eq!(refused_at(&with(CII, "schemeID='FC'", "schemeID='VA'")), ("field-twice".into(), vat));
}

#[test]
fn a_field_that_is_missing_or_twice_is_named() {
    let total = |field: &str| format!("{SETTLEMENT}/{TOTALS}/ram:{field}");
    for (field, right) in [
        ("<ID>R-7/2026</ID>", "rsm:ExchangedDocument/ram:ID".to_owned()),
        (
            "<u:DateTimeString format='102'>20261122</u:DateTimeString>",
            "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString".to_owned(),
        ),
        ("<InvoiceCurrencyCode>EUR</InvoiceCurrencyCode>", format!("{SETTLEMENT}/ram:InvoiceCurrencyCode")),
        ("<GrandTotalAmount>126.10</GrandTotalAmount>", total("GrandTotalAmount")),
        ("<TaxBasisTotalAmount>102.00</TaxBasisTotalAmount>", total("TaxBasisTotalAmount")),
        ("<LineTotalAmount>107.00</LineTotalAmount>", total("LineTotalAmount")),
        ("<DuePayableAmount>100.00</DuePayableAmount>", total("DuePayableAmount")),
        (
            "<LineTotalAmount>7</LineTotalAmount>",
            "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem[2]/ram:SpecifiedLineTradeSettlement/\
             ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
                .to_owned(),
        ),
        (
            "<ActualAmount>2.00</ActualAmount>",
            format!("{SETTLEMENT}/ram:SpecifiedTradeAllowanceCharge[2]/ram:ActualAmount"),
        ),
    ] {
        assert_eq!(refused_at(&with(CII, field, "")), ("field-missing".into(), right.clone()));
        assert_eq!(refused_at(&with(CII, field, &field.repeat(2))), ("field-twice".into(), right));
    }
}

#[test]
fn its_day_is_in_the_format_102() {
    let format = "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString/@format";
    assert_eq!(refused_at(&with(CII, "format='102'", "format='203'")), ("wrong-field".into(), format.into()));
    assert_eq!(refused_at(&with(CII, " format='102'", "")), ("field-missing".into(), format.into()));
    for wrong in ["20260229", "2026-11-22", "202611221200"] {
        let (code, field) = refused_at(&with(CII, ">20261122<", &format!(">{wrong}<")));
        assert_eq!((&*code, format!("{field}/@format")), ("wrong-date", format.into()), "{wrong}");
    }
}

#[test]
fn the_currency_of_the_document_is_that_of_its_amounts() {
    assert_eq!(accepted(&with(CII, "<GrandTotalAmount>", "<GrandTotalAmount currencyID='EUR'>")).currency, "EUR");
    for (field, right) in [
        ("<GrandTotalAmount", format!("{SETTLEMENT}/{TOTALS}/ram:GrandTotalAmount/@currencyID")),
        ("<DuePayableAmount", format!("{SETTLEMENT}/{TOTALS}/ram:DuePayableAmount/@currencyID")),
        ("<CalculatedAmount", format!("{SETTLEMENT}/ram:ApplicableTradeTax[1]/ram:CalculatedAmount/@currencyID")),
    ] {
        let document = with(CII, field, &format!("{field} currencyID='USD'"));
        assert_eq!(refused_at(&document), ("wrong-field".into(), right));
    }
}
