//! What the policy makes of files, good and bad.

use tallygate_policy::{Message, Outcome, Policy, Refusal, Transaction};

use crate::Csv;

mod configuration;
mod documentation;
mod replies;

/// As a bank of the savings group exports it: Latin letters in windows-1252, a decimal comma, two digits of the year.
const BANK: &str = r#"{"delimiter":";","encoding":"windows-1252","decimal":",","thousands":".","date":"dd.MM.yy",
    "filter":[{"field":"Info","in":["Umsatz gebucht"],"not_in":["Umsatz vorgemerkt"]}],
    "fields":{"id":{"join":["Auftragskonto","Buchungstag","Kundenreferenz (End-to-End)"]},"day":"Buchungstag",
        "key":"Auftragskonto","amount":"Betrag","currency":"Waehrung","type":{"const":"bank.csv"}},
    "attributes":{"purpose":"Verwendungszweck"}}"#;
const BANK_FILE: &str = "\"Auftragskonto\";\"Buchungstag\";\"Kundenreferenz (End-to-End)\";\"Verwendungszweck\";\"Betrag\";\"Waehrung\";\"Info\"\r\n\
    \"DE02\";\"22.11.26\";\"R/1\";\"B\u{fc}ro \"\"Nord\"\"; Miete\r\nNovember\";\"-1.234,50\";\"EUR\";\"Umsatz gebucht\"\r\n\
    \"DE02\";\"23.11.26\";\"R2\";\"\";\"7\";\"EUR\";\"Umsatz gebucht\"\r\n\
    \"DE02\";\"24.11.26\";\"R3\";\"\";\"8,00\";\"EUR\";\"Umsatz vorgemerkt\"\r\n";

fn configured(config: &str) -> Csv {
    Csv::configure(config).map_err(|fault| format!("{}: {}", fault.pointer, fault.detail)).expect(config)
}

/// The text in windows-1252, of which the tests use what is Latin-1.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(letter).expect("Latin-1")).collect()
}

fn outcome(config: &str, file: impl Into<Vec<u8>>) -> Outcome {
    configured(config).handle(Message::for_test(file.into()).build()).outcome
}

fn accepted(config: &str, file: impl Into<Vec<u8>>) -> Vec<Transaction> {
    match outcome(config, file) {
        Outcome::Accept(accepted) => accepted.transactions,
        other => panic!("{config} gave {other:?}"),
    }
}

fn refused(config: &str, file: impl Into<Vec<u8>>) -> (String, String, String) {
    match outcome(config, file) {
        Outcome::Reject(Refusal { code, detail, field, .. }) => (code, field.unwrap_or_default(), detail),
        other => panic!("{config} gave {other:?}"),
    }
}

fn plain(more: &str) -> String {
    format!(
        r#"{{{more}"fields":{{"id":"id","day":"day","key":"key","amount":"amount","currency":{{"const":"EUR"}}}}}}"#
    )
}

const PLAIN: &str = "id,day,key,amount\na,2026-11-22,k,12.50\n";

#[test]
fn a_blank_that_looks_like_another_is_told_by_its_number() {
    let config = plain("\"decimal\":\",\",\"thousands\":\"\u{a0}\",\"delimiter\":\";\",");
    let file = |amount: &str| format!("id;day;key;amount\na;2026-11-22;k;{amount}\n");
    assert_eq!(accepted(&config, file("1\u{a0}234,50"))[0].amount, "1234.50");
    let (_, field, detail) = refused(&config, file("1 234,50"));
    assert_eq!(field, "line 2/amount");
    assert!(detail.ends_with("such as 1\u{a0}234,50, with U+00A0 between thousands"), "{detail}");
}

#[test]
fn a_file_of_a_bank_is_taken() {
    let all = accepted(BANK, latin(BANK_FILE));
    let [one, two] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&*one.id, &*one.key, &*one.amount, &*one.currency), ("DE02/22.11.26/R\\/1", "DE02", "-1234.50", "EUR"));
    assert_eq!((&*one.time, one.day.as_deref(), &*one.kind), ("2026-11-22T00:00:00Z", Some("2026-11-22"), "bank.csv"));
    assert_eq!(one.attributes, [("purpose".into(), "B\u{fc}ro \"Nord\"; Miete\r\nNovember".into())]);
    assert_eq!((&*two.amount, two.attributes.len()), ("7", 0));
}

