//! Which rules hold by what a document says it follows.

use super::{CII, UBL, accepted, refused_at, with};

const CLAIM: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const PINT: &str = "urn:peppol:pint:billing-1@ae-1";

fn claiming(claim: &str) -> String {
    with(UBL, CLAIM, claim)
}

#[test]
fn extensions_may_have_finer_lines_whose_sum_is_rounded() {
    for (line, is_right) in [("6.995", true), ("7.004", true), ("7.0051", false), ("6.9949", false)] {
        let line = format!("'>{line}</LineExtensionAmount>");
        let document = with(&claiming(PINT), "'>7.00</LineExtensionAmount>", &line);
        if is_right {
            assert_eq!(accepted(&document).amount, "126.10");
        } else {
            assert_eq!(refused_at(&document).1, "cac:LegalMonetaryTotal/cbc:LineExtensionAmount", "{line}");
        }
    }
    let without = with(&claiming(PINT), "<LineExtensionAmount currencyID='EUR'>7.00</LineExtensionAmount>\n", "");
    assert_eq!(refused_at(&without).1, "cac:LegalMonetaryTotal/cbc:LineExtensionAmount");
}

#[test]
fn in_the_extension_of_xrechnung_third_parties_pay_too() {
    let paid = "<a:PrepaidPayment><PaidAmount currencyID='EUR'>2.50</PaidAmount></a:PrepaidPayment><a:TaxTotal>";
    let document = |claim: &str, payable: &str| {
        let document = with(&claiming(claim), "<a:TaxTotal>", paid);
        with(&document, "'>100.00</PayableAmount", &format!("'>{payable}</PayableAmount"))
    };
    let extension = format!("{CLAIM}#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0");
    assert_eq!(accepted(&document(&extension, "102.50")).amount, "126.10");
    let field = "cac:LegalMonetaryTotal/cbc:PayableAmount";
    assert_eq!(refused_at(&document(&extension, "102.49")), ("wrong-total".into(), field.into()));
    assert_eq!(refused_at(&document(CLAIM, "102.50")), ("wrong-total".into(), field.into()));
    assert_eq!(accepted(&document(CLAIM, "100.00")).amount, "126.10");
}

#[test]
fn where_nothing_is_claimed_rounding_may_be_in_the_total_with_vat() {
    let claimed = format!("<CustomizationID>{CLAIM}</CustomizationID>");
    let rounded = |document: &str| {
        let document = with(document, "'>126.10<", "'>126.00<");
        with(&document, "'>26.00<", "'>26<")
    };
    assert_eq!(accepted(&rounded(&with(UBL, &claimed, ""))).amount, "126.00");
    assert_eq!(refused_at(&rounded(UBL)).1, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount");
    let wrong = with(&with(UBL, &claimed, ""), "'>126.10<", "'>126.05<");
    assert_eq!(refused_at(&wrong).1, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount");
    // Neither type nor what is to be paid has to be there: the root says what it is.
    let short = with(&with(UBL, &claimed, ""), "<InvoiceTypeCode>380</InvoiceTypeCode>", "");
    assert_eq!(accepted(&with(&short, "<PayableAmount currencyID='EUR'>100.00</PayableAmount>", "")).amount, "126.10");
}

#[test]
fn where_something_else_is_claimed_sums_of_parts_hold_alone() {
    // OIOUBL has the tax where others have the total without it.
    let danish = with(&claiming("OIOUBL-2.1"), "'>102.00<", "'>24.10<");
    assert_eq!(accepted(&danish).amount, "126.10");
    for (from, to, field) in [
        ("'>107.00<", "'>107.01<", "cac:LegalMonetaryTotal/cbc:LineExtensionAmount"),
        ("'>0.35<", "'>0.36<", "cac:TaxTotal/cbc:TaxAmount"),
    ] {
        assert_eq!(refused_at(&with(&danish, from, to)), ("wrong-total".into(), field.into()));
    }
}

#[test]
fn where_vat_is_accounted_for_in_the_same_currency_its_total_may_be_repeated() {
    let repeated = "</a:TaxTotal><a:TaxTotal><TaxAmount currencyID='EUR'>24.10</TaxAmount></a:TaxTotal>";
    let repeated = with(&with(UBL, CLAIM, ""), "</a:TaxTotal>", repeated);
    assert_eq!(refused_at(&repeated).1, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount");
    let named = with(&repeated, "<a:Accounting", "<TaxCurrencyCode>EUR</TaxCurrencyCode><a:Accounting");
    assert_eq!(accepted(&named).amount, "126.10");
}

#[test]
fn factur_x_has_profiles_without_lines() {
    let start = CII.find("  <IncludedSupplyChainTradeLineItem>").expect("a line");
    let end = CII.find("  <ApplicableHeaderTradeAgreement>").expect("an agreement");
    let without_lines = with(CII, &CII[start..end], "");
    let totals = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/\
        ram:SpecifiedTradeSettlementHeaderMonetarySummation";
    assert_eq!(refused_at(&without_lines), ("wrong-total".into(), format!("{totals}/ram:LineTotalAmount")));
    let basic = with(&without_lines, "urn:cen.eu:en16931:2017", "urn:factur-x.eu:1p0:basicwl");
    assert_eq!(accepted(&basic).amount, "126.10");
    let wrong = with(&basic, ">102.00<", ">102.01<");
    assert_eq!(refused_at(&wrong), ("wrong-total".into(), format!("{totals}/ram:TaxBasisTotalAmount")));

    let minimum = with(&without_lines, "urn:cen.eu:en16931:2017", "urn:factur-x.eu:1p0:minimum");
    let minimum = with(&minimum, "<LineTotalAmount>107.00</LineTotalAmount>", "");
    let minimum = with(&minimum, "<TotalPrepaidAmount>26.00</TotalPrepaidAmount>", "");
    assert_eq!(accepted(&minimum).amount, "126.10");
    let wrong = with(&minimum, ">126.10<", ">126.00<");
    assert_eq!(refused_at(&wrong), ("wrong-total".into(), format!("{totals}/ram:GrandTotalAmount")));
}
