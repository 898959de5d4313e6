//! The fields of a message that are more than a text: accounts, days and amounts.

use std::borrow::Cow;

use tallygate_policy::currency::{Currencies, Currency};
use tallygate_policy::date::{self, UtcOffset};
use tallygate_policy::decimal::{self, Decimal, Format};
use tallygate_policy::xml::{FieldError, FieldFault};

use crate::cursor::Cursor;
use crate::errors::{missing, once, there, unreadable};

/// A day as it was stated, and as a time.
#[derive(Clone)]
pub(crate) struct When {
    pub(crate) day: String,
    /// RFC 3339: of a bare day its midnight; in UTC, where no offset was stated.
    pub(crate) time: String,
}

/// An amount as it was stated, which is never below 0.
pub(crate) struct Money<'a> {
    text: Cow<'a, str>,
    pub(crate) amount: Decimal,
    pub(crate) currency: Currency,
}

/// The account that the cursor stands in: its `Id/IBAN`, else `Id/Othr/Id`.
pub(crate) fn account<'a>(cursor: &mut Cursor<'a>, path: &str) -> Result<Cow<'a, str>, FieldError> {
    let mut read = || {
        let mut id = None;
        while let Some(name) = cursor.child()? {
            match name {
                "Id" => once(&mut id, account_id(cursor).map_err(|error| error.within(name))?, name)?,
                _ => cursor.skip()?,
            }
        }
        there(id, "Id")
    };
    read().map_err(|error| error.within(path))
}

fn account_id<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, FieldError> {
    let (mut iban, mut other) = (None, None);
    while let Some(name) = cursor.child()? {
        match name {
            "IBAN" => once(&mut iban, cursor.text("IBAN")?, "IBAN")?,
            "Othr" => {
                let mut id = None;
                while let Some(name) = cursor.child()? {
                    match name {
                        "Id" => once(&mut id, cursor.text("Othr/Id")?, "Othr/Id")?,
                        _ => cursor.skip()?,
                    }
                }
                once(&mut other, there(id, "Othr/Id")?, "Othr")?;
            }
            _ => cursor.skip()?,
        }
    }
    match (iban, other) {
        (Some(_), Some(_)) => {
            Err(FieldError::wrong("Othr", "it stands beside an IBAN, and an account has one of them"))
        }
        (Some(iban), None) if !is_iban(&iban) => {
            Err(FieldError::wrong("IBAN", "it would be two capital letters, two digits and up to 30 letters or digits"))
        }
        (Some(id), None) | (None, Some(id)) => Ok(id),
        (None, None) => {
            let detail = "it is missing, and so is Othr/Id; an account is told by one of them".to_owned();
            Err(FieldError {
                path: "IBAN".to_owned(),
                fault: FieldFault::Wrong { code: "field-missing".to_owned(), detail },
            })
        }
    }
}

/// Whether a text has the form of an IBAN, as the schemas have it.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    (5..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(u8::is_ascii_alphanumeric)
}

/// The day that the cursor stands in: a text, or one of `Dt` and `DtTm`.
pub(crate) fn when(cursor: &mut Cursor<'_>, path: &str) -> Result<When, FieldError> {
    if !cursor.child_follows().map_err(|error| error.within(path))? {
        let text = cursor.text(path)?;
        return day(&text, path);
    }
    let mut read = None;
    let choice = |error: FieldError| error.within(path);
    while let Some(name) = cursor.child().map_err(choice)? {
        let value = match name {
            "Dt" => cursor.text(name).and_then(|text| day(&text, name)),
            "DtTm" => cursor.text(name).and_then(|text| day_and_time(&text, name)),
            _ => {
                cursor.skip().map_err(choice)?;
                continue;
            }
        };
        once(&mut read, value.map_err(choice)?, name).map_err(choice)?;
    }
    read.ok_or_else(|| missing("Dt").within(path))
}

fn day(text: &str, path: &str) -> Result<When, FieldError> {
    let (date, offset) = date::parse_xsd(text).map_err(|error| unreadable(path, error))?;
    let time = date::rfc3339(date.midnight(), offset.unwrap_or(UtcOffset::UTC));
    Ok(When { day: date::written(date), time })
}

