//! Amounts as countries and XML Schema write them: with a decimal comma, their thousands set apart, or a plus sign.

use super::{BLANKS, Decimal, DecimalError};
use crate::scan;

/// How an amount is written: which sign stands before the fraction, and what sets thousands apart.
///
/// ```
/// use tallygate_policy::decimal::Format;
///
/// const CROATIAN: Format = Format::COMMA.with_thousands('.');
/// for written in ["1234567,5", "1.234.567,50"] {
///     assert_eq!(CROATIAN.parse(written)?.to_string(), "1234567.50");
/// }
/// assert!(CROATIAN.parse("1234.567,50").is_err() && CROATIAN.parse("1.50").is_err());
/// for written in ["\n 220.00 ", "+220.00", "220."] {
///     assert_eq!(Format::XSD.parse(written)?.to_string(), "220.00");
/// }
/// # Ok::<(), tallygate_policy::decimal::DecimalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    decimal: char,
    thousands: Option<char>,
    plus: bool,
    /// Whether the lexical space is that of `xs:decimal`.
    xsd: bool,
}

impl Format {
    /// `1234.50`, as [`Decimal::parse`] reads it.
    pub const POINT: Self = Self { decimal: '.', thousands: None, plus: false, xsd: false };
    /// `1234,50`.
    pub const COMMA: Self = Self { decimal: ',', thousands: None, plus: false, xsd: false };
    /// All that XML Schema takes for an `xs:decimal`: `1234.50` with white space of XML around it, with a `+`, and without
    /// digits on one side of the point, `.5` and `5.`. Zeros that make no difference do not count to the digits it may have.
    pub const XSD: Self = Self { decimal: '.', thousands: None, plus: true, xsd: true };

