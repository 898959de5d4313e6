//! pacs.008, pacs.003 and pacs.004.

use super::messages::{PACS_003, PACS_004, PACS_008};
use super::{read, read_as, refused, refuses};

const SHOP: &str = "HR1210010051863000160";
const BUYER: &str = "DE89370400440532013000";

#[test]
fn payments_between_banks_are_read_with_their_own_day_or_that_of_all() {
    let expected = [
        ["B-1/T-1/1", "2026-11-23", SHOP, "10.50", "EUR"],
        ["B-1/eb6305c9-1f7f-49de-aed0-16487c27b42d/1", "2026-11-23", "77", "20", "EUR"],
    ];
    assert_eq!(read(PACS_008), expected);
    for version in ["001.02", "001.05", "001.10", "001.13"] {
        assert_eq!(read(&PACS_008.replace("001.08", version)), expected, "{version}");
    }
    let first = PACS_008.replace("001.08", "001.01").replace("FIToFICstmrCdtTrf", "pacs.008.001.01");
    assert_eq!(read(&first), expected);
    assert_eq!(read(PACS_003), [["B-3/T-3/1", "2026-11-26", BUYER, "7.00", "EUR"]]);
    let only_end_to_end = PACS_003.replace("<TxId>T-3</TxId>", "");
    assert_eq!(read(&only_end_to_end)[0][0], "B-3/E-3/1");
}

#[test]
fn a_return_counts_against_the_account_that_the_payment_counted_into() {
    let expected =
        [["R-1/RT-1/1", "2026-11-27", SHOP, "-10.50", "EUR"], ["R-1/T-3/1", "2026-11-27", BUYER, "-7.00", "EUR"]];
    assert_eq!(read(PACS_004), expected);
    // Without the name of a message, what only direct debits have tells.
    let unnamed = PACS_004
        .replace(
            "<OrgnlGrpInf><OrgnlMsgId>B-1</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>",
            "",
        )
        .replace(
            "<OrgnlGrpInf><OrgnlMsgId>B-3</OrgnlMsgId><OrgnlMsgNmId>pacs.003.001.02</OrgnlMsgNmId></OrgnlGrpInf>",
            "",
        );
    assert_eq!(read(&unnamed)[1][2], SHOP);
    let collected = unnamed.replace("<OrgnlTxRef>", "<OrgnlTxRef><ReqdColltnDt>2026-11-20</ReqdColltnDt>");
    assert_eq!([&*read(&collected)[0][2], &*read(&collected)[1][2]], [BUYER, BUYER]);
    // The account that it did not count into may be of any form.
    let other = PACS_004.replacen("<IBAN>DE89370400440532013000</IBAN>", "<BBAN>1</BBAN>", 1);
    assert_eq!(read(&other), expected);
    let nothing = PACS_004.replace(">10.50<", ">0.00<").replace("17.50", "7.00");
    assert_eq!(read(&nothing)[0][3], "0.00");
}

#[test]
fn what_is_wrong_is_refused_by_the_name_of_the_field() {
    let second = "CdtTrfTxInf[2]";
    refuses(
        PACS_008,
        &[
            ("<NbOfTxs>2", "<NbOfTxs>1", "wrong-total", "GrpHdr/NbOfTxs"),
            ("30.5<", "30.4<", "wrong-total", "GrpHdr/CtrlSum"),
            ("30.50", "30.51", "wrong-total", "GrpHdr/TtlIntrBkSttlmAmt"),
            ("Ccy=\"EUR\">30.50", "Ccy=\"CHF\">30.50", "wrong-total", "CdtTrfTxInf[1]/IntrBkSttlmAmt/@Ccy"),
            (
                "<IntrBkSttlmAmt Ccy=\"EUR\">10.50</IntrBkSttlmAmt>",
                "",
                "field-missing",
                "CdtTrfTxInf[1]/IntrBkSttlmAmt",
            ),
            ("<IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>", "", "field-missing", "CdtTrfTxInf[1]/IntrBkSttlmDt"),
            (
                "<IntrBkSttlmDt>2026-11-23",
                "<IntrBkSttlmDt>2026-11-22",
                "wrong-field",
                &format!("{second}/IntrBkSttlmDt"),
            ),
            (
                "<CdtrAcct><Id><Othr><Id>77</Id></Othr></Id></CdtrAcct>",
                "",
                "field-missing",
                &format!("{second}/CdtrAcct"),
            ),
            ("<EndToEndId>E-1</EndToEndId><TxId>T-1</TxId>", "", "field-missing", "CdtTrfTxInf[1]/PmtId/TxId"),
            ("<TxId>", "<TxId>T-0</TxId><TxId>", "field-twice", "CdtTrfTxInf[1]/PmtId/TxId"),
            (
                "<CdtrAcct>",
                "<CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct><CdtrAcct>",
                "field-twice",
                "CdtTrfTxInf[1]/CdtrAcct",
            ),
        ],
    );
    refuses(
        PACS_004,
        &[
            (
                "<CdtrAcct><Id><IBAN>HR1210010051863000160</IBAN></Id></CdtrAcct>",
                "",
                "field-missing",
                "TxInf[1]/OrgnlTxRef/CdtrAcct",
            ),
            (
                "<RtrdIntrBkSttlmAmt Ccy=\"EUR\">10.50</RtrdIntrBkSttlmAmt>",
                "",
                "field-missing",
                "TxInf[1]/RtrdIntrBkSttlmAmt",
            ),
            ("17.50", "17.5001", "wrong-amount", "GrpHdr/TtlRtrdIntrBkSttlmAmt"),
            ("17.50", "-17.50", "wrong-amount", "GrpHdr/TtlRtrdIntrBkSttlmAmt"),
            ("<OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId>", "", "field-missing", "OrgnlGrpInf/OrgnlMsgNmId"),
            ("<RtrId>RT-1</RtrId><OrgnlTxId>T-1</OrgnlTxId>", "", "field-missing", "TxInf[1]/RtrId"),
            ("<OrgnlTxRef>", "<OrgnlTxRef/><OrgnlTxRef>", "field-twice", "TxInf[1]/OrgnlTxRef"),
        ],
    );
    let whole_group = PACS_004.split("<TxInf>").next().expect("a header").to_owned() + "</PmtRtr></Document>";
    assert_eq!(refused(whole_group), ("field-missing".into(), "TxInf".into()));
}

#[test]
fn what_is_not_to_be_compared_is_not() {
    let wrong = PACS_008.replace("<NbOfTxs>2", "<NbOfTxs>7").replace("30.5<", "1<").replace("30.50", "2.00");
    let config = r#"{"unchecked":["NbOfTxs","CtrlSum","TtlIntrBkSttlmAmt"]}"#;
    assert_eq!(read_as(config, &wrong), read(PACS_008));
}
