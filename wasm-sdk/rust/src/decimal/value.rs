//! Amounts to compute with: whole numbers of 10^-9, as the gateway's own, and no result that was cut or wrapped.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{FRACTION_DIGITS, INTEGER_DIGITS, check};

/// How many of its units are 1.
const ONE: i128 = 10_i128.pow(FRACTION_DIGITS as u32);

/// An amount: at most 18 digits before the point and 9 behind it, which are the limits of the gateway's transactions.
///
/// It is exact. What would not fit is an error, never a rounded or a wrapped number; there is no division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i128);

/// Why there is no such amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecimalError(Cow<'static, str>);

impl DecimalError {
    const TOO_LARGE: Self = Self(Cow::Borrowed("the result has more than 18 digits before the point"));

    pub(super) fn new(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(detail.into())
    }
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecimalError {}

impl Decimal {
    /// 0.
    pub const ZERO: Self = Self(0);
    /// The largest, 999999999999999999.999999999. The smallest is its negative.
    pub const MAX: Self = Self(10_i128.pow((INTEGER_DIGITS + FRACTION_DIGITS) as u32) - 1);

    /// Reads a plain decimal, as [`check`] takes it. Other ways of writing are for [`Format`](super::Format): with
    /// a comma, or as XML Schema has it, with a `+` and white space around it.
    ///
    /// # Errors
    /// Those of [`check`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        check(text).map_err(DecimalError::new)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // At most 18 and 9 digits, so neither can overflow.
        let number = |digits: &str| digits.bytes().fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'));
        let fraction_units = number(fraction) * 10_i64.pow((FRACTION_DIGITS - fraction.len()) as u32);
        let units = i128::from(number(integer)) * ONE + i128::from(fraction_units);
        Ok(Self(if digits.len() < text.len() { -units } else { units }))
    }

    /// The amount of so many 10^-9.
    ///
    /// # Errors
    /// When it has more than 18 digits before the point.
    pub fn from_units(units: i128) -> Result<Self, DecimalError> {
        if units.unsigned_abs() > Self::MAX.0.unsigned_abs() {
            return Err(DecimalError::TOO_LARGE);
        }
        Ok(Self(units))
    }

    /// How many 10^-9 it is.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// This and another one.
    ///
    /// # Errors
    /// When the result has more than 18 digits before the point.
    pub fn plus(self, other: Self) -> Result<Self, DecimalError> {
        Self::from_units(self.0 + other.0)
    }

    /// This less another one.
    ///
    /// # Errors
    /// When the result has more than 18 digits before the point.
    pub fn minus(self, other: Self) -> Result<Self, DecimalError> {
        Self::from_units(self.0 - other.0)
    }

    /// So many times this.
    ///
    /// # Errors
    /// When the result has more than 18 digits before the point.
    pub fn times(self, count: i64) -> Result<Self, DecimalError> {
        self.0.checked_mul(count.into()).ok_or(DecimalError::TOO_LARGE).and_then(Self::from_units)
    }

    /// The sum of amounts; of none 0. Only the end has to fit: in which order they come makes no difference.
    ///
    /// # Errors
    /// When the result has more than 18 digits before the point.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, DecimalError> {
        let sum = amounts.into_iter().try_fold(0_i128, |sum, amount| sum.checked_add(amount.0));
        sum.ok_or(DecimalError::TOO_LARGE).and_then(Self::from_units)
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Whether it is 0.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is below 0.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// -1 below 0, 1 above it, 0 for 0.
    #[must_use]
    pub const fn signum(self) -> i32 {
        self.0.signum() as i32
    }
}