    /// The format in which a sign may set thousands apart: all of them in groups of three, or none.
    ///
    /// # Panics
    /// When the sign is that before the fraction, `+`, `-` or a digit; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn with_thousands(self, sign: char) -> Self {
        assert!(sign != self.decimal && !sign.is_ascii_digit() && sign != '+' && sign != '-', "no sign for thousands");
        Self { thousands: Some(sign), ..self }
    }

    /// The format in which a `+` may stand before the number.
    #[must_use]
    pub const fn with_plus(self) -> Self {
        Self { plus: true, ..self }
    }

    /// Reads an amount that is written so. Only [`XSD`](Format::XSD) takes white space around it.
    ///
    /// # Errors
    /// When it is written otherwise, or has more than 18 digits before the fraction or 9 in it.
    pub fn parse(&self, text: &str) -> Result<Decimal, DecimalError> {
        let text = if self.xsd { scan::trimmed(text) } else { text };
        // Nearly all are written plainly, which every format with a point takes.
        if self.decimal == '.'
            && let Ok(plain) = Decimal::parse(text)
        {
            return Ok(plain);
        }
        let wrong = || {
            if scan::trimmed(text).len() < text.len() {
                return DecimalError::new(BLANKS);
            }
            let (decimal, example) = (self.decimal, self.thousands.map(|sign| format!("1{sign}234")));
            let example = example.as_deref().unwrap_or("1234");
            DecimalError::new(format!("it is no decimal, such as {example}{decimal}50, without exponent"))
        };
        let unsigned = text.strip_prefix('+').filter(|_| self.plus).unwrap_or(text);
        let (sign, digits) = unsigned.strip_prefix('-').map_or(("", unsigned), |digits| ("-", digits));
        let (mut integer, mut fraction) = digits.split_once(self.decimal).map_or((digits, None), |(i, f)| (i, Some(f)));
        // A point alone is no number.
        if self.xsd && digits.len() > 1 {
            let or_zero = |digits| if str::is_empty(digits) { "0" } else { digits };
            integer = or_zero(integer.trim_start_matches('0'));
            fraction = fraction.map(|fraction| or_zero(fraction.trim_end_matches('0')));
        }
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let groups: Vec<&str> = match self.thousands {
            Some(sign) => integer.split(sign).collect(),
            None => vec![integer],
        };
        let grouped =
            groups.len() == 1 || (groups[0].len() <= 3 && groups.iter().skip(1).all(|group| group.len() == 3));
        let signs = text.len() - digits.len();
        if signs > 1 || !grouped || !groups.iter().all(|group| all_digits(group)) || !fraction.is_none_or(all_digits) {
            return Err(wrong());
        }
        let integer = groups.concat();
        match fraction {
            Some(fraction) => Decimal::parse(&format!("{sign}{integer}.{fraction}")),
            None => Decimal::parse(&format!("{sign}{integer}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use crate::decimal::Decimal;
    use proptest::prelude::*;

    const ITALIAN: Format = Format::COMMA.with_thousands('.');

    #[test]
    fn thousands_are_set_apart_everywhere_or_nowhere() {
        for (format, text, read) in [
            (Format::COMMA, "-12,5", "-12.50"),
            (Format::COMMA, "7", "7.00"),
            (ITALIAN, "1.234.567,891", "1234567.891"),
            (ITALIAN, "-1.234", "-1234.00"),
            (ITALIAN, "1234,5", "1234.50"),
            (Format::POINT.with_thousands('\''), "12'345.60", "12345.60"),
            (Format::COMMA.with_thousands('\u{202f}'), "12\u{202f}345,60", "12345.60"),
            (Format::POINT.with_plus(), "+1.5", "1.50"),
            (Format::POINT.with_plus(), "-1.5", "-1.50"),
        ] {
            assert_eq!(format.parse(text).map(|read| read.to_string()), Ok(read.into()), "{text}");
        }
    }

    #[test]
    fn all_that_xml_schema_takes_is_read() {
        for (text, read) in [
            ("220.00", "220.00"),
            (" 220.00 ", "220.00"),
            ("\n\t 220.00\r\n", "220.00"),
            ("+220.00", "220.00"),
            ("\n-.5", "-0.50"),
            ("+.5", "0.50"),
            ("5.", "5.00"),
            ("-5. ", "-5.00"),
            ("0", "0.00"),
            ("-0.", "0.00"),
            (".0", "0.00"),
            ("00", "0.00"),
            ("0000000000000000000000012.5000000000000", "12.50"),
            ("100", "100.00"),
        ] {
            assert_eq!(Format::XSD.parse(text).map(|read| read.to_string()), Ok(read.into()), "{text:?}");
        }
        let told = |text| Format::XSD.parse(text).expect_err(text).to_string();
        for text in [
            "", " ", ".", "+", "-.", "+-1", "+ 1", "1 000", "1. 5", "1e3", "1,5", "1.2.", "..", "INF", "NaN", "\u{a0}1",
        ] {
            assert_eq!(told(text), "it is no decimal, such as 1234.50, without exponent", "{text:?}");
        }
        assert_eq!(told("1234567890123456789.0"), "it has more than 18 digits before the point");
        assert_eq!(told("0.1234567891"), "it has more than 9 digits behind the point");
    }

    #[test]
    fn white_space_around_it_is_told() {
        for text in [" 1,5", "1,5\n", "\t"] {
            let error = ITALIAN.parse(text).expect_err(text).to_string();
            assert_eq!(error, "it has white space around it, and would be the number alone", "{text:?}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_refused_with_an_example() {
        let wrong = [
            "",
            "-",
            ",",
            "1,",
            ",5",
            "1.50",
            "1.2345",
            "1234.567",
            "1..234",
            ".123",
            "123.",
            "1.234.56",
            "1,2,3",
            "1,234.567",
            "+1",
            "--1",
            "-+1",
            "1 234",
            "1e3",
            "0x1",
            "٣",
        ];
        for text in wrong {
            let error = ITALIAN.parse(text).expect_err(text);
            assert_eq!(error.to_string(), "it is no decimal, such as 1.234,50, without exponent", "{text}");
        }
        for text in ["+-1", "-+1", "++1"] {
            assert!(Format::POINT.with_plus().parse(text).is_err(), "{text}");
        }
        let told = |text| Format::COMMA.parse(text).expect_err(text).to_string();
        assert_eq!(told("1.5"), "it is no decimal, such as 1234,50, without exponent");
        assert_eq!(told("1234567890123456789"), "it has more than 18 digits before the point");
        assert_eq!(told("0,1234567890"), "it has more than 9 digits behind the point");
    }

    proptest! {
        #[test]
        fn xml_schema_has_the_same_amounts(text in "[-+]?[0-9]{0,20}[.,]?[0-9]{0,11}") {
            if let Ok(read) = Decimal::parse(&text) {
                prop_assert_eq!(Format::XSD.parse(&format!("\t{text} ")), Ok(read));
            }
        }

        #[test]
        fn the_plain_format_is_that_of_the_decimal(text in "[-+]?[0-9]{0,20}[.,]?[0-9]{0,11}") {
            prop_assert_eq!(Format::POINT.parse(&text).ok(), Decimal::parse(&text).ok());
        }
    }
}
