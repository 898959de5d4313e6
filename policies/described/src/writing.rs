//! Amounts as partners write them, made plain.

use std::borrow::Cow;

use tallygate_policy::ConfigFault;
use tallygate_policy::config::Config;
use tallygate_policy::decimal::{self, FRACTION_DIGITS, INTEGER_DIGITS};

/// How amounts are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Writing {
    decimal: char,
    thousands: Option<char>,
    /// Taken only as the gateway has them, and passed on as they are.
    plain: bool,
}

impl Writing {
    /// Takes the keys `decimal` and `thousands`.
    pub(crate) fn read(config: &mut Config, plain: bool) -> Result<Self, ConfigFault> {
        let decimal = match config.string("decimal")?.as_deref() {
            None => None,
            Some(".") => Some('.'),
            Some(",") => Some(','),
            Some(other) => {
                return Err(ConfigFault::at("/decimal", format!("it is `{other}`, and would be `.` or `,`")));
            }
        };
        let thousands = config.string("thousands")?;
        let plain = plain && decimal.is_none() && thousands.is_none();
        let decimal = decimal.unwrap_or('.');
        let thousands = match thousands {
            None => None,
            Some(text) => {
                let mut letters = text.chars();
                let letter = letters.next().filter(|_| letters.next().is_none());
                let letter = letter.filter(|sign| !sign.is_ascii_alphanumeric() && !"+-".contains(*sign));
                let Some(letter) = letter.filter(|sign| *sign != decimal) else {
                    let detail = format!("it is `{text}`, and would be one character, another than `{decimal}`");
                    return Err(ConfigFault::at("/thousands", detail));
                };
                Some(letter)
            }
        };
        Ok(Self { decimal, thousands, plain })
    }

    pub(crate) fn decimal(&self) -> char {
        self.decimal
    }

    /// The amount as the gateway takes it, and whether it was written with a sign.
    pub(crate) fn plain(&self, text: &str) -> Result<(String, bool), Cow<'static, str>> {
        if self.plain {
            decimal::check(text)?;
            return Ok((text.to_owned(), text.starts_with('-')));
        }
        if let Some(plain) = self.at_once(text) {
            let signed = plain.starts_with('-');
            return Ok((plain, signed));
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let signed = digits.len() < text.len();
        let (integer, fraction) =
            digits.split_once(self.decimal).map_or((digits, None), |(integer, fraction)| (integer, Some(fraction)));
        let mut plain = String::with_capacity(text.len() + 2);
        if text.starts_with('-') {
            plain.push('-');
        }
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let groups = self.thousands.filter(|sign| integer.contains(*sign));
        let Some(sign) = groups else {
            if !all_digits(integer) || !fraction.is_none_or(all_digits) {
                return Err(self.wrong());
            }
            return Self::joined(plain, integer, fraction).map(|plain| (plain, signed));
        };
        let mut joined = String::with_capacity(integer.len());
        for group in integer.split(sign) {
            let right = if joined.is_empty() { (1..=3).contains(&group.len()) } else { group.len() == 3 };
            if !right || !all_digits(group) {
                return Err(self.wrong());
            }
            joined.push_str(group);
        }
        if !fraction.is_none_or(all_digits) {
            return Err(self.wrong());
        }
        Self::joined(plain, &joined, fraction).map(|plain| (plain, signed))
    }

    /// The same of what most amounts are: at most nine digits, and one or two behind the sign of the fraction, in one turn over
    /// them.
    fn at_once(&self, text: &str) -> Option<String> {
        const MOST: usize = "-123456789.00".len();
        let bytes = text.as_bytes();
        let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
        if bytes.len() > MOST || !self.decimal.is_ascii() || (digits.first() == Some(&b'0') && digits.len() > 4) {
            return None;
        }
        let mut integer = digits.len();
        for (at, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {}
                byte if char::from(*byte) == self.decimal && integer == digits.len() => integer = at,
                _ => return None,
            }
        }
        let behind = digits.len() - integer;
        if !(1..=9).contains(&integer) || behind == 1 || behind > 3 || (integer > 1 && digits.first() == Some(&b'0')) {
            return None;
        }
        Some(if self.decimal == '.' { text.to_owned() } else { text.replace(self.decimal, ".") })
    }

    /// The digits, but for zeros that mean nothing.
    fn joined(mut plain: String, integer: &str, fraction: Option<&str>) -> Result<String, Cow<'static, str>> {
        let integer = integer.trim_start_matches('0');
        let fraction = match fraction {
            Some(long) if long.len() > FRACTION_DIGITS => long.trim_end_matches('0'),
            other => other.unwrap_or_default(),
        };
        if integer.len() > INTEGER_DIGITS {
            return Err(Cow::Borrowed("it has more than 18 digits before the fraction"));
        }
        if fraction.len() > FRACTION_DIGITS {
            return Err(Cow::Borrowed("it has more than 9 digits in its fraction"));
        }
        plain.push_str(if integer.is_empty() { "0" } else { integer });
        if !fraction.is_empty() {
            plain.push('.');
            plain.push_str(fraction);
        }
        Ok(plain)
    }

    #[cold]
    fn wrong(&self) -> Cow<'static, str> {
        let Self { decimal, thousands, .. } = self;
        // A blank that is another than it looks like can only be told by its number.
        let blank = thousands.filter(|thousands| thousands.is_whitespace());
        let told =
            blank.map(|blank| format!(", with U+{:04X} between thousands", u32::from(blank))).unwrap_or_default();
        let thousands = thousands.map(String::from).unwrap_or_default();
        format!("it is no amount such as 1{thousands}234{decimal}50{told}").into()
    }
}
