//! The refusals that the errors of this crate become by `?`, with their statuses and codes.

use crate::currency::CurrencyError;
use crate::date::DateError;
use crate::decimal::DecimalError;
use crate::world::tallygate::policy::types::Refusal;
use crate::xml::{FieldError, FieldFault, XmlError, XmlErrorKind};

/// 400 `xml-not-well-formed`, or 422 `xml-not-taken`.
impl From<XmlError> for Refusal {
    fn from(error: XmlError) -> Self {
        let (status, code) = match error.kind {
            XmlErrorKind::NotWellFormed => (400, "xml-not-well-formed"),
            XmlErrorKind::NotTaken => (422, "xml-not-taken"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// 422 `wrong-amount`.
impl From<DecimalError> for Refusal {
    fn from(error: DecimalError) -> Self {
        Self::new(422, "wrong-amount", error.to_string())
    }
}

/// 422 `wrong-currency`, or `wrong-amount` where the amount has digits that its currency has not.
impl From<CurrencyError> for Refusal {
    fn from(error: CurrencyError) -> Self {
        let code = match error {
            CurrencyError::Unknown(_) => "wrong-currency",
            CurrencyError::TooFine(_) => "wrong-amount",
        };
        Self::new(422, code, error.to_string())
    }
}

/// 422 `wrong-date`.
impl From<DateError> for Refusal {
    fn from(error: DateError) -> Self {
        Self::new(422, "wrong-date", error.to_string())
    }
}

/// With the path for the field: 422 `field-missing`, `field-twice`, or the code of what was wrong with the value; of what
/// is not taken as XML, that refusal.
impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        let detail = error.to_string();
        let refusal = match error.fault {
            FieldFault::Missing => Self::new(422, "field-missing", detail),
            FieldFault::Twice => Self::new(422, "field-twice", detail),
            FieldFault::Wrong { code, .. } => Self::new(422, &code, detail),
            FieldFault::Xml(error) => error.into(),
        };
        if error.path.is_empty() { refusal } else { refusal.at(error.path) }
    }
}

#[cfg(test)]
mod tests {
    use crate::decimal::Decimal;
    use crate::xml::{FieldError, Paths, Reader};
    use crate::{Refusal, date};

    type Told = (u16, String, String, Option<String>);

    fn told<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Told {
        let Refusal { status, code, detail, field, .. } = result.expect_err("a refusal");
        (status, code, detail, field)
    }

    fn right(status: u16, code: &str, detail: &str, field: Option<&str>) -> Told {
        (status, code.into(), detail.into(), field.map(Into::into))
    }

    fn root(document: &str) -> Result<String, Refusal> {
        let mut reader = Reader::new(document.as_bytes())?;
        Ok(reader.root()?.local.to_owned())
    }

    #[test]
    fn xml_that_nobody_can_read_is_told_from_xml_that_is_not_taken() {
        assert_eq!(told(root("x")), right(400, "xml-not-well-formed", "no root element, at line 1, column 1", None));
        let detail = "a comment, which is not taken, at line 1, column 1";
        assert_eq!(told(root("<!-- --><a/>")), right(422, "xml-not-taken", detail, None));
    }

    #[test]
    fn amounts_and_dates_have_codes_of_their_own() {
        let amount = || -> Result<Decimal, Refusal> { Ok(Decimal::parse("1,5")?) };
        let detail = "it is no plain decimal, such as 12.50, without exponent or `+`";
        assert_eq!(told(amount()), right(422, "wrong-amount", detail, None));
        let day = || -> Result<String, Refusal> { Ok(date::written(date::parse("22.11.2026")?)) };
        assert_eq!(told(day()), right(422, "wrong-date", "it is no date, such as 2026-11-22", None));
    }

    #[test]
    fn a_field_is_named() {
        let paths = Paths::new(&[], ["Oib", "Iznos", "Datum"]).expect("paths").within("Racun");
        let read = |document: &str| -> Result<(), Refusal> {
            let mut reader = Reader::new(document.as_bytes())?;
            reader.root()?;
            let [oib, amount, day] = paths.read(&mut reader)?;
            oib.checked(|oib| oib.len() == 11, "11 digits")?;
            amount.read(Decimal::parse)?;
            day.read_optional(date::parse)?;
            Ok(())
        };
        let good = "<r><Oib>12345678901</Oib><Iznos>1.00</Iznos></r>";
        assert_eq!(read(good), Ok(()));
        let oib = Some("Racun/Oib");
        for (from, to, answer) in [
            ("<Oib>12345678901</Oib>", "", right(422, "field-missing", "`Racun/Oib` is missing", oib)),
            ("<Oib>", "<Oib/><Oib>", right(422, "field-twice", "`Racun/Oib` stands twice", oib)),
            ("678901", "", right(422, "wrong-field", "`Racun/Oib`: it would be 11 digits", oib)),
            (
                "1.00",
                "1",
                right(
                    422,
                    "wrong-date",
                    "`Racun/Datum`: it is a day that the calendar does not have",
                    Some("Racun/Datum"),
                ),
            ),
            (
                "1.00",
                "1e2",
                right(
                    422,
                    "wrong-amount",
                    "`Racun/Iznos`: it is no plain decimal, such as 12.50, without exponent or `+`",
                    Some("Racun/Iznos"),
                ),
            ),
            (
                "1.00",
                "<b/>",
                right(
                    422,
                    "xml-not-taken",
                    "an element where only text may stand, at line 1, column 33",
                    Some("Racun/Iznos"),
                ),
            ),
            (
                "</r>",
                "</x>",
                right(
                    400,
                    "xml-not-well-formed",
                    "the end tag `</x>` where `</r>` would be right, at line 1, column 45",
                    Some("Racun"),
                ),
            ),
        ] {
            let more = if answer.1 == "wrong-date" { "<Datum>2026-11-31</Datum></r>" } else { "</r>" };
            assert_eq!(told(read(&good.replace("</r>", more).replace(from, to))), answer, "{to}");
        }
        let of_no_path = Refusal::from(FieldError::wrong("", "it is not expected"));
        assert_eq!(told::<()>(Err(of_no_path)), right(422, "wrong-field", "it is not expected", None));
    }
}
