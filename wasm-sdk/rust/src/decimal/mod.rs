//! Amounts as the gateway takes them: plain decimals in text, never a float.
//!
//! [`check`] looks whether a text is one and changes nothing of it, which is all that passing an amount on takes.
//! [`Decimal`] is for computing.
//!
//! ```
//! use tallygate_policy::decimal::{Decimal, DecimalError, Format};
//!
//! const ITALIAN: Format = Format::COMMA.with_thousands('.');
//!
//! fn total(lines: &[&str], discount: &str) -> Result<String, DecimalError> {
//!     let sum = Decimal::sum(lines.iter().map(|line| line.parse()).collect::<Result<Vec<_>, _>>()?)?;
//!     Ok(sum.minus(ITALIAN.parse(discount)?)?.to_string())
//! }
//! assert_eq!(total(&["1200.00", "35.5"], "1.000,05"), Ok("235.45".into()));
//! assert_eq!(total(&["1e3"], "0").unwrap_err().to_string(), "it is no plain decimal, such as 12.50, without exponent or `+`");
//! ```

mod format;
mod value;

pub use format::Format;
pub use value::{Decimal, DecimalError};

use crate::scan;

/// The most digits before the point.
pub const INTEGER_DIGITS: usize = 18;
/// The most digits behind the point.
pub const FRACTION_DIGITS: usize = 9;

const BLANKS: &str = "it has white space around it, and would be the number alone";

/// Checks that a text is an amount: an optional `-`, 1 to 18 digits, and 1 to 9 behind a point if there is one;
/// no white space around it, which [`Format::XSD`] takes, and [`scan::trimmed`] takes away.
///
/// # Errors
/// Says what is wrong and what would be right.
pub fn check(amount: &str) -> Result<(), &'static str> {
    let digits = amount.strip_prefix('-').unwrap_or(amount);
    let (integer, fraction) = match digits.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(integer) || !fraction.is_none_or(all_digits) {
        let blanks = scan::trimmed(amount).len() < amount.len();
        return Err(if blanks { BLANKS } else { "it is no plain decimal, such as 12.50, without exponent or `+`" });
    }
    if integer.len() > INTEGER_DIGITS {
        return Err("it has more than 18 digits before the point");
    }
    if fraction.is_some_and(|fraction| fraction.len() > FRACTION_DIGITS) {
        return Err("it has more than 9 digits behind the point");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn takes_plain_decimals_within_the_limits() {
        for amount in ["0", "-0", "12.50", "-12.5", "007", "999999999999999999.999999999"] {
            assert_eq!(check(amount), Ok(()), "{amount}");
        }
    }

    #[test]
    fn refuses_what_is_no_plain_decimal() {
        let wrong = ["", "-", ".", "1.", ".5", "+1", "1e2", "1,5", "1.2.3", " 1", "1 ", "--1", "0x1", "NaN", "١"];
        for amount in wrong.into_iter().chain(["1234567890123456789", "0.1234567890"]) {
            assert!(check(amount).is_err(), "{amount}");
        }
        for amount in [" 1", "1\n", "\t1e2"] {
            assert_eq!(check(amount), Err("it has white space around it, and would be the number alone"), "{amount:?}");
        }
    }
}
