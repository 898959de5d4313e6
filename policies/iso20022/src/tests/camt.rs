//! camt.052, camt.053 and camt.054.

use super::messages::CAMT_053;
use super::{outcome, read, read_as, refused, refuses};

const SHOP: &str = "HR1210010051863000160";

/// The statement as a notification of the same bank, which has an id of its own.
fn notification() -> String {
    CAMT_053
        .replace("camt.053", "camt.054")
        .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
        .replace("Stmt>", "Ntfctn>")
        .replace("2026-227", "N-9")
        .replace("90.00", "90.0")
}

fn report() -> String {
    CAMT_053.replace("camt.053", "camt.052").replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>")
}

#[test]
fn booked_entries_count_with_the_sign_that_they_state() {
    let expected = [
        [&*format!("{SHOP}/R~11/2026-11-23/90EUR/1"), "2026-11-23", SHOP, "90.00", "EUR"],
        [&*format!("{SHOP}/2026-227/2/1"), "2026-11-23", SHOP, "-3.00", "EUR"],
        [&*format!("{SHOP}/2026-227//1"), "2026-11-23", SHOP, "10.00", "EUR"],
    ];
    assert_eq!(read(CAMT_053), expected);
    // In the first versions a status is a text, and the net of all entries no element of its own.
    let second = CAMT_053
        .replace("053.001.08", "053.001.02")
        .replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")
        .replace("<TtlNetNtry><Amt>137.00</Amt>", "<TtlNetNtryAmt>137.00</TtlNetNtryAmt>")
        .replace("<CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry>", "<CdtDbtInd>CRDT</CdtDbtInd>");
    assert_eq!(read(&second), expected);
    let first = second.replace("001.02", "001.01").replace("BkToCstmrStmt", "BkToCstmrStmtV01");
    assert_eq!(read(&first), expected);
}

