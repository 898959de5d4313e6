//! One invoice: what is read of it, checked field by field, and the transaction it becomes.

use std::borrow::Cow;

use tallygate_policy::xml::{Reader, XmlError};
use tallygate_policy::{Refusal, Transaction};

use crate::namespaces::{F73, XMLDSIG};
use crate::refusals::{malformed, once, wrong};
use crate::zagreb::Local;

type Text<'a> = Cow<'a, str>;

/// An invoice with all that is needed of it.
#[derive(Debug)]
pub(crate) struct Invoice<'a> {
    /// Whether it was a `RacunPDZahtjev`, an invoice upon an accompanying document.
    pub(crate) upon_document: bool,
    pub(crate) id_poruke: Text<'a>,
    racun: Racun<'a>,
}

#[derive(Debug)]
struct Racun<'a> {
    oib: Text<'a>,
    time: Local,
    number: String,
    amount: Text<'a>,
    payment: Text<'a>,
    zast_kod: Text<'a>,
}

impl<'a> Invoice<'a> {
    /// Reads what is in a `RacunZahtjev` or `RacunPDZahtjev`.
    pub(crate) fn read(reader: &mut Reader<'a>, upon_document: bool) -> Result<Self, Refusal> {
        let (mut id_poruke, mut racun, mut signatures) = (None, None, None);
        while let Some(child) = reader.child().map_err(malformed)? {
            match (child.namespace, child.local) {
                (F73, "Zaglavlje") => once(&mut id_poruke, read_header(reader)?, "Zaglavlje")?,
                (F73, "Racun") => once(&mut racun, Racun::read(reader)?, "Racun")?,
                (XMLDSIG, "Signature") => {
                    once(&mut signatures, (), "Signature")?;
                    reader.skip().map_err(malformed)?;
                }
                (_, other) => return Err(wrong(other, "it is not expected here")),
            }
        }
        Ok(Self { upon_document, id_poruke: there(id_poruke, "Zaglavlje")?, racun: there(racun, "Racun")? })
    }

    /// The identity of the transaction within its partner and policy: the issuer's protection code.
    pub(crate) fn id(&self) -> &str {
        &self.racun.zast_kod
    }

    pub(crate) fn oib(&self) -> &str {
        &self.racun.oib
    }

    pub(crate) fn transaction(self) -> Result<Transaction, Refusal> {
        let Racun { oib, time, number, amount, payment, zast_kod } = self.racun;
        let attribute = |name: &str, value: String| (name.to_owned(), value);
        Ok(Transaction {
            id: zast_kod.into_owned(),
            time: time.rfc3339(),
            day: Some(time.date()),
            key: oib.into_owned(),
            amount: amount.strip_prefix('+').unwrap_or(&amount).to_owned(),
            currency: if time.is_before_the_euro() { "HRK" } else { "EUR" }.to_owned(),
            kind: if self.upon_document { "hr.racun.pd" } else { "hr.racun" }.to_owned(),
            attributes: vec![
                attribute("IdPoruke", self.id_poruke.into_owned()),
                attribute("BrRac", number),
                attribute("NacinPlac", payment.into_owned()),
            ],
        })
    }
}

impl<'a> Racun<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Refusal> {
        let (mut oib, mut time, mut number, mut amount, mut payment, mut zast_kod) =
            (None, None, None, None, None, None);
        while let Some(child) = reader.child().map_err(malformed)? {
            if child.namespace != F73 {
                return Err(wrong(&format!("Racun/{}", child.local), "it is of another namespace"));
            }
            match child.local {
                "Oib" => once(&mut oib, text(reader, "Racun/Oib")?, "Racun/Oib")?,
                "DatVrijeme" => once(&mut time, text(reader, "Racun/DatVrijeme")?, "Racun/DatVrijeme")?,
                "BrRac" => once(&mut number, read_number(reader)?, "Racun/BrRac")?,
                "IznosUkupno" => once(&mut amount, text(reader, "Racun/IznosUkupno")?, "Racun/IznosUkupno")?,
                "NacinPlac" => once(&mut payment, text(reader, "Racun/NacinPlac")?, "Racun/NacinPlac")?,
                "ZastKod" => once(&mut zast_kod, text(reader, "Racun/ZastKod")?, "Racun/ZastKod")?,
                _ => reader.skip().map_err(malformed)?,
            }
        }
        Ok(Self {
            oib: checked(oib, "Racun/Oib", is_oib, "11 digits")?,
            time: Local::parse(&there(time, "Racun/DatVrijeme")?)
                .ok_or_else(|| wrong("Racun/DatVrijeme", "it would be a day and time such as 22.11.2026T19:20:54"))?,
            number: there(number, "Racun/BrRac")?,
            amount: checked(amount, "Racun/IznosUkupno", is_amount, "1 to 15 digits, a point and 2 digits")?,
            payment: checked(
                payment,
                "Racun/NacinPlac",
                |text| matches!(text, "G" | "K" | "C" | "T" | "O"),
                "G, K, C, T or O",
            )?,
            zast_kod: checked(zast_kod, "Racun/ZastKod", is_zast_kod, "32 hexadecimal digits in lower case")?,
        })
    }
}

