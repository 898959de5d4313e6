//! Currencies of ISO 4217, and whether an amount has more digits than its currency has minor units for.
//!
//! ```
//! use tallygate_policy::config::Config;
//! use tallygate_policy::currency::Currencies;
//! use tallygate_policy::decimal::Decimal;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let iso = Currencies::default();
//! iso.find("EUR")?.check(Decimal::parse("12.500")?)?;
//! assert_eq!(
//!     iso.find("EUR")?.check(Decimal::parse("12.505")?).unwrap_err().to_string(),
//!     "it has more digits behind the point than EUR, which has 2",
//! );
//! assert_eq!(iso.find("EURO").unwrap_err().to_string(), "`EURO` is no currency of ISO 4217, such as EUR");
//!
//! let mut config = Config::parse(r#"{ "minor_units": { "EUR": 4 } }"#).map_err(|fault| fault.detail)?;
//! let fine = Currencies::configure(&mut config).map_err(|fault| fault.detail)?;
//! fine.find("EUR")?.check(Decimal::parse("12.505")?)?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "config")]
mod configure;
mod table;

use std::fmt;

use crate::decimal::{Decimal, FRACTION_DIGITS};
use crate::scan;

/// The currencies that a policy takes: those of ISO 4217, and what its configuration says otherwise or beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Currencies {
    /// They come before those of ISO 4217.
    configured: Vec<Currency>,
}

/// A currency and its minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 3],
    minor_units: Option<u8>,
}

/// Why there is no such currency, or no such amount of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CurrencyError {
    /// The code is none of ISO 4217, neither now nor lately, and none that is configured.
    Unknown(String),
    /// The amount has significant digits beyond the currency's minor unit.
    TooFine(Currency),
}

impl Currencies {
    /// The currency of a code, which is three capital letters.
    ///
    /// # Errors
    /// When ISO 4217 has no such code, had none since 2008, and none is configured.
    pub fn find(&self, code: &str) -> Result<Currency, CurrencyError> {
        let unknown = || CurrencyError::Unknown(code.to_owned());
        let letters: [u8; 3] = code.as_bytes().try_into().map_err(|_| unknown())?;
        let configured = self.configured.iter().find(|currency| currency.code == letters).copied();
        let found =
            configured.or_else(|| of_iso(letters, table::CURRENT)).or_else(|| of_iso(letters, table::WITHDRAWN));
        found.ok_or_else(unknown)
    }
}

impl Currency {
    /// Its three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // ASCII, or it would not have been found.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// How many digits behind the point it has; none where ISO 4217 says that this does not apply, as of gold, XAU.
    #[must_use]
    pub fn minor_units(&self) -> Option<u8> {
        self.minor_units
    }

    /// Checks that an amount has no significant digit beyond the minor unit: zeros at its end are none. Prices for a unit
    /// are no amounts, and may be finer.
    ///
    /// # Errors
    /// When it has.
    pub fn check(self, amount: Decimal) -> Result<(), CurrencyError> {
        let Some(digits) = self.minor_units.map(usize::from).filter(|digits| *digits < FRACTION_DIGITS) else {
            return Ok(());
        };
        let smallest = 10_u64.pow((FRACTION_DIGITS - digits) as u32);
        // Nearly all fit in 64 bits, in which dividing is far quicker.
        let units = amount.units().unsigned_abs();
        let is_whole = match u64::try_from(units) {
            Ok(units) => units.is_multiple_of(smallest),
            Err(_) => units.is_multiple_of(smallest.into()),
        };
        if is_whole { Ok(()) } else { Err(CurrencyError::TooFine(self)) }
    }
}

impl fmt::Display for CurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(code) => {
                let shown = &code[..code.floor_char_boundary(10)];
                let blanks = if scan::trimmed(code).len() < code.len() { " without white space around it" } else { "" };
                write!(f, "`{shown}` is no currency of ISO 4217, such as EUR{blanks}")
            }
            Self::TooFine(currency) => {
                let digits = currency.minor_units.unwrap_or_default();
                write!(f, "it has more digits behind the point than {}, which has {digits}", currency.code())
            }
        }
    }
}