#[test]
fn what_is_wrong_in_a_row_is_told_by_line_and_column() {
    for (from, to, code, field, detail) in [
        ("-1.234,50", "-1.234.50", "wrong-amount", "line 2/Betrag", "it is no amount such as 1.234,50"),
        (
            "\"7\"",
            "\"7,005\"",
            "wrong-amount",
            "line 4/Betrag",
            "it has more digits behind the point than EUR, which has 2",
        ),
        ("\"7\"", "\"\"", "field-missing", "line 4/Betrag", "it is missing"),
        ("\"7\"", "\"7 EUR\"", "wrong-amount", "line 4/Betrag", "it is no amount such as 1.234,50"),
        ("23.11.26", "31.11.26", "wrong-date", "line 4/Buchungstag", "it is a day that the calendar does not have"),
        ("23.11.26", "23.11.2026", "wrong-date", "line 4/Buchungstag", "it is not in the form `dd.MM.yy`"),
        ("R2", "", "field-missing", "line 4/Kundenreferenz (End-to-End)", "it is missing"),
        (
            "\"7\";\"EUR\"",
            "\"7\";\"EURO\"",
            "wrong-currency",
            "line 4/Waehrung",
            "`EURO` is no currency of ISO 4217, such as EUR",
        ),
        (
            "\"8,00\";\"EUR\";\"Umsatz vorgemerkt\"",
            "\"8,00\";\"EUR\";\"x\"",
            "wrong-field",
            "line 5/Info",
            "it would be `Umsatz gebucht` or `Umsatz vorgemerkt`",
        ),
    ] {
        let told = refused(BANK, latin(&BANK_FILE.replacen(from, to, 1)));
        assert_eq!(told, (code.into(), field.into(), format!("`{field}`: {detail}")), "{to}");
    }
}

#[test]
fn rows_that_are_no_csv_are_refused_by_their_line() {
    let config = plain("");
    for (file, code, field, detail) in [
        ("", "not-csv", "", "it is empty; a header and rows below it would be right"),
        ("id,day,key,amount\n", "no-records", "", "there is no row below the header; at least one would be right"),
        (
            "id,day,key\na,2026-11-22,k\n",
            "column-missing",
            "line 1/amount",
            "line 1: the header has no column `amount`",
        ),
        (
            "id,day,key,amout\n",
            "column-missing",
            "line 1/amount",
            "line 1: the header has no column `amount`; `amout` is there",
        ),
        ("id,day,key,amount,key\n", "column-twice", "line 1/key", "line 1: the header has the column `key` twice"),
        (
            "id,day,key,amount\n\na,2026-11-22,k\n",
            "wrong-row",
            "line 3",
            "line 3: it has 3 values, and 4 would be right",
        ),
        (
            "id,day,key,amount\na,2026-11-22,k,1,x\n",
            "wrong-row",
            "line 2",
            "line 2: it has 5 values, and 4 would be right",
        ),
        (
            "id,day,key,amount\na,2026-11-22,k,1,,\n",
            "wrong-row",
            "line 2",
            "line 2: it has 6 values, and 4 would be right",
        ),
        (
            "id,day,key,amount\n\"a\"b,2026-11-22,k,1\n",
            "not-csv",
            "line 2",
            "line 2: something behind the quote that ends a value",
        ),
        (
            "id,day,key,amount\na\"b,2026-11-22,k,1\n",
            "not-csv",
            "line 2",
            "line 2: a quote within a value that does not begin with one",
        ),
        (
            "id,day,key,amount\n\"a,2026-11-22,k,1\n",
            "not-csv",
            "line 2",
            "line 2: a value without the quote that ends it",
        ),
        (
            "id,day,key,amount\ra,2026-11-22,k,1\n",
            "not-csv",
            "line 1",
            "line 1: a carriage return without a line feed behind it",
        ),
        (
            "sep=;\r\nid,day,key,amount\n",
            "not-csv",
            "line 1",
            "line 1: it says that `;` stands between values, and `,` is configured",
        ),
    ] {
        assert_eq!(refused(&config, file), (code.into(), field.into(), detail.into()), "{file:?}");
    }
    let (code, field, detail) = refused(&config, latin("id,day,key,amount\n\u{e4},2026-11-22,k,1\n"));
    assert_eq!((&*code, &*field, &*detail), ("wrong-encoding", "line 2", "line 2: a byte that is not UTF-8"));
}

