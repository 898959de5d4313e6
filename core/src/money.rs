//! Money as whole numbers of 10^-9: amounts taken from their own text, sums that cannot overflow.

use std::fmt;
use std::str::FromStr;

use crate::limits::{FRACTION_DIGITS, INTEGER_DIGITS};

/// A sum is written with so many at least.
const LEAST_FRACTION_DIGITS: u32 = 2;
const CENT: i128 = UNIT / 10_i128.pow(LEAST_FRACTION_DIGITS);
const UNIT: i128 = 10_i128.pow(FRACTION_DIGITS as u32);

/// One amount: at most 18 integer and 9 fraction digits, held as a count of 10^-9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i128);

/// A sum of amounts: so many of the largest (10^27) that 1.7 * 10^11 of them fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sum(i128);

/// A currency of three capital letters, as ISO 4217 writes them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a plain decimal of at most 18 integer and 9 fraction digits, such as 12.50, without exponent or plus sign"
)]
pub struct NotAnAmount;

/// The text is no currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be three capital letters, such as EUR")]
pub struct NotACurrency;

impl Amount {
    /// The count of 10^-9.
    pub fn units(self) -> i128 {
        self.0
    }
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (integer, fraction) = digits.split_once('.').map_or((digits, None), |(i, f)| (i, Some(f)));
        let fraction_ok = fraction.is_none_or(|f| (1..=FRACTION_DIGITS).contains(&f.len()));
        if !(1..=INTEGER_DIGITS).contains(&integer.len()) || !fraction_ok {
            return Err(NotAnAmount);
        }
        let fraction = fraction.unwrap_or_default();
        let part = number(fraction)? * 10_u64.pow((FRACTION_DIGITS - fraction.len()) as u32);
        let units = i128::from(number(integer)?) * UNIT + i128::from(part);
        Ok(Self(if digits.len() < text.len() { -units } else { units }))
    }
}

/// Of at most [`INTEGER_DIGITS`] digits, which fit; none are 0.
fn number(digits: &str) -> Result<u64, NotAnAmount> {
    digits.bytes().try_fold(0, |number: u64, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')).ok_or(NotAnAmount)
    })
}

impl Sum {
    /// A sum of so many 10^-9.
    pub fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The count of 10^-9.
    pub fn units(self) -> i128 {
        self.0
    }

    /// This sum with one amount more.
    #[must_use]
    pub fn plus(self, amount: Amount) -> Self {
        Self(self.0 + amount.0)
    }

    /// This sum with one amount more; none when it no longer fits.
    pub fn checked_plus(self, amount: Amount) -> Option<Self> {
        self.0.checked_add(amount.0).map(Self)
    }

    /// The digits as an unscaled number and a scale: the shortest that loses nothing, at least two fraction digits.
    pub fn unscaled(self) -> (i128, u32) {
        if self.0 % CENT == 0 {
            // As nearly all are.
            return (self.0 / CENT, LEAST_FRACTION_DIGITS);
        }
        let (mut unscaled, mut scale) = (self.0, FRACTION_DIGITS as u32);
        while scale > LEAST_FRACTION_DIGITS && unscaled % 10 == 0 {
            (unscaled, scale) = (unscaled / 10, scale - 1);
        }
        (unscaled, scale)
    }
}

impl std::ops::Add for Sum {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Sum {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Sum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), |a, b| a + b)
    }
}

impl FromStr for Sum {
    type Err = NotAnAmount;

    /// Reads what [`Display`](fmt::Display) wrote: more integer digits than an amount may have.
    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !plain(integer) || !plain(fraction) || fraction.len() > FRACTION_DIGITS {
            return Err(NotAnAmount);
        }
        let whole: i128 = integer.parse().map_err(|_| NotAnAmount)?;
        let part: i128 = fraction.parse().map_err(|_| NotAnAmount)?;
        let part = part * 10_i128.pow((FRACTION_DIGITS - fraction.len()) as u32);
        let units = whole.checked_mul(UNIT).and_then(|w| w.checked_add(part)).ok_or(NotAnAmount)?;
        Ok(Self(sign * units))
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unscaled, scale) = self.unscaled();
        let sign = if unscaled < 0 { "-" } else { "" };
        let unit = 10_u128.pow(scale);
        let digits = unscaled.unsigned_abs();
        write!(f, "{sign}{}.{:0width$}", digits / unit, digits % unit, width = scale as usize)
    }
}

impl Currency {
    /// ISO 4217's code for no currency; figures of records that could not be read carry it.
    pub const NONE: Self = Self(*b"XXX");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        // Three ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].into_iter().all(u8::is_ascii_uppercase) => Ok(Self([*a, *b, *c])),
            _ => Err(NotACurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_plain_decimals_exactly() {
        for (text, units) in
            [("0", 0), ("-0", 0), ("12.50", 12_500_000_000), ("-0.000000001", -1), ("007", 7_000_000_000)]
        {
            assert_eq!(text.parse::<Amount>().map(Amount::units), Ok(units), "{text}");
        }
        assert_eq!("999999999999999999.999999999".parse::<Amount>().map(Amount::units), Ok(10_i128.pow(27) - 1));
    }

    #[test]
    fn refuses_what_is_no_plain_decimal() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1e3",
            "+1",
            "1,5",
            "1 ",
            "NaN",
            "--1",
            "1.2.3",
            "1234567890123456789",
            "0.1234567890",
            "١",
        ] {
            assert_eq!(text.parse::<Amount>(), Err(NotAnAmount), "{text}");
        }
    }

    #[test]
    fn writes_sums_with_at_least_two_fraction_digits() {
        for (units, text) in [(0, "0.00"), (12_500_000_000, "12.50"), (-1, "-0.000000001"), (1_234_000_000, "1.234")] {
            assert_eq!(Sum::from_units(units).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn a_sum_reads_back_what_it_wrote(units in -(10_i128.pow(36))..10_i128.pow(36)) {
            let sum = Sum::from_units(units);
            prop_assert_eq!(sum.to_string().parse::<Sum>(), Ok(sum));
        }

        #[test]
        fn reading_an_amount_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Amount>();
        }
    }
}
