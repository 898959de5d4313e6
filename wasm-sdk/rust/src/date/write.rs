//! The forms in which days and times are written: ISO 8601, and of it RFC 3339.

use time::{Date, PrimitiveDateTime, UtcOffset};

/// The day as [`Transaction::day`](crate::Transaction) has it: `2026-11-22`.
///
/// The year is one from 0001 to 9999, as all are that this module reads.
#[must_use]
pub fn written(date: Date) -> String {
    let mut text = Text { bytes: [0; LONGEST], length: 0 };
    text.date(date);
    text.finish()
}

/// The time as [`Transaction::time`](crate::Transaction) has it: `2026-11-22T19:20:54+01:00`, in UTC with a `Z`, and with
/// a fraction of a second where there is one.
///
/// Of a bare day it is the [midnight](Date::midnight) that it begins with, at an offset that the partner's documents or the
/// policy's configuration say. For the sums the gateway takes [`Transaction::day`](crate::Transaction), if it is there.
#[must_use]
pub fn rfc3339(local: PrimitiveDateTime, offset: UtcOffset) -> String {
    let mut text = Text { bytes: [0; LONGEST], length: 0 };
    text.date(local.date());
    for (sign, number) in [(b'T', local.hour()), (b':', local.minute()), (b':', local.second())] {
        text.sign(sign);
        text.two(number.into());
    }
    let nanosecond = local.nanosecond();
    if nanosecond > 0 {
        text.sign(b'.');
        text.two(nanosecond / 10_000_000);
        text.two(nanosecond / 100_000 % 100);
        text.two(nanosecond / 1000 % 100);
        text.two(nanosecond / 10 % 100);
        text.sign(b'0' + (nanosecond % 10) as u8);
        text.without_zeros();
    }
    let (hours, minutes, _) = offset.as_hms();
    if (hours, minutes) == (0, 0) {
        text.sign(b'Z');
    } else {
        text.sign(if hours < 0 || minutes < 0 { b'-' } else { b'+' });
        text.two(hours.unsigned_abs().into());
        text.sign(b':');
        text.two(minutes.unsigned_abs().into());
    }
    text.finish()
}

const LONGEST: usize = "2026-11-22T19:20:54.123456789+01:00".len();

/// What is written so far, which is much quicker than formatting.
struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    fn date(&mut self, date: Date) {
        let (year, month, day) = date.to_calendar_date();
        let year = year.clamp(0, 9999) as u32;
        self.two(year / 100);
        self.two(year % 100);
        self.sign(b'-');
        self.two(u8::from(month).into());
        self.sign(b'-');
        self.two(day.into());
    }

    /// Two digits of a number below 100.
    fn two(&mut self, number: u32) {
        self.sign(b'0' + (number / 10 % 10) as u8);
        self.sign(b'0' + (number % 10) as u8);
    }

    fn sign(&mut self, sign: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = sign;
            self.length += 1;
        }
    }

    fn without_zeros(&mut self) {
        while self.bytes[..self.length].last() == Some(&b'0') {
            self.length -= 1;
        }
    }

    fn finish(self) -> String {
        // ASCII throughout.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default().to_owned()
    }
}