#[test]
fn what_makes_no_difference_is_passed_over() {
    for file in [
        PLAIN.to_owned(),
        format!("\u{feff}{PLAIN}"),
        format!("sep=,\r\n{PLAIN}"),
        PLAIN.trim_end().to_owned(),
        PLAIN.replace('\n', "\r\n"),
        PLAIN.replace('\n', "\n\r\n\n"),
        PLAIN.replace('\n', ",\n"),
        PLAIN.replace("12.50\n", "12.50,\n"),
        PLAIN.replace("12.50", " \"12.50\" ").replace(" \"", "\"").replace("\" ", "\""),
        PLAIN.replace("12.50", " 12.50\t"),
        PLAIN.replace("12.50", "+12.500000000000"),
        "amount,more,key,day,id\n12.50,x,k,2026-11-22,a\n".to_owned(),
    ] {
        let all = accepted(&plain(""), file.clone());
        let [one] = all.as_slice() else { panic!("{file:?} gave {all:?}") };
        assert_eq!((&*one.id, one.day.as_deref(), &*one.key), ("a", Some("2026-11-22"), "k"), "{file:?}");
        assert!(one.amount.starts_with("12.5"), "{file:?}");
    }
    assert_eq!(accepted(&plain(r#""empty":true,"#), "id,day,key,amount\n").len(), 0);
}

#[test]
fn lines_before_the_header_are_passed_over() {
    let file = format!("Umsatz\u{e4}nderungen\n\"Konto\";\"DE02\"\n\n{PLAIN}");
    assert_eq!(accepted(&plain(r#""skip_lines":3,"#), file.clone()).len(), 1);
    assert_eq!(accepted(&plain(r#""skip_to":"id","#), file.clone()).len(), 1);
    assert_eq!(accepted(&plain(r#""skip_to":"id","#), file.replace("id,day", "\"id\",day")).len(), 1);
    let (_, _, detail) = refused(&plain(r#""skip_to":"Buchung","#), file.clone());
    assert_eq!(detail, "no line begins with the value `Buchung`, as the header would");
    let (_, _, detail) = refused(&plain(r#""skip_lines":30,"#), file);
    assert_eq!(detail, "it has fewer than the 30 lines that would stand before the header");
}

const KINDS: &str = r#"{"header":false,"delimiter":"|","quote":"",
    "rows":{"column":1,"record":["D"],"head":["H"],"trailer":["T"],"other":["C"]},
    "sign":{"field":5,"negative":["S"],"positive":["H"]},
    "totals":[{"count":{"trailer":2},"sum":{"trailer":3}}],
    "fields":{"id":{"join":[{"head":2},{"ordinal":true}]},"day":{"path":{"head":3},"date":"yyyyMMdd"},"key":2,"amount":3,"currency":4}}"#;
const KINDS_FILE: &str = "H|run-7|20261122\nC|a comment\nD|k1|12.50|EUR|H\nD|k\"2|2.50|EUR|S\nT|2|10.00\n";

#[test]
fn rows_of_several_kinds_are_told_apart() {
    let all = accepted(KINDS, KINDS_FILE);
    let [one, two] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&*one.id, one.day.as_deref(), &*one.amount), ("run-7/1", Some("2026-11-22"), "12.50"));
    assert_eq!((&*two.id, &*two.key, &*two.amount), ("run-7/2", "k\"2", "-2.50"));
    for (from, to, code, field, detail) in [
        ("T|2|", "T|3|", "wrong-total", "trailer/column 2", "`trailer/column 2`: it says 3, and there are 2"),
        (
            "10.00",
            "10.01",
            "wrong-total",
            "trailer/column 3",
            "`trailer/column 3`: it says 10.01, and the amounts in it add up to 10.00",
        ),
        ("T|2|10.00", "T|2|", "field-missing", "trailer/column 3", "`trailer/column 3`: it is missing"),
        ("T|2|10.00\n", "", "field-missing", "trailer", "`trailer` is missing: a row that says `T`"),
        ("H|run-7|20261122\n", "", "field-missing", "head", "`head` is missing: a row that says `H`"),
        (
            "|20261122",
            "|20261131",
            "wrong-date",
            "head/column 3",
            "`head/column 3`: it is a day that the calendar does not have",
        ),
        (
            "C|",
            "X|",
            "wrong-row",
            "line 2/column 1",
            "`line 2/column 1`: it is `X`, and would be one of `D`, `H`, `T`, `C`",
        ),
        ("EUR|S", "EUR|", "field-missing", "line 4/column 5", "`line 4/column 5`: it is missing"),
        ("EUR|S", "EUR|s", "wrong-sign", "line 4/column 5", "`line 4/column 5`: it would be `S` or `H`"),
        (
            "|2.50",
            "|-2.50",
            "wrong-amount",
            "line 4/column 3",
            "`line 4/column 3`: it has a sign, and another field says it; without one it would be right",
        ),
        ("C|a comment", "T|0|0", "wrong-row", "line 3/column 1", "`line 3/column 1`: it stands behind the trailer"),
        (
            "C|a comment",
            "H|x|20261122",
            "wrong-row",
            "line 2/column 1",
            "`line 2/column 1`: a head would stand once, before all records",
        ),
    ] {
        assert_eq!(
            refused(KINDS, KINDS_FILE.replacen(from, to, 1)),
            (code.into(), field.into(), detail.into()),
            "{to}"
        );
    }
}

#[test]
fn credits_and_debits_may_have_columns_of_their_own() {
    let config = r#"{"fields":{"id":"id","day":"day","key":"key","amount":{"credit":"in","debit":"out"},"currency":{"const":"EUR"}}}"#;
    let file = |credit: &str, debit: &str| format!("id,day,key,in,out\na,2026-11-22,k,{credit},{debit}\n");
    for (credit, debit, amount) in
        [("7.00", "", "7.00"), ("", "7.00", "-7.00"), ("0.00", "7.00", "-7.00"), ("7.00", "0", "7.00")]
    {
        assert_eq!(accepted(config, file(credit, debit))[0].amount, amount, "{credit} {debit}");
    }
    for (credit, debit, field) in [("7", "7", "line 2/out"), ("", "", "line 2/in"), ("", "-7", "line 2/out")] {
        assert_eq!(refused(config, file(credit, debit)).1, field, "{credit} {debit}");
    }
    let kept = config.replace("\"debit\":\"out\"", "\"debit\":\"out\",\"own\":\"kept\"");
    assert_eq!(accepted(&kept, file("", "-7.00"))[0].amount, "-7.00");
    assert_eq!(refused(&kept, file("", "7.00")).1, "line 2/out");
}

#[test]
fn times_have_the_offset_of_their_zone() {
    let config = r#"{"date":["dd.MM.yyyy HH:mm","iso"],"zone":"Europe/Berlin",
        "fields":{"id":"id","time":"time","key":"key","amount":"amount","currency":{"const":"EUR"}}}"#;
    let read = |time: &str| {
        let one = accepted(config, format!("id,time,key,amount\na,{time},k,1\n")).remove(0);
        (one.time, one.day.unwrap_or_default())
    };
    for (text, time, day) in [
        ("22.11.2026 19:20", "2026-11-22T19:20:00+01:00", "2026-11-22"),
        ("22.07.2026 19:20", "2026-07-22T19:20:00+02:00", "2026-07-22"),
        ("2026-11-22T23:30:00Z", "2026-11-22T23:30:00Z", "2026-11-23"),
        ("2026-11-22", "2026-11-22T00:00:00+01:00", "2026-11-22"),
    ] {
        assert_eq!(read(text), (time.into(), day.into()));
    }
    let (_, field, detail) = refused(config, "id,time,key,amount\na,29.03.2026 02:30,k,1\n");
    assert_eq!(
        (&*field, &*detail),
        ("line 2/time", "`line 2/time`: it is a time that clocks passed over in Europe/Berlin")
    );
}

#[test]
fn a_filter_leaves_out_what_it_says() {
    let file = "id,day,key,amount,state\na,2026-11-22,k,1,done\nb,2026-11-22,k,2,open\nc,2026-11-22,k,3,\n";
    let ids = |filter: &str, file: &str| -> String {
        let config = plain(&format!(r#""filter":[{{"field":"state",{filter}}}],"#));
        accepted(&config, file).into_iter().map(|one| one.id).collect()
    };
    let two = file.replace("c,2026-11-22,k,3,\n", "");
    assert_eq!(ids(r#""in":["done"]"#, &two), "a");
    assert_eq!(ids(r#""in":["done",""]"#, file), "ac");
    assert_eq!(ids(r#""not_in":["open"]"#, file), "ac");
    assert_eq!(ids(r#""not_in":["open",""]"#, file), "a");
    assert_eq!(ids(r#""in":["none"]"#, &two), "");
    let (code, field, _) = refused(&plain(r#""filter":[{"field":"state","in":["done"]}],"#), file);
    assert_eq!((&*code, &*field), ("field-missing", "line 4/state"));
}
