//! The forms in which days and times are written: ISO 8601, and of it RFC 3339.

use time::{Date, PrimitiveDateTime, UtcOffset};

/// The day as [`Transaction::day`](crate::Transaction) has it: `2026-11-22`.
///
/// The year is one from 0001 to 9999, as all are that this module reads.
#[must_use]
pub fn written(date: Date) -> String {
    let mut text = String::with_capacity("2026-11-22".len());
    push_date(&mut text, date);
    text
}

/// The time as [`Transaction::time`](crate::Transaction) has it: `2026-11-22T19:20:54+01:00`, in UTC with a `Z`, and with
/// a fraction of a second where there is one.
///
/// Of a bare day it is the [midnight](Date::midnight) that it begins with, at an offset that the partner's documents or the
/// policy's configuration say. For the sums the gateway takes [`Transaction::day`](crate::Transaction), if it is there.
#[must_use]
pub fn rfc3339(local: PrimitiveDateTime, offset: UtcOffset) -> String {
    let mut text = String::with_capacity("2026-11-22T19:20:54.123456789+01:00".len());
    push_date(&mut text, local.date());
    for (sign, number) in [('T', local.hour()), (':', local.minute()), (':', local.second())] {
        text.push(sign);
        push_two(&mut text, number.into());
    }
    let nanosecond = local.nanosecond();
    if nanosecond > 0 {
        let fraction = format!(".{nanosecond:09}");
        text.push_str(fraction.trim_end_matches('0'));
    }
    let (hours, minutes, _) = offset.as_hms();
    if (hours, minutes) == (0, 0) {
        text.push('Z');
    } else {
        text.push(if hours < 0 || minutes < 0 { '-' } else { '+' });
        push_two(&mut text, hours.unsigned_abs().into());
        text.push(':');
        push_two(&mut text, minutes.unsigned_abs().into());
    }
    text
}

fn push_date(text: &mut String, date: Date) {
    let (year, month, day) = date.to_calendar_date();
    let year = year.clamp(0, 9999) as u32;
    push_two(text, year / 100);
    push_two(text, year % 100);
    text.push('-');
    push_two(text, u8::from(month).into());
    text.push('-');
    push_two(text, day.into());
}

/// Much quicker than formatting.
fn push_two(text: &mut String, number: u32) {
    text.push(char::from(b'0' + (number / 10 % 10) as u8));
    text.push(char::from(b'0' + (number % 10) as u8));
}
