//! What the partner gets.

use tallygate_policy::{Accepted, Continuation};
use tallygate_policy::{Message, Outcome, Policy, Refusal, Reply};

use super::messages::{CAMT_053, PACS_004, PACS_008, PAIN_001, PAIN_008};
use super::policy;

const REPORT: &str = r#"{"reply":"pain.002"}"#;

fn message(body: &str) -> Message {
    Message::for_test(body).id("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").build()
}

/// The reply to a message, as the gateway would send it: `fault` puts refusals into words.
fn reply(config: &str, body: &str) -> Option<Reply> {
    let policy = policy(config);
    match policy.handle(message(body)).outcome {
        Outcome::Accept(Accepted { then: Continuation::Reply(reply), .. }) => Some(reply),
        Outcome::Reject(refusal) => policy.fault(message(body), refusal),
        other => panic!("{other:?}"),
    }
}

fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).expect("UTF-8")
}

#[test]
fn a_receipt_says_how_many_were_accepted() {
    for (config, body, right) in [
        ("", PAIN_001, "{\"accepted\":3}"),
        ("", CAMT_053, "{\"accepted\":3}"),
        (REPORT, CAMT_053, "{\"accepted\":3}"),
        (r#"{"kinds":[]}"#, PAIN_001, "{\"accepted\":0}"),
    ] {
        let reply = reply(config, body).expect("a reply");
        assert_eq!((reply.status, text(&reply)), (202, right));
        assert_eq!(&*reply.headers[0].value, b"application/json");
    }
    assert_eq!(reply("", &PAIN_001.replace("M-1", "")), None);
}

#[test]
fn a_report_says_that_the_message_was_taken() {
    let reply = reply(REPORT, PAIN_001).expect("a reply");
    assert_eq!((reply.status, &*reply.headers[0].value), (202, &b"application/xml; charset=utf-8"[..]));
    let right = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
        <GrpHdr><MsgId>0190a1b2c3d47e5f8a9b0c1d2e3f4a5b</MsgId><CreDtTm>2026-11-22T18:20:54Z</CreDtTm></GrpHdr>\
        <OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>\
        <GrpSts>ACTC</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>\n";
    assert_eq!(text(&reply), right);
}

#[test]
fn a_report_is_of_the_kind_and_version_that_go_with_the_message() {
    for (body, report) in [
        (PAIN_001.to_owned(), "pain.002.001.10\"><CstmrPmtStsRpt>"),
        (PAIN_001.replace("001.09", "001.03"), "pain.002.001.03\"><CstmrPmtStsRpt>"),
        (PAIN_008.to_owned(), "pain.002.001.03\"><CstmrPmtStsRpt>"),
        (PAIN_008.replace("001.02", "001.08"), "pain.002.001.10\"><CstmrPmtStsRpt>"),
        (PACS_008.to_owned(), "pacs.002.001.10\"><FIToFIPmtStsRpt>"),
        (PACS_008.replace("001.08", "001.02"), "pacs.002.001.03\"><FIToFIPmtStsRpt>"),
        (PACS_004.to_owned(), "pacs.002.001.10\"><FIToFIPmtStsRpt>"),
    ] {
        let reply = reply(REPORT, &body).expect("a reply");
        assert!(text(&reply).contains(report), "{}", text(&reply));
    }
}

#[test]
fn a_report_says_what_was_wrong() {
    for (from, to, reason, words) in [
        ("111.75", "111.76", "AM10", "`GrpHdr/CtrlSum`: it says 111.76, and the amounts in it add up to 111.75"),
        ("<NbOfTxs>3", "<NbOfTxs>4", "AM18", "`GrpHdr/NbOfTxs`: it says 4, and there are 3"),
        (
            "100.00<",
            "100.001<",
            "AM12",
            "`PmtInf[1]/CdtTrfTxInf[1]/Amt/InstdAmt`: it has more digits behind the point than EUR, which has 2",
        ),
        (
            "\"EUR\">100",
            "\"EUX\">100",
            "AM11",
            "`PmtInf[1]/CdtTrfTxInf[1]/Amt/InstdAmt/@Ccy`: `EUX` is no currency of ISO 4217, such as EUR",
        ),
        (
            "<Dt>2026-11-23",
            "<Dt>2026-11-31",
            "DT01",
            "`PmtInf[1]/ReqdExctnDt/Dt`: it is a day that the calendar does not have",
        ),
        ("<EndToEndId>E-2</EndToEndId>", "", "NARR", "`PmtInf[1]/CdtTrfTxInf[2]/PmtId/EndToEndId` is missing"),
    ] {
        let reply = reply(REPORT, &PAIN_001.replace(from, to)).expect("a reply");
        assert_eq!(reply.status, 422);
        let text = text(&reply);
        let told: String =
            text.split("<AddtlInf>").skip(1).map(|part| part.split("</AddtlInf>").next().expect("an end")).collect();
        assert_eq!(told, words);
        assert!(
            text.contains("<GrpSts>RJCT</GrpSts><StsRsnInf>") && text.contains(&format!("<Cd>{reason}</Cd>")),
            "{text}"
        );
        assert!(
            text.split("<AddtlInf>").skip(1).all(|part| part.split('<').next().expect("a text").chars().count() <= 105)
        );
    }
}

#[test]
fn what_cannot_be_made_out_or_may_yet_be_taken_has_no_report() {
    let policy = policy(REPORT);
    let refusal = |status| Refusal::new(status, "x", "y");
    let told = |status, body: &str| policy.fault(message(body), refusal(status)).map(|reply| reply.status);
    assert_eq!((told(422, PAIN_001), told(413, PAIN_001)), (Some(422), Some(413)));
    for status in [401, 403, 429, 500, 503] {
        assert_eq!(told(status, PAIN_001), None, "{status}");
    }
    for body in ["", "<a/>", "{}", CAMT_053] {
        assert_eq!(told(422, body), None, "{body}");
    }
    assert_eq!(told(422, &PAIN_001.replace("</Document>", "")), Some(422));
}

#[test]
fn what_the_gateway_refuses_of_a_transaction_is_told_by_its_place_in_the_message() {
    let told = |config: &str, body: &str, field: &str| {
        let refusal = Refusal::new(422, "transaction-not-valid", "must lie between two days").at(field);
        policy(config).fault(message(body), refusal)
    };
    for (body, field, place) in [
        (PAIN_001, "transactions/0/day", "PmtInf[1]/ReqdExctnDt"),
        (PAIN_001, "transactions/2/time", "PmtInf[2]/ReqdExctnDt"),
        (PAIN_001, "transactions/1/key", "PmtInf[1]/DbtrAcct/Id"),
        (PAIN_001, "transactions/1/amount", "PmtInf[1]/CdtTrfTxInf[2]/Amt/InstdAmt"),
        (PAIN_001, "transactions/1/currency", "PmtInf[1]/CdtTrfTxInf[2]/Amt/InstdAmt/@Ccy"),
        (PAIN_001, "transactions/1/id", "PmtInf[1]/CdtTrfTxInf[2]/PmtId/EndToEndId"),
        (PACS_008, "transactions/1/day", "CdtTrfTxInf[2]/IntrBkSttlmDt"),
        (PACS_008, "transactions/1/key", "CdtTrfTxInf[2]/CdtrAcct/Id"),
        (PACS_004, "transactions/1/key", "TxInf[2]/OrgnlTxRef"),
        (PACS_004, "transactions/1/amount", "TxInf[2]/RtrdIntrBkSttlmAmt"),
        (CAMT_053, "transactions/2/day", "Stmt[1]/Ntry[3]/BookgDt"),
        (CAMT_053, "transactions/2/key", "Stmt[1]/Acct/Id"),
        (CAMT_053, "transactions/2/id", "Stmt[1]/Ntry[3]"),
    ] {
        let reply = told("", body, field).expect("a reply");
        assert!(text(&reply).contains(&format!("\"field\":\"{place}\"")), "{}", text(&reply));
    }
    let report = told(REPORT, PAIN_001, "transactions/2/day").expect("a report");
    assert!(text(&report).contains("<AddtlInf>`PmtInf[2]/ReqdExctnDt`: must lie between two days</AddtlInf>"));
    for other in ["x-api-key", "transactions/9/day", "transactions/x/day", "transactions"] {
        assert_eq!(told("", PAIN_001, other), None, "{other}");
    }
}