#[test]
fn an_entry_that_is_told_of_twice_has_one_id() {
    let (statement, notification) = (read(CAMT_053), read(&notification()));
    assert_eq!(statement[0][0], notification[0][0]);
    // Without a reference nothing says which entries are the same.
    assert_eq!((&*notification[1][0], &*notification[2][0]), (&*format!("{SHOP}/N-9/2/1"), &*format!("{SHOP}/N-9//1")));
    let report = read_as(r#"{"kinds":["camt.052"]}"#, &report());
    assert_eq!(report[0][0], statement[0][0]);
}

#[test]
fn entries_of_one_reference_differ_by_day_amount_and_number() {
    let same = CAMT_053.replace("NONREF", "R/1");
    assert_eq!(read(&same)[2][0], format!("{SHOP}/R~11/2026-11-23/10EUR/1"));
    let equal = same
        .replace("10.00", "90.00")
        .replace("143", "223")
        .replace("140.00", "220.00")
        .replace("137.00", "217.00")
        .replace("92.00", "172.00");
    let ids = [0, 2].map(|index| read(&equal)[index][0].clone());
    assert_eq!(ids, [1, 2].map(|number| format!("{SHOP}/R~11/2026-11-23/90EUR/{number}")));
}

#[test]
fn what_does_not_count_is_read_and_checked_all_the_same() {
    assert!(read(&report()).is_empty());
    assert_eq!(refused(report().replace("Ccy=\"EUR\">90", "Ccy=\"EUR\">91")).1, "Rpt[1]/TxsSummry/TtlNtries/Sum");
    assert!(read_as(r#"{"kinds":["camt.054"]}"#, CAMT_053).is_empty());
    let pending = CAMT_053.replace("<Cd>BOOK", "<Cd>PDNG");
    assert!(read_as(r#"{"unchecked":["Bal"]}"#, &pending).is_empty());
    let own = CAMT_053.replace("<Cd>BOOK</Cd>", "<Prtry>BOOK</Prtry>");
    assert!(read_as(r#"{"unchecked":["Bal"]}"#, &own).is_empty());
}

#[test]
fn parts_of_a_statement_have_ids_of_their_own_and_totals_of_the_whole() {
    let second = CAMT_053.replace("<PgNb>1", "<PgNb>2").replace("143", "999").replace("92.00", "1.00");
    let ids: Vec<_> = read(&second).into_iter().map(|[id, ..]| id).collect();
    let expected = [
        format!("{SHOP}/R~11/2026-11-23/90EUR/1"),
        format!("{SHOP}/2026-227/p2/2/1"),
        format!("{SHOP}/2026-227/p2//1"),
    ];
    assert_eq!(ids, expected);
    let first = CAMT_053.replace(">true</LastPgInd>", ">false</LastPgInd>").replace("143", "999");
    assert_eq!(read(&first), read(CAMT_053));
    let of_statement =
        CAMT_053.replace("<Acct>", "<StmtPgntn><PgNb>3</PgNb><LastPgInd>true</LastPgInd></StmtPgntn><Acct>");
    assert_eq!(read(&of_statement)[2][0], format!("{SHOP}/2026-227/p3//1"));
}

#[test]
fn totals_count_all_entries_or_those_that_are_booked() {
    let booked = CAMT_053
        .replace("<NbOfNtries>4", "<NbOfNtries>3")
        .replace("143", "103")
        .replace("137.00", "97.00")
        .replace("<NbOfNtries>3</NbOfNtries><Sum>140.00", "<NbOfNtries>2</NbOfNtries><Sum>100.00");
    assert_eq!(read(&booked), read(CAMT_053));
    for (from, to, field) in [
        ("<NbOfNtries>4", "<NbOfNtries>5", "TtlNtries/NbOfNtries"),
        ("<Sum>143", "<Sum>142.99", "TtlNtries/Sum"),
        ("137.00", "136.00", "TtlNtries/TtlNetNtry"),
        (
            "<CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry>",
            "<CdtDbtInd>DBIT</CdtDbtInd></TtlNetNtry>",
            "TtlNtries/TtlNetNtry",
        ),
        ("<NbOfNtries>3", "<NbOfNtries>4", "TtlCdtNtries/NbOfNtries"),
        ("140.00", "140.01", "TtlCdtNtries/Sum"),
        ("<Sum>3.00", "<Sum>3.01", "TtlDbtNtries/Sum"),
    ] {
        let wrong = CAMT_053.replacen(from, to, 1);
        assert_eq!(refused(wrong.clone()), ("wrong-total".into(), format!("Stmt[1]/TxsSummry/{field}")), "{to}");
        assert_eq!(read_as(r#"{"unchecked":["TxsSummry"]}"#, &wrong), read(CAMT_053));
    }
}

#[test]
fn balances_are_those_that_the_booked_entries_lead_to() {
    let field = |message: &str| outcome("", message).map_err(|refusal| refusal.field.unwrap_or_default()).map(|_| ());
    let wrong = CAMT_053.replace("92.00", "92.01");
    assert_eq!(field(&wrong), Err("Stmt[1]/Bal/Amt".into()));
    assert_eq!(field(&wrong.replace("OPBD", "PRCD")), Err("Stmt[1]/Bal/Amt".into()));
    assert_eq!(read_as(r#"{"unchecked":["Bal"]}"#, &wrong), read(CAMT_053));
    // Several balances of a kind, one within the statement or one of another currency say nothing of the whole.
    let one =
        "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>";
    assert_eq!(field(&wrong.replacen("<Bal>", &format!("{one}<Bal>"), 1)), Ok(()));
    assert_eq!(
        field(&wrong.replace(
            "<Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry>",
            "<Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry><SubTp><Cd>INTM</Cd></SubTp>"
        )),
        Ok(())
    );
    assert_eq!(field(&wrong.replacen("<Bal>", &format!("{}<Bal>", one.replace("CLBD", "PRCD")), 1)), Ok(()));
    assert_eq!(field(&wrong.replace("Ccy=\"EUR\">92", "Ccy=\"USD\">92")), Ok(()));
}

#[test]
fn what_is_wrong_is_refused_by_the_name_of_the_field() {
    let second = "Stmt[1]/Ntry[2]";
    refuses(
        CAMT_053,
        &[
            (">true</LastPgInd>", ">yes</LastPgInd>", "wrong-field", "GrpHdr/MsgPgntn/LastPgInd"),
            ("<Id>2026-227</Id>", "", "field-missing", "Stmt[1]/Id"),
            ("<IBAN>HR1210010051863000160</IBAN>", "<BBAN>1</BBAN>", "field-missing", "Stmt[1]/Acct/Id/IBAN"),
            ("<Amt Ccy=\"EUR\">3.00</Amt>", "", "field-missing", &format!("{second}/Amt")),
            (
                "<Amt Ccy=\"EUR\">3.00</Amt>",
                "<Amt Ccy=\"EUR\">3.00</Amt><Amt Ccy=\"EUR\">3.00</Amt>",
                "field-twice",
                &format!("{second}/Amt"),
            ),
            ("<Amt Ccy=\"EUR\">3.00</Amt>", "<Amt Ccy=\"EUR\">3.005</Amt>", "wrong-amount", &format!("{second}/Amt")),
            ("DBIT</CdtDbtInd><RvslInd>", "DEBT</CdtDbtInd><RvslInd>", "wrong-field", &format!("{second}/CdtDbtInd")),
            ("<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>", "<RvslInd>", "field-missing", &format!("{second}/CdtDbtInd")),
            ("<Sts><Cd>PDNG</Cd></Sts>", "", "field-missing", "Stmt[1]/Ntry[4]/Sts"),
            ("PDNG", "PEND", "wrong-field", "Stmt[1]/Ntry[4]/Sts/Cd"),
            ("<Sts><Cd>PDNG</Cd></Sts>", "<Sts>booked</Sts>", "wrong-field", "Stmt[1]/Ntry[4]/Sts"),
            (
                "<ValDt><DtTm>2026-11-23T12:00:00+01:00</DtTm></ValDt>",
                "",
                "field-missing",
                &format!("{second}/BookgDt"),
            ),
            ("<BookgDt><Dt>2026-11-23", "<BookgDt><Dt>2026-02-29", "wrong-date", "Stmt[1]/Ntry[1]/BookgDt/Dt"),
        ],
    );
    let without_account =
        CAMT_053.replace("<Acct><Id><IBAN>HR1210010051863000160</IBAN></Id><Ccy>EUR</Ccy></Acct>", "");
    assert_eq!(refused(without_account), ("field-missing".into(), "Stmt[1]/Acct".into()));
    let (before, rest) = CAMT_053.split_once("<Stmt>").expect("a statement");
    let empty = [before, rest.split_once("</Stmt>").expect("a statement").1].concat();
    assert_eq!(refused(empty), ("field-missing".into(), "Stmt".into()));
    let quiet: String =
        CAMT_053.split("<Bal>").next().expect("a start").to_owned() + "</Stmt></BkToCstmrStmt></Document>";
    assert!(read(&quiet).is_empty());
}
