//! What a partner gets: a receipt, or a status report in the terms of ISO 20022.

use tallygate_policy::xml::{decode, escape};
use tallygate_policy::{Message, Refusal, Reply};

use crate::document::{self, Identity};
use crate::errors::once;
use crate::reading::reader;
use crate::settings::{ReplyForm, Settings};

/// The longest id of a message, by the schemas.
const ID_CHARACTERS: usize = 35;
/// The longest piece of what a report says in words, by the schemas.
const TEXT_CHARACTERS: usize = 105;

/// The message that a report is of.
struct Original {
    name: String,
    message_id: String,
    report: Report,
}

/// The kind of report that answers a message, in the version that goes with the message's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Report {
    name: &'static str,
    message: &'static str,
}

/// The reply to a message of which so many transactions were taken.
pub(crate) fn accepted(message: &Message, settings: &Settings, count: usize) -> Reply {
    let original = (settings.reply == ReplyForm::StatusReport).then(|| Original::of(&message.body)).flatten();
    match original {
        Some(original) => Reply::new(202, XML, original.report(message, "ACTC", None)),
        None => Reply::json(202, receipt(count)),
    }
}

/// The reply to a message that was refused; none where no report is due, or the refusal does not say that the message is wrong:
/// then sending it again may help.
pub(crate) fn refused(message: &Message, settings: &Settings, refusal: &Refusal) -> Option<Reply> {
    if settings.reply == ReplyForm::Receipt || !matches!(refusal.status, 400 | 413 | 415 | 422) {
        return None;
    }
    let original = Original::of(&message.body)?;
    Some(Reply::new(refusal.status, XML, original.report(message, "RJCT", Some(refusal))))
}

const XML: &str = "application/xml; charset=utf-8";

impl Original {
    /// What can be made out of a message, right or wrong; none of one that has no report.
    fn of(body: &[u8]) -> Option<Self> {
        let document = decode(body).ok()?;
        let (identity, mut cursor) = document::enter(reader(&document).ok()?).ok()?;
        let report = Report::for_message(&identity)?;
        let mut message_id = None;
        while cursor.child().ok()? != Some("GrpHdr") {
            cursor.skip().ok()?;
        }
        while message_id.is_none() {
            match cursor.child().ok()?? {
                "MsgId" => once(&mut message_id, cursor.text("MsgId").ok()?, "MsgId").ok()?,
                _ => cursor.skip().ok()?,
            }
        }
        let message_id = message_id?.chars().take(ID_CHARACTERS).collect();
        Some(Self { name: identity.name.to_owned(), message_id, report })
    }

    fn report(&self, message: &Message, status: &str, refusal: Option<&Refusal>) -> String {
        let Report { name, message: element } = self.report;
        let id: String = message.id.chars().filter(|letter| *letter != '-').take(ID_CHARACTERS).collect();
        let mut report = String::with_capacity(1024);
        let mut write = |parts: &[&str]| parts.iter().for_each(|part| report.push_str(part));
        write(&["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:", name]);
        write(&["\"><", element, "><GrpHdr><MsgId>", &escaped(&id), "</MsgId><CreDtTm>", &message.received]);
        write(&["</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>", &escaped(&self.message_id)]);
        write(&["</OrgnlMsgId><OrgnlMsgNmId>", &self.name, "</OrgnlMsgNmId><GrpSts>", status, "</GrpSts>"]);
        if let Some(refusal) = refusal {
            write(&["<StsRsnInf><Rsn><Cd>", reason(refusal), "</Cd></Rsn>"]);
            let letters: Vec<char> = words(refusal).chars().collect();
            for piece in letters.chunks(TEXT_CHARACTERS) {
                write(&["<AddtlInf>", &escaped(&piece.iter().collect::<String>()), "</AddtlInf>"]);
            }
            write(&["</StsRsnInf>"]);
        }
        write(&["</OrgnlGrpInfAndSts></", element, "></Document>\n"]);
        report
    }
}

impl Report {
    fn for_message(identity: &Identity<'_>) -> Option<Self> {
        let (name, message) = match (identity.kind.name, identity.version) {
            ("pain.001", ..=8) | ("pain.008", ..=7) => ("pain.002.001.03", "CstmrPmtStsRpt"),
            ("pain.001" | "pain.008", _) => ("pain.002.001.10", "CstmrPmtStsRpt"),
            ("pacs.008" | "pacs.003", ..=7) | ("pacs.004", ..=8) => ("pacs.002.001.03", "FIToFIPmtStsRpt"),
            ("pacs.008" | "pacs.003" | "pacs.004", _) => ("pacs.002.001.10", "FIToFIPmtStsRpt"),
            _ => return None,
        };
        Some(Self { name, message })
    }
}

/// The refusal in words, with the field at the front where they do not name it already.
fn words(refusal: &Refusal) -> String {
    match &refusal.field {
        Some(field) if !refusal.detail.contains(field.as_str()) => format!("`{field}`: {}", refusal.detail),
        _ => refusal.detail.clone(),
    }
}

/// The code of ISO 20022's external list of status reasons.
fn reason(refusal: &Refusal) -> &'static str {
    let field = refusal.field.as_deref().unwrap_or_default();
    match &*refusal.code {
        "wrong-total" if field.ends_with("NbOfTxs") => "AM18",
        "wrong-total" => "AM10",
        "wrong-currency" => "AM11",
        "wrong-amount" => "AM12",
        "wrong-date" => "DT01",
        "xml-not-well-formed" | "xml-not-taken" | "wrong-document" => "FF01",
        _ => "NARR",
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(text, &mut escaped);
    escaped
}

/// How many were accepted, written without the machinery of formatting, which each message would pay for.
fn receipt(count: usize) -> String {
    let mut written = String::with_capacity(40);
    written.push_str("{\"accepted\":");
    for place in (0..=count.checked_ilog10().unwrap_or_default()).rev() {
        written.push(char::from(b'0' + (count / 10_usize.pow(place) % 10) as u8));
    }
    written.push('}');
    written
}