fn day_and_time(text: &str, path: &str) -> Result<When, FieldError> {
    let read = date::parse_date_time(text).map_err(|error| unreadable(path, error))?;
    // Midnight may be written as the hour 24 of the day before, so the day is that of the time.
    Ok(When { day: date::written(read.local.date()), time: read.rfc3339(UtcOffset::UTC) })
}

/// The amount that the cursor stands in, with its attribute `Ccy`.
pub(crate) fn money<'a>(cursor: &mut Cursor<'a>, currencies: &Currencies, path: &str) -> Result<Money<'a>, FieldError> {
    let code = cursor.attribute("Ccy").ok_or_else(|| missing("@Ccy").within(path))?;
    let currency = currencies.find(code).map_err(|error| unreadable("@Ccy", error).within(path))?;
    let text = cursor.text(path)?;
    let amount = figure(&text, path)?;
    currency.check(amount).map_err(|error| unreadable(path, error))?;
    Ok(Money { text, amount, currency })
}

/// A figure of the message, which is never below 0.
pub(crate) fn figure(text: &str, path: &str) -> Result<Decimal, FieldError> {
    let amount = Format::XSD.parse(text).map_err(|error| unreadable(path, error))?;
    if amount.is_negative() {
        let detail = "it is below 0, where all amounts are written without a sign".to_owned();
        return Err(FieldError {
            path: path.to_owned(),
            fault: FieldFault::Wrong { code: "wrong-amount".to_owned(), detail },
        });
    }
    Ok(amount)
}

/// How many of something the message says there are.
pub(crate) fn count(text: &str, path: &str) -> Result<u64, FieldError> {
    // Up to 15 digits, by the schemas.
    let is_number = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.ok_or_else(|| FieldError::wrong(path, "it would be a number of at most 15 digits"))
}

impl Money<'_> {
    /// The amount for a transaction, as it was stated where that is plain.
    pub(crate) fn signed(&self, is_negative: bool) -> String {
        let sign = if is_negative && !self.amount.is_zero() { "-" } else { "" };
        if decimal::check(&self.text).is_ok() && !self.text.starts_with('-') {
            return [sign, &self.text].concat();
        }
        [sign, &self.amount.to_string()].concat()
    }

    /// The amount without zeros that make no difference, so that the same one always looks the same.
    pub(crate) fn shortest(&self) -> Cow<'_, str> {
        let is_plain = decimal::check(&self.text).is_ok() && !self.text.starts_with('-');
        if !is_plain {
            let written = self.amount.to_string();
            return Cow::Owned(shortest(&written).to_owned());
        }
        Cow::Borrowed(shortest(&self.text))
    }
}

/// A plain decimal without the zeros around it: `07.50` is `7.5`, and `0.00` is `0`.
fn shortest(text: &str) -> &str {
    let end = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    let begin = end.trim_start_matches('0');
    let keep = usize::from(begin.is_empty() || begin.starts_with('.'));
    &end[end.len() - begin.len() - keep..]
}

#[cfg(test)]
mod tests {
    use super::{is_iban, shortest};

    #[test]
    fn the_same_amount_looks_the_same() {
        for (text, short) in [
            ("8.85", "8.85"),
            ("8.850", "8.85"),
            ("007.50", "7.5"),
            ("100", "100"),
            ("100.00", "100"),
            ("0.00", "0"),
            ("0", "0"),
            ("00.5", "0.5"),
            ("000", "0"),
        ] {
            assert_eq!(shortest(text), short, "{text}");
        }
    }

    #[test]
    fn ibans_have_a_form() {
        assert!(is_iban("HR1210010051863000160") && is_iban("MT84MALT011000012345MTLCAST001S"));
        for text in ["", "HR", "HR12", "hr1210010051863000160", "HR12 1001 0051", "H11210010051863000160"] {
            assert!(!is_iban(text), "{text}");
        }
    }
}
