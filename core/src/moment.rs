//! A moment of a transaction: RFC 3339 as its strictest readers take it, so that nobody behind the gateway stumbles over one.

use std::str::FromStr;

use jiff::Timestamp;

/// A moment of a transaction, RFC 3339 with offset. Years 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(Timestamp);

/// The text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATime {
    /// It is not written as one, or there is no such day or time of day.
    #[error("must be an RFC 3339 time with offset, such as 2026-11-22T19:19:41+01:00")]
    Form,
    /// No zone is as far away.
    #[error("must have an offset within -23:59 and +23:59, such as +01:00")]
    Offset,
    /// A second 60: no clock of the readers' has a place for a leap second.
    #[error("must have a second from 00 to 59; a leap second is written as the second before it")]
    Second,
}

/// Where the seconds stand in a time.
const SECONDS: std::ops::Range<usize> = 17..19;

impl Moment {
    /// On the time line.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl FromStr for Moment {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        check_form(text.as_bytes())?;
        // What is left to the parser behind is the calendar and the time of day.
        text.parse().map(Self).map_err(|_| NotATime::Form)
    }
}

/// Whether it is written as RFC 3339 has it; the parser behind is more lenient than the readers of the stream may be.
fn check_form(text: &[u8]) -> Result<(), NotATime> {
    let (head, tail) = text.split_at_checked(SECONDS.end).ok_or(NotATime::Form)?;
    let shaped = head.iter().zip(b"0000-00-00T00:00:00").all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    });
    // A year 0000 is no day of a transaction either.
    if !shaped || head.starts_with(b"0000") || two(head[11], head[12]) > 23 {
        return Err(NotATime::Form);
    }
    // RFC 3339 has room for leap seconds (5.7), but JavaScript and Python read none, and Java only some.
    if &head[SECONDS] == b"60" {
        return Err(NotATime::Second);
    }
    let tail = match tail.strip_prefix(b".") {
        Some(rest) => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return Err(NotATime::Form);
            }
            &rest[digits..]
        }
        None => tail,
    };
    match *tail {
        [b'Z'] => Ok(()),
        [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(u8::is_ascii_digit) => {
            if two(a, b) > 23 || two(c, d) > 59 { Err(NotATime::Offset) } else { Ok(()) }
        }
        _ => Err(NotATime::Form),
    }
}

/// The number that two digits make.
fn two(tens: u8, ones: u8) -> u8 {
    (tens - b'0') * 10 + (ones - b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reading of RFC 3339 by its grammar and its appendix C, in plain arithmetic; it knows nothing of the other one.
    fn strictly(text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        for (place, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
            (*bytes.get(place)? == mark).then_some(())?;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = |month: i64| match month {
            2 => 28 + i64::from(leap_year),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let good = (1..=12).contains(&month) && (1..=length(month)).contains(&day) && hour <= 23 && minute <= 59;
        (good && second <= 59).then_some(())?;
        let mut end = 19;
        if bytes.get(end) == Some(&b'.') {
            end += 1 + bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            (end > 20).then_some(())?;
        }
        match &bytes[end..] {
            [b'Z'] => {}
            [b'+' | b'-', rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
                let (hours, minutes) = (number(end + 1, end + 3)?, number(end + 4, end + 6)?);
                (hours <= 23 && minutes <= 59).then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }

    #[test]
    fn refuses_times_without_offset_or_of_another_shape() {
        for text in [
            "2026-11-22T19:19:41",
            "2026-11-22 19:19:41Z",
            "2026-11-22t19:19:41Z",
            "2026-11-22T19:19:41z",
            "2026-11-22T19:19:41+0100",
            "2026-11-22T19:19Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T25:00:00Z",
            "2026-11-22T19:60:00Z",
            "2026-11-22T19:19:61Z",
            "2026-02-29T19:19:41Z",
            "0000-11-22T19:19:41Z",
            "2026-11-22T19:19:41.Z",
            "2026-11-22T19:19:41Z[UTC]",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NotATime::Form), "{text}");
        }
    }

    #[test]
    fn takes_no_offset_that_its_readers_refuse() {
        for (offset, taken) in
            [("+23:59", true), ("-23:59", true), ("+24:00", false), ("-25:59", false), ("+01:60", false)]
        {
            let read = format!("2026-11-22T19:19:41{offset}").parse::<Moment>();
            assert_eq!(read.err(), (!taken).then_some(NotATime::Offset), "{offset}");
        }
    }

    #[test]
    fn takes_no_second_60_for_no_reader_has_one() {
        for text in ["2016-12-31T23:59:60Z", "2026-11-22T19:19:60Z", "2017-01-01T00:59:60.5+01:00"] {
            assert_eq!(text.parse::<Moment>(), Err(NotATime::Second), "{text}");
        }
        assert!("2016-12-31T23:59:59.999Z".parse::<Moment>().is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_taken_a_strict_reading_takes_too(
            text in "(0000|19[0-9]{2}|20[0-9]{2})-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])[Tt](0[0-9]|1[0-9]|2[0-5])\
                     :[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?([Zz]|[+-][0-2][0-9]:[0-6][0-9]|[+-][0-2][0-9][0-6][0-9]|)"
        ) {
            if text.parse::<Moment>().is_ok() {
                prop_assert_eq!(strictly(&text), Some(()), "{}", text);
            }
        }

        #[test]
        fn reading_a_time_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Moment>();
        }
    }
}
