//! What is sent back: envelopes of SOAP 1.1 in the service's own terms.

use tallygate_policy::xml::escape;
use tallygate_policy::{Refusal, Reply};

use crate::invoice::{Invoice, is_uuid};
use crate::request::Envelope;
use crate::zagreb::Local;

/// The `Id` of the element that is signed.
pub(crate) const ELEMENT_ID: &str = "odgovor";

const OPEN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>";
const CLOSE: &str = "</soap:Body></soap:Envelope>";

/// The longest text of an error, by the schema.
const ERROR_CHARACTERS: usize = 500;

pub(crate) fn reply(status: u16, document: String) -> Reply {
    Reply::new(status, "text/xml; charset=utf-8", document)
}

/// The text that was sent, as the service answers it.
pub(crate) fn echo(text: &str) -> String {
    let mut document = String::with_capacity(OPEN.len() + 2 * text.len() + 200);
    document.push_str(OPEN);
    document.push_str("<tns:EchoResponse xmlns:tns=\"http://www.apis-it.hr/fin/2012/types/f73\">");
    escape(text, &mut document);
    document.push_str("</tns:EchoResponse>");
    document.push_str(CLOSE);
    document
}

/// An invoice was taken.
pub(crate) fn accepted(invoice: &Invoice<'_>, received: &str, jir: &str) -> String {
    let answer = if invoice.upon_document { "RacunPDOdgovor" } else { "RacunOdgovor" };
    answered(answer, &invoice.id_poruke, received, &["<tns:Jir>", jir, "</tns:Jir>"])
}

/// A request was refused. Codes that are not the service's own become its code for failures of the system.
pub(crate) fn errors(envelope: &Envelope, received: &str, refusal: &Refusal) -> String {
    let (code, phrase) = match &*refusal.code {
        "s001" => ("s001", "Poruka nije u skladu s XML shemom"),
        "s005" => ("s005", "OIB iz poruke zahtjeva nije jednak OIB-u iz certifikata"),
        _ => ("s006", "Sistemska pogreška prilikom obrade zahtjeva"),
    };
    let text: String = format!("{phrase}: {}", refusal.detail).chars().take(ERROR_CHARACTERS).collect();
    let id_poruke = envelope.id_poruke.as_deref().filter(|id| is_uuid(id)).unwrap_or_default();
    let mut escaped = String::new();
    escape(&text, &mut escaped);
    let greske = [
        "<tns:Greske><tns:Greska><tns:SifraGreske>",
        code,
        "</tns:SifraGreske><tns:PorukaGreske>",
        &escaped,
        "</tns:PorukaGreske></tns:Greska></tns:Greske>",
    ];
    answered(envelope.answer.unwrap_or("RacunOdgovor"), id_poruke, received, &greske)
}

fn answered(element: &str, id_poruke: &str, received: &str, content: &[&str]) -> String {
    let now = Local::at(received).map(|local| local.written()).unwrap_or_default();
    let before = [
        OPEN,
        "<tns:",
        element,
        " xmlns:tns=\"http://www.apis-it.hr/fin/2012/types/f73\" Id=\"odgovor\"><tns:Zaglavlje><tns:IdPoruke>",
        id_poruke,
        "</tns:IdPoruke><tns:DatumVrijeme>",
        &now,
        "</tns:DatumVrijeme></tns:Zaglavlje>",
    ];
    let after = ["</tns:", element, ">", CLOSE];
    let parts = before.iter().chain(content).chain(&after);
    let mut document = String::with_capacity(parts.clone().map(|part| part.len()).sum());
    parts.for_each(|part| document.push_str(part));
    document
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A UUID of version 8 made of the first 16 bytes.
pub(crate) fn uuid(bytes: &[u8]) -> Option<String> {
    let mut bytes: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut uuid = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            uuid.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    Some(uuid)
}