impl std::ops::Neg for Decimal {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl From<i32> for Decimal {
    fn from(number: i32) -> Self {
        Self(i128::from(number) * ONE)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

/// A plain decimal for [`Transaction::amount`](crate::Transaction): no digit more than it takes, but at least two behind
/// the point, as the gateway writes its sums.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        // Both fit in 64 bits, in which dividing is far quicker.
        let (integer, fraction) = ((self.0.abs() / ONE) as u64, (self.0.abs() % ONE) as u64);
        let (mut shown, mut digits) = (fraction, FRACTION_DIGITS);
        while digits > 2 && shown % 10 == 0 {
            (shown, digits) = (shown / 10, digits - 1);
        }
        write!(f, "{sign}{integer}.{shown:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, DecimalError, ONE};
    use crate::decimal::check;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    fn any_decimal() -> impl Strategy<Value = Decimal> {
        let limit = Decimal::MAX.units();
        prop_oneof![-limit..=limit, -1000..=1000_i128, Just(limit), Just(-limit)]
            .prop_map(|units| Decimal::from_units(units).expect("within the limits"))
    }

    const TOO_LARGE: &str = "the result has more than 18 digits before the point";

    #[test]
    fn it_is_read_exactly() {
        for (text, units) in [
            ("0", 0),
            ("-0", 0),
            ("12.50", 12_500_000_000),
            ("-0.000000001", -1),
            ("007", 7 * ONE),
            ("999999999999999999.999999999", 10_i128.pow(27) - 1),
        ] {
            assert_eq!(decimal(text).units(), units, "{text}");
        }
    }

    #[test]
    fn it_is_written_plainly_with_at_least_two_digits_behind_the_point() {
        for (text, written) in [
            ("0", "0.00"),
            ("-0", "0.00"),
            ("12.5", "12.50"),
            ("-1.2340", "-1.234"),
            ("-0.000000001", "-0.000000001"),
            ("0.100000000", "0.10"),
            ("100", "100.00"),
            ("-999999999999999999.999999999", "-999999999999999999.999999999"),
        ] {
            assert_eq!(decimal(text).to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let smallest = decimal("0.000000001");
        let told = |result: Result<Decimal, DecimalError>| result.expect_err("too large").to_string();
        assert_eq!(told(Decimal::MAX.plus(smallest)), TOO_LARGE);
        assert_eq!(told((-Decimal::MAX).minus(smallest)), TOO_LARGE);
        assert_eq!(told(Decimal::MAX.times(2)), TOO_LARGE);
        assert_eq!(told(Decimal::MAX.times(i64::MIN)), TOO_LARGE);
        let wraps_to_0 = Decimal::from_units(1 << 66).and_then(|decimal| decimal.times(1 << 62));
        assert_eq!(told(wraps_to_0), TOO_LARGE);
        assert_eq!(told(Decimal::from_units(i128::MIN)), TOO_LARGE);
        assert_eq!(told(Decimal::sum([Decimal::MAX, smallest])), TOO_LARGE);
        assert_eq!(Decimal::MAX.times(-1), Ok(-Decimal::MAX));
    }

    #[test]
    fn a_sum_depends_on_no_order() {
        assert_eq!(Decimal::sum([]), Ok(Decimal::ZERO));
        assert_eq!(Decimal::sum([Decimal::MAX, decimal("1"), decimal("-1.00")]), Ok(Decimal::MAX));
    }

    #[test]
    fn signs_are_told() {
        for (text, signum) in [("-0.01", -1), ("0.00", 0), ("0.01", 1)] {
            let decimal = decimal(text);
            assert_eq!((decimal.signum(), decimal.is_negative(), decimal.is_zero()), (signum, signum < 0, signum == 0));
            assert_eq!(decimal.abs(), if signum < 0 { -decimal } else { decimal });
        }
        assert_eq!((Decimal::from(-7), Decimal::default()), (decimal("-7"), Decimal::ZERO));
    }

    proptest! {
        #[test]
        fn it_reads_back_what_it_wrote(value in any_decimal()) {
            let written = value.to_string();
            prop_assert_eq!(check(&written), Ok(()));
            prop_assert_eq!(written.parse(), Ok(value));
        }

        #[test]
        fn it_takes_what_check_takes(text in "-?[0-9]{0,20}[.,]?[0-9]{0,11}") {
            prop_assert_eq!(Decimal::parse(&text).map(drop).map_err(|error| error.to_string()), check(&text).map_err(Into::into));
        }

        #[test]
        fn it_computes_as_its_units_do(one in any_decimal(), other in any_decimal(), count in any::<i64>()) {
            let within = |units: Option<i128>| units.filter(|units| units.abs() <= Decimal::MAX.units());
            let units = |result: Result<Decimal, DecimalError>| result.ok().map(Decimal::units);
            prop_assert_eq!(units(one.plus(other)), within(Some(one.units() + other.units())));
            prop_assert_eq!(units(one.minus(other)), within(Some(one.units() - other.units())));
            prop_assert_eq!(units(one.times(count)), within(one.units().checked_mul(count.into())));
            prop_assert_eq!(units(Decimal::sum([one, other])), units(one.plus(other)));
            prop_assert_eq!(one.cmp(&other), one.units().cmp(&other.units()));
        }
    }
}
