//! What documents state about their own sums.

use super::{CII, UBL, accepted, accepted_by, refused, refused_at, with};

#[test]
fn a_total_that_differs_from_its_parts_is_refused_by_name_with_both_figures() {
    const TOTALS: &str = "cac:LegalMonetaryTotal";
    for (from, to, field, rule) in [
        ("'>107.00<", "'>107.01<", "cbc:LineExtensionAmount", "BR-CO-10) 107.00"),
        ("'>7.00</LineExtensionAmount>", "'>7.01</LineExtensionAmount>", "cbc:LineExtensionAmount", "BR-CO-10) 107.01"),
        (
            "AllowanceTotalAmount currencyID='EUR'>10",
            "AllowanceTotalAmount currencyID='EUR'>11",
            "cbc:AllowanceTotalAmount",
            "BR-CO-11) 10.00",
        ),
        (
            "ChargeTotalAmount currencyID='EUR'>5",
            "ChargeTotalAmount currencyID='EUR'>4",
            "cbc:ChargeTotalAmount",
            "BR-CO-12) 5.00",
        ),
        ("'>102.00<", "'>102.01<", "cbc:TaxExclusiveAmount", "BR-CO-13) 102.00"),
        ("'>126.10<", "'>126.00<", "cbc:TaxInclusiveAmount", "BR-CO-15) 126.10"),
        (
            "PrepaidAmount currencyID='EUR'>26",
            "PrepaidAmount currencyID='EUR'>25",
            "cbc:PayableAmount",
            "BR-CO-16) 101.00",
        ),
        ("'>-0.10<", "'>0.10<", "cbc:PayableAmount", "BR-CO-16) 100.20"),
        ("'>100.00</PayableAmount", "'>1000.00</PayableAmount", "cbc:PayableAmount", "BR-CO-16) 100.00"),
    ] {
        let refusal = refused(&with(UBL, from, to));
        let expected = (422, "wrong-total", format!("{TOTALS}/{field}"));
        assert_eq!((refusal.status, &*refusal.code, refusal.field.unwrap_or_default()), expected);
        assert!(refusal.detail.ends_with(rule), "{}", refusal.detail);
    }
    let refusal = refused(&with(UBL, "'>24.10<", "'>24.11<"));
    assert_eq!(
        refusal.detail,
        "`cac:TaxTotal/cbc:TaxAmount`: it says 24.11, and its categories add up to (BR-CO-14) 24.10"
    );
}

#[test]
fn they_are_the_same_in_a_cross_industry_invoice() {
    const TOTALS: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/\
        ram:SpecifiedTradeSettlementHeaderMonetarySummation";
    for (from, to, field) in [
        (">107.00<", ">107.01<", "ram:LineTotalAmount"),
        ("<LineTotalAmount>7<", "<LineTotalAmount>8<", "ram:LineTotalAmount"),
        ("<AllowanceTotalAmount>10.00<", "<AllowanceTotalAmount>11.00<", "ram:AllowanceTotalAmount"),
        ("<AppliedAmount>3.00<", "<AppliedAmount>2.00<", "ram:ChargeTotalAmount"),
        (">102.00<", ">102.01<", "ram:TaxBasisTotalAmount"),
        (">24.10<", ">24.11<", "ram:TaxTotalAmount"),
        (">0.35<", ">0.36<", "ram:TaxTotalAmount"),
        (">126.10<", ">126.00<", "ram:GrandTotalAmount"),
        ("<TotalPrepaidAmount>26.00<", "<TotalPrepaidAmount>25.00<", "ram:DuePayableAmount"),
        ("<RoundingAmount>-0.10<", "<RoundingAmount>0.10<", "ram:DuePayableAmount"),
    ] {
        assert_eq!(refused_at(&with(CII, from, to)), ("wrong-total".into(), format!("{TOTALS}/{field}")), "{from}");
    }
}