impl std::error::Error for CurrencyError {}

/// How long a code, its minor unit and a blank are in the tables.
const ENTRY: usize = "EUR2 ".len();

fn of_iso(code: [u8; 3], table: &str) -> Option<Currency> {
    let (mut from, mut to) = (0, table.len().div_ceil(ENTRY));
    while from < to {
        let middle = usize::midpoint(from, to);
        let entry = table.as_bytes().get(middle * ENTRY..)?;
        match entry.get(..3)?.cmp(&code) {
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Greater => to = middle,
            std::cmp::Ordering::Equal => {
                let digit = *entry.get(3)?;
                return Some(Currency { code, minor_units: digit.is_ascii_digit().then(|| digit - b'0') });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Currencies, ENTRY, table};
    use crate::decimal::Decimal;

    fn digits(code: &str) -> Option<u8> {
        Currencies::default().find(code).expect(code).minor_units()
    }

    #[test]
    fn the_tables_are_in_order_and_share_no_code() {
        let mut all = Vec::new();
        for (table, length) in [(table::CURRENT, 178), (table::WITHDRAWN, 19)] {
            let codes: Vec<&str> = table.split(' ').collect();
            assert_eq!(codes.len(), length);
            assert!(codes.iter().all(|code| code.len() == ENTRY - 1) && codes.is_sorted());
            all.extend(codes.iter().map(|code| code[..3].to_owned()));
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 178 + 19);
        for code in all {
            assert!(Currencies::default().find(&code).is_ok_and(|currency| currency.code() == code), "{code}");
        }
    }

    #[test]
    fn minor_units_are_those_of_iso_4217() {
        for (code, expected) in [
            ("EUR", Some(2)),
            ("JPY", Some(0)),
            ("ISK", Some(0)),
            ("BHD", Some(3)),
            ("TND", Some(3)),
            ("CLF", Some(4)),
            ("UYW", Some(4)),
            ("XAU", None),
            ("XXX", None),
            ("AED", Some(2)),
            ("ZWG", Some(2)),
            ("XCG", Some(2)),
            ("HRK", Some(2)),
            ("BYR", Some(0)),
            ("BGN", Some(2)),
        ] {
            assert_eq!(digits(code), expected, "{code}");
        }
    }

    #[test]
    fn what_is_no_code_is_told() {
        let told = |code| Currencies::default().find(code).expect_err(code).to_string();
        for code in ["", "EU", "eur", "ABC", "AAA", "ZZZ", "D2 ", "UR2"] {
            assert!(told(code).starts_with(&format!("`{code}` is no currency of ISO 4217, such as EUR")), "{code}");
        }
        assert_eq!(told(" EUR"), "` EUR` is no currency of ISO 4217, such as EUR without white space around it");
        assert_eq!(told("ééééééééé"), "`ééééé` is no currency of ISO 4217, such as EUR");
    }

    #[test]
    fn digits_that_count_are_no_more_than_the_currency_has() {
        let fits = |code: &str, amount: &str| {
            Currencies::default().find(code).expect(code).check(Decimal::parse(amount).expect(amount)).is_ok()
        };
        for (code, amount) in [
            ("EUR", "12.5"),
            ("EUR", "-12.500000000"),
            ("JPY", "7.0"),
            ("BHD", "0.001"),
            ("CLF", "0.0001"),
            ("XAU", "0.123456789"),
            ("EUR", "999999999999999999.990"),
        ] {
            assert!(fits(code, amount), "{code} {amount}");
        }
        for (code, amount) in [
            ("EUR", "12.505"),
            ("EUR", "-0.001"),
            ("JPY", "7.5"),
            ("BHD", "0.0001"),
            ("CLF", "0.00001"),
            ("EUR", "999999999999999999.000000001"),
        ] {
            assert!(!fits(code, amount), "{code} {amount}");
        }
    }
}
