//! pain.001 and pain.008.

use super::messages::{PAIN_001, PAIN_008};
use super::{outcome, read, read_as, refuses};

const SHOP: &str = "HR1210010051863000160";

#[test]
fn payments_are_read_with_the_day_and_the_account_of_their_block() {
    let expected = [
        ["M-1/P-1/E-1/1", "2026-11-23", SHOP, "100.00", "EUR"],
        ["M-1/P-1/E-2/1", "2026-11-23", SHOP, "1.75", "USD"],
        ["M-1/P-2/E-1/1", "2026-11-24", "12345678", "10", "EUR"],
    ];
    assert_eq!(read(PAIN_001), expected);
    let times: Vec<_> = outcome("", PAIN_001).unwrap().into_iter().map(|transaction| transaction.time).collect();
    assert_eq!(times, ["2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T23:30:00-05:00"]);
    assert_eq!(read(PAIN_008), [["M-8/P-8/NOTPROVIDED/1", "2026-11-25", SHOP, "54.99", "EUR"]]);
}

#[test]
fn every_version_is_read_alike() {
    let right = read(PAIN_001);
    for version in ["001.03", "001.04", "001.08", "001.12", "001.13", "003.03", "002.03"] {
        let plain = PAIN_001.replace("<ReqdExctnDt><Dt>2026-11-23</Dt>", "<ReqdExctnDt>2026-11-23");
        for document in [PAIN_001, &plain] {
            assert_eq!(read(&document.replace("001.09", version)), right, "{version}");
        }
    }
    for namespace in ["pain.001.001.03.ch.02.xsd", "pain.001.001.09.ch.03.xsd"] {
        let swiss = format!("http://www.six-interbank-clearing.com/de/{namespace}");
        assert_eq!(read(&PAIN_001.replace("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", &swiss)), right);
    }
    // Before 2009 the element was named as its version, and the id of a block could be missing.
    let second = PAIN_001.replace("001.09", "001.02").replace("CstmrCdtTrfInitn", "pain.001.001.02");
    assert_eq!(read(&second), right);
    assert_eq!(read(&second.replace("<PmtInfId>P-1</PmtInfId>", ""))[0][0], "M-1//E-1/1");
}

#[test]
fn ids_differ_however_their_parts_are_written() {
    let same = PAIN_001.replace("E-2", "E-1").replace("P-2", "P-1");
    let ids: Vec<_> = read(&same).into_iter().map(|[id, ..]| id).collect();
    assert_eq!(ids, ["M-1/P-1/E-1/1", "M-1/P-1/E-1/2", "M-1/P-1/E-1/3"]);
    let slashes = PAIN_001.replace(">E-1<", ">E/1~<").replace("M-1", " M-1\n");
    assert_eq!(read(&slashes)[0][0], "M-1/P-1/E~11~0/1");
}