#[test]
fn amounts_have_no_digits_beyond_their_currency() {
    let finer = with(&with(UBL, "'>126.10<", "'>126.105<"), "'>24.10<", "'>24.105<");
    let finer = with(&with(&finer, "'>0.35<", "'>0.355<"), "'>100.00</PayableAmount", "'>100.005</PayableAmount");
    let refusal = refused(&finer);
    assert_eq!(
        (&*refusal.code, refusal.field.as_deref()),
        ("wrong-amount", Some("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"))
    );
    assert!(
        refusal.detail.ends_with("it has more digits behind the point than EUR, which has 2"),
        "{}",
        refusal.detail
    );
    assert_eq!(accepted_by(r#"{"minor_units":{"EUR":3}}"#, &finer).amount, "126.105");
    // Zeros at the end are no digits, and prices are no amounts: `UBL` has one with seven.
    assert_eq!(accepted(&with(UBL, "'>126.10<", "'>126.1000000<")).amount, "126.1000000");

    let yen = UBL.replace("EUR", "JPY");
    assert_eq!(refused_at(&yen).1, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount");
    let whole = |amount: &str| amount.replace("126.10", "126").replace("-0.10", "0").replace("24.10", "24");
    let yen = whole(&yen).replace("0.35", "0.25");
    // What only leads to the amount may have two digits, as EN 16931 has it for every currency.
    assert_eq!(accepted(&yen).amount, "126");
}

#[test]
fn what_only_leads_to_the_amount_has_two_digits_at_most() {
    for (from, to, field) in [
        ("'>7.00</LineExtensionAmount>", "'>7.001</LineExtensionAmount>", "cac:InvoiceLine[2]/cbc:LineExtensionAmount"),
        ("<Amount currencyID='EUR'>5<", "<Amount currencyID='EUR'>5.001<", "cac:AllowanceCharge[2]/cbc:Amount"),
        ("'>0.35<", "'>0.351<", "cac:TaxTotal/cac:TaxSubtotal[2]/cbc:TaxAmount"),
        ("'>102.00<", "'>102.001<", "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount"),
        ("'>24.10<", "'>24.101<", "cac:TaxTotal/cbc:TaxAmount"),
    ] {
        assert_eq!(refused_at(&with(UBL, from, to)), ("wrong-amount".into(), field.into()));
    }
}

#[test]
fn vat_may_be_told_in_a_second_currency() {
    let second = "</a:TaxTotal><a:TaxTotal><TaxAmount currencyID='SEK'>264.10</TaxAmount></a:TaxTotal>";
    let told = with(UBL, "</a:TaxTotal>", second);
    let told = with(&told, "<a:Accounting", "<TaxCurrencyCode>SEK</TaxCurrencyCode><a:Accounting");
    assert_eq!(accepted(&told).amount, "126.10");
    let twice = told.replace("'SEK'", "'EUR'");
    assert_eq!(refused_at(&twice), ("field-twice".into(), "cac:TaxTotal/cbc:TaxAmount".into()));
    let none = with(UBL, "<TaxAmount currencyID='EUR'>24.10", "<TaxAmount currencyID='SEK'>24.10");
    let none = none.replace("TaxAmount currencyID='EUR'", "TaxAmount currencyID='SEK'");
    assert_eq!(refused_at(&none), ("wrong-field".into(), "cac:TaxTotal/cbc:TaxAmount".into()));
    let cii = "<TaxTotalAmount currencyID='SEK'>264.10</TaxTotalAmount><RoundingAmount>";
    assert_eq!(accepted(&with(CII, "<RoundingAmount>", cii)).amount, "126.10");
}

#[test]
fn sums_beyond_all_amounts_are_refused() {
    let most = "'>999999999999999999<";
    let large = with(&with(UBL, "'>100.00</Line", &format!("{most}/Line")), "'>7.00</Line", &format!("{most}/Line"));
    assert_eq!(refused_at(&large), ("wrong-total".into(), "cac:LegalMonetaryTotal/cbc:LineExtensionAmount".into()));
    let large = with(UBL, "'>26.00<", "'>-999999999999999999<");
    assert_eq!(refused_at(&large), ("wrong-amount".into(), "cac:LegalMonetaryTotal/cbc:PayableAmount".into()));
}