/// Whether a text has the form of an OIB.
pub(crate) fn is_oib(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The schema's pattern of an UUID, which lets no capitals in.
pub(crate) fn is_uuid(text: &str) -> bool {
    let hyphen = |index| matches!(index, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| if hyphen(index) { byte == b'-' } else { is_lower_hex(byte) })
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_zast_kod(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(is_lower_hex)
}

/// The schema's pattern of an amount: `[+-]?[0-9]{1,15}\.[0-9]{2}`.
fn is_amount(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix(['+', '-']).unwrap_or(text).split_once('.').is_some_and(|(integer, fraction)| {
        (1..=15).contains(&integer.len()) && fraction.len() == 2 && digits(integer) && digits(fraction)
    })
}

fn read_header<'a>(reader: &mut Reader<'a>) -> Result<Text<'a>, Refusal> {
    let mut id_poruke = None;
    while let Some(child) = reader.child().map_err(malformed)? {
        match (child.namespace, child.local) {
            (F73, "IdPoruke") => once(&mut id_poruke, text(reader, "Zaglavlje/IdPoruke")?, "Zaglavlje/IdPoruke")?,
            _ => reader.skip().map_err(malformed)?,
        }
    }
    checked(id_poruke, "Zaglavlje/IdPoruke", is_uuid, "a UUID in lower case")
}

/// The number as it is printed on the invoice: its own, the premises' and the till's.
fn read_number(reader: &mut Reader<'_>) -> Result<String, Refusal> {
    let (mut own, mut premises, mut till) = (None, None, None);
    while let Some(child) = reader.child().map_err(malformed)? {
        match (child.namespace, child.local) {
            (F73, "BrOznRac") => once(&mut own, text(reader, "BrRac/BrOznRac")?, "BrRac/BrOznRac")?,
            (F73, "OznPosPr") => once(&mut premises, text(reader, "BrRac/OznPosPr")?, "BrRac/OznPosPr")?,
            (F73, "OznNapUr") => once(&mut till, text(reader, "BrRac/OznNapUr")?, "BrRac/OznNapUr")?,
            (_, other) => return Err(wrong(&format!("BrRac/{other}"), "it is not expected here")),
        }
    }
    let short = |text: &str| (1..=20).contains(&text.len());
    let own = checked(own, "BrRac/BrOznRac", short, "1 to 20 digits")?;
    let premises = checked(premises, "BrRac/OznPosPr", short, "1 to 20 characters")?;
    let till = checked(till, "BrRac/OznNapUr", short, "1 to 20 characters")?;
    Ok([&*own, &*premises, &*till].join("/"))
}

fn text<'a>(reader: &mut Reader<'a>, field: &str) -> Result<Text<'a>, Refusal> {
    reader.text().map_err(|error: XmlError| malformed(error).at(field))
}

fn there<T>(value: Option<T>, field: &str) -> Result<T, Refusal> {
    value.ok_or_else(|| wrong(field, "it is missing"))
}

fn checked<'a>(
    value: Option<Text<'a>>,
    field: &str,
    is_right: fn(&str) -> bool,
    right: &str,
) -> Result<Text<'a>, Refusal> {
    let value = there(value, field)?;
    if !is_right(&value) {
        return Err(wrong(field, &format!("it would be {right}")));
    }
    Ok(value)
}