#[test]
fn amounts_are_told_as_they_were_written_where_that_is_plain() {
    let of = |written: &str| read(&PAIN_008.replace("54.99", written))[0][3].clone();
    for (written, told) in [
        ("54.9900", "54.9900"),
        (" 7 ", "7"),
        ("+7", "7.00"),
        (".5", "0.50"),
        ("5.", "5.00"),
        ("007", "007"),
        ("-0", "0.00"),
    ] {
        assert_eq!(of(written), told, "{written}");
    }
    assert_eq!(of("<![CDATA[54.99]]>"), "54.99");
    assert_eq!(of("<!-- all of it -->54.99<?x?>"), "54.99");
    assert_eq!(of("5&#52;.99"), "54.99");
    let yen = PAIN_008.replace("EUR\">54.99", "JPY\">54.0");
    assert_eq!(read(&yen)[0][3..], ["54.0", "JPY"]);
    let fine = PAIN_008.replace("54.99", "54.995");
    assert_eq!(read_as(r#"{"minor_units":{"EUR":3}}"#, &fine)[0][3], "54.995");
}

#[test]
fn what_is_wrong_is_refused_by_the_name_of_the_field() {
    let payment = "PmtInf[1]/CdtTrfTxInf[1]";
    let amount = &*format!("{payment}/Amt/InstdAmt");
    refuses(
        PAIN_001,
        &[
            ("<MsgId>M-1</MsgId>", "", "field-missing", "GrpHdr/MsgId"),
            ("<MsgId>M-1</MsgId>", "<MsgId> </MsgId>", "wrong-field", "GrpHdr/MsgId"),
            ("<MsgId>", "<MsgId>0</MsgId><MsgId>", "field-twice", "GrpHdr/MsgId"),
            ("<NbOfTxs>3</NbOfTxs>", "", "field-missing", "GrpHdr/NbOfTxs"),
            ("<NbOfTxs>3", "<NbOfTxs>2", "wrong-total", "GrpHdr/NbOfTxs"),
            ("<NbOfTxs>3", "<NbOfTxs>three", "wrong-field", "GrpHdr/NbOfTxs"),
            ("111.75", "111.76", "wrong-total", "GrpHdr/CtrlSum"),
            ("111.75", "1e2", "wrong-amount", "GrpHdr/CtrlSum"),
            ("<NbOfTxs>2", "<NbOfTxs>1", "wrong-total", "PmtInf[1]/NbOfTxs"),
            ("101.75", "101.8", "wrong-total", "PmtInf[1]/CtrlSum"),
            ("<PmtInfId>P-1</PmtInfId>", "", "field-missing", "PmtInf[1]/PmtInfId"),
            ("<ReqdExctnDt><Dt>2026-11-23</Dt></ReqdExctnDt>", "", "field-missing", "PmtInf[1]/ReqdExctnDt"),
            ("<Dt>2026-11-23</Dt>", "", "wrong-field", "PmtInf[1]/ReqdExctnDt"),
            ("<Dt>2026-11-23", "<Dt>2026-11-31", "wrong-date", "PmtInf[1]/ReqdExctnDt/Dt"),
            ("<Dt>2026-11-23", "<Dt>23.11.2026", "wrong-date", "PmtInf[1]/ReqdExctnDt/Dt"),
            ("</Dt>", "</Dt><DtTm>2026-11-23T00:00:00</DtTm>", "field-twice", "PmtInf[1]/ReqdExctnDt/DtTm"),
            ("T23:30:00-05:00", "T25:30:00", "wrong-date", "PmtInf[2]/ReqdExctnDt/DtTm"),
            ("<IBAN>HR1210010051863000160</IBAN>", "", "field-missing", "PmtInf[1]/DbtrAcct/Id/IBAN"),
            ("<IBAN>HR", "<IBAN>hr", "wrong-field", "PmtInf[1]/DbtrAcct/Id/IBAN"),
            ("</IBAN>", "</IBAN><Othr><Id>1</Id></Othr>", "wrong-field", "PmtInf[1]/DbtrAcct/Id/Othr"),
            ("<Othr><Id>12345678</Id>", "<Othr>", "field-missing", "PmtInf[2]/DbtrAcct/Id/Othr/Id"),
            ("<EndToEndId>E-1</EndToEndId>", "", "field-missing", &format!("{payment}/PmtId/EndToEndId")),
            ("<InstdAmt Ccy=\"EUR\">100.00</InstdAmt>", "", "field-missing", amount),
            ("<InstdAmt Ccy=\"EUR\">", "<InstdAmt>", "field-missing", &format!("{amount}/@Ccy")),
            ("Ccy=\"EUR\">100", "Ccy=\"EUX\">100", "wrong-currency", &format!("{amount}/@Ccy")),
            ("</InstdAmt>", "</InstdAmt><InstdAmt Ccy=\"EUR\">1</InstdAmt>", "field-twice", amount),
            ("100.00<", "100.001<", "wrong-amount", amount),
            ("100.00<", "-100.00<", "wrong-amount", amount),
            ("100.00<", "100,00<", "wrong-amount", amount),
            ("100.00<", "<", "wrong-field", amount),
            ("100.00<", "10<!-- -->0.00<", "xml-not-taken", amount),
            ("100.00<", "&hundred;<", "xml-not-well-formed", amount),
            ("100.00<", "<b>100.00</b><", "xml-not-taken", amount),
            ("</Amt>", "</Amt><Amt><InstdAmt Ccy=\"EUR\">1</InstdAmt></Amt>", "field-twice", &format!("{payment}/Amt")),
            ("<Amt Ccy=\"USD\">1.75</Amt>", "", "field-missing", "PmtInf[1]/CdtTrfTxInf[2]/Amt/EqvtAmt/Amt"),
        ],
    );
    let amount = "PmtInf[1]/DrctDbtTxInf[1]/InstdAmt";
    refuses(
        PAIN_008,
        &[
            ("<InstdAmt Ccy=\"EUR\">54.99</InstdAmt>", "", "field-missing", amount),
            ("<InstdAmt", "<InstdAmt Ccy=\"EUR\">1</InstdAmt><InstdAmt", "field-twice", amount),
            ("<ReqdColltnDt>2026-11-25</ReqdColltnDt>", "", "field-missing", "PmtInf[1]/ReqdColltnDt"),
        ],
    );
}

#[test]
fn a_message_without_payments_is_refused() {
    let without = |from: &str, to: &str| {
        let (before, rest) = PAIN_008.split_once(from).expect("in it");
        [before, rest.split_once(to).expect("in it").1].concat()
    };
    for (message, field) in [
        (without("<DrctDbtTxInf>", "</DrctDbtTxInf>"), "PmtInf[1]/DrctDbtTxInf"),
        (without("<PmtInf>", "</PmtInf>"), "PmtInf"),
        (without("<GrpHdr>", "</GrpHdr>"), "GrpHdr"),
        (without("<CdtrAcct>", "</CdtrAcct>"), "PmtInf[1]/CdtrAcct"),
    ] {
        assert_eq!(super::refused(message), ("field-missing".into(), field.into()));
    }
}
