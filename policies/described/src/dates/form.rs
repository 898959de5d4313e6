//! One form of a day or a time, such as `dd.MM.yyyy HH:mm`.

use std::borrow::Cow;

use tallygate_policy::date::{self, Date, DateError, Month, Time, UtcOffset};

use super::Stamp;

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// What ISO 8601 and XML Schema have.
    Iso,
    Pattern {
        written: String,
        parts: Vec<Part>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Literal(char),
    Year,
    YearOf2000,
    Month,
    ShortMonth,
    NamedMonth,
    Day,
    ShortDay,
    Hour,
    Minute,
    Second,
    Fraction,
    Offset,
}

const LETTERS: [(&str, Part); 12] = [
    ("yyyy", Part::Year),
    ("yy", Part::YearOf2000),
    ("MMM", Part::NamedMonth),
    ("MM", Part::Month),
    ("M", Part::ShortMonth),
    ("dd", Part::Day),
    ("d", Part::ShortDay),
    ("HH", Part::Hour),
    ("mm", Part::Minute),
    ("ss", Part::Second),
    ("f", Part::Fraction),
    ("zzz", Part::Offset),
];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const NO_DAY: &str = "it is a day that the calendar does not have";
const NO_TIME: &str = "it is a time that no day has";

/// Whether what is wrong is the day itself rather than its form.
pub(super) fn is_of_calendar(detail: &str) -> bool {
    detail == NO_DAY || detail == NO_TIME
}

impl Form {
    /// Reads a form as operators write it.
    pub(super) fn read(written: &str) -> Result<Self, String> {
        if written == "iso" {
            return Ok(Self::Iso);
        }
        let mut parts = Vec::new();
        let mut rest = written;
        while let Some(letter) = rest.chars().next() {
            if letter == '\'' {
                let inside = &rest[1..];
                let end = inside.find('\'').ok_or("a quote in it has no end")?;
                parts.extend(inside[..end].chars().map(Part::Literal));
                rest = &inside[end + 1..];
                continue;
            }
            let length = rest.find(|other| other != letter).unwrap_or(rest.len());
            let same = &rest[..length];
            rest = &rest[length..];
            match LETTERS.iter().find(|(letters, _)| *letters == same) {
                Some((_, part)) => parts.push(*part),
                None if letter == 'T' || letter == 'Z' => parts.extend(same.chars().map(Part::Literal)),
                None if letter.is_ascii_alphabetic() => {
                    let known: Vec<&str> = LETTERS.iter().map(|(letters, _)| *letters).collect();
                    let known = known.join(", ");
                    return Err(format!("`{same}` means nothing in a form; known are {known}, and `iso` alone"));
                }
                None if letter.is_ascii_digit() => {
                    return Err(format!("`{same}` in it is a digit; a form such as `dd.MM.yyyy` would be right"));
                }
                None => parts.extend(same.chars().map(Part::Literal)),
            }
        }
        let form = Self::Pattern { written: written.to_owned(), parts };
        form.checked()?;
        Ok(form)
    }

    /// A day, and a time with hour and minute or none; nothing twice, and nothing of no fixed length before digits.
    fn checked(&self) -> Result<(), String> {
        let Self::Pattern { written, parts } = self else { return Ok(()) };
        let count = |of: &[Part]| parts.iter().filter(|part| of.contains(part)).count();
        for (name, of, least) in [
            ("year", &[Part::Year, Part::YearOf2000][..], 1),
            ("month", &[Part::Month, Part::ShortMonth, Part::NamedMonth], 1),
            ("day", &[Part::Day, Part::ShortDay], 1),
            ("hour", &[Part::Hour], 0),
            ("minute", &[Part::Minute], count(&[Part::Hour])),
            ("second", &[Part::Second], count(&[Part::Fraction])),
            ("fraction", &[Part::Fraction], 0),
            ("offset", &[Part::Offset], 0),
        ] {
            match count(of) {
                0 if least > 0 => return Err(format!("`{written}` has no {name}, and `dd.MM.yyyy` would have all")),
                0 | 1 => {}
                _ => return Err(format!("`{written}` has the {name} twice")),
            }
        }
        if count(&[Part::Hour]) == 0 && count(&[Part::Minute, Part::Second, Part::Offset]) > 0 {
            return Err(format!("`{written}` has no hour"));
        }
        let is_digits =
            |part: &Part| !matches!(part, Part::Literal(_) | Part::NamedMonth | Part::Fraction | Part::Offset);
        let runs_on =
            parts.windows(2).any(|two| matches!(two, [Part::ShortDay | Part::ShortMonth, next] if is_digits(next)));
        if runs_on {
            return Err(format!("`{written}` has `d` or `M` right before other digits; `dd` and `MM` would be right"));
        }
        Ok(())
    }

    pub(super) fn written(&self) -> &str {
        match self {
            Self::Iso => "iso",
            Self::Pattern { written, .. } => written,
        }
    }

    /// Whether it is one of times, without an offset.
    pub(super) fn has_clock_alone(&self) -> bool {
        matches!(self, Self::Pattern { parts, .. } if parts.contains(&Part::Hour) && !parts.contains(&Part::Offset))
    }

    /// Whether a text may be in both forms, and be two days.
    pub(super) fn may_be_mistaken_for(&self, other: &Self) -> bool {
        let iso = |parts: &[Part]| matches!(parts, [Part::Year, Part::Literal('-'), ..]);
        match (self, other) {
            (Self::Iso, Self::Iso) => true,
            (Self::Iso, Self::Pattern { parts, .. }) | (Self::Pattern { parts, .. }, Self::Iso) => {
                iso(parts)
                    && shape(&[Part::Year, Part::Literal('-'), Part::Month, Part::Literal('-'), Part::Day])
                        == shape(&parts[..parts.len().min(5)])
            }
            (Self::Pattern { parts: one, .. }, Self::Pattern { parts: two, .. }) => shape(one) == shape(two),
        }
    }

    /// Reads a day or a time in the form.
    pub(super) fn parse(&self, text: &str) -> Result<Stamp, Cow<'static, str>> {
        match self {
            Self::Iso => iso(text).map_err(|error| Cow::Owned(error.to_string())),
            Self::Pattern { written, parts } => pattern(parts, text).ok_or_else(|| wrong(written))?.existing(),
        }
    }
}

/// What a text in the form looks like: runs of digits and what stands between.
fn shape(parts: &[Part]) -> Vec<Option<char>> {
    let mut shape = Vec::new();
    for part in parts {
        match part {
            Part::Literal(letter) => shape.push(Some(*letter)),
            Part::Year => shape.extend([None; 4]),
            Part::NamedMonth => shape.push(Some('M')),
            Part::Fraction | Part::Offset => shape.push(Some('z')),
            // One digit may be two.
            Part::ShortMonth | Part::ShortDay => shape.extend([None; 2]),
            _ => shape.extend([None; 2]),
        }
    }
    shape
}

fn iso(text: &str) -> Result<Stamp, DateError> {
    if text.as_bytes().get(10) == Some(&b'T') {
        let read = date::parse_date_time(text)?;
        return Ok(Stamp { date: read.local.date(), clock: Some(read.local.time()), offset: read.offset });
    }
    let (date, offset) = date::parse_xsd(text)?;
    Ok(Stamp { date, clock: None, offset })
}

#[cold]
fn wrong(written: &str) -> Cow<'static, str> {
    format!("it is not in the form `{written}`").into()
}

/// The numbers of a day and a time, as they were written.
#[derive(Default)]
struct Numbers {
    year: u32,
    month: u8,
    day: u8,
    clock: Option<(u8, u8, u8, u32)>,
    offset: Option<UtcOffset>,
}

impl Numbers {
    fn existing(self) -> Result<Stamp, Cow<'static, str>> {
        let month = Month::try_from(self.month).ok();
        let year = i32::try_from(self.year).ok().filter(|year| *year > 0);
        let date = month.zip(year).and_then(|(month, year)| Date::from_calendar_date(year, month, self.day).ok());
        let date = date.ok_or(NO_DAY)?;
        let clock = match self.clock {
            None => None,
            Some((hour, minute, second, nanos)) => {
                Some(Time::from_hms_nano(hour, minute, second, nanos).map_err(|_| NO_TIME)?)
            }
        };
        Ok(Stamp { date, clock, offset: self.offset })
    }
}

fn pattern(parts: &[Part], text: &str) -> Option<Numbers> {
    let mut rest = text;
    let mut numbers = Numbers::default();
    for part in parts {
        let clock = &mut numbers.clock;
        match part {
            Part::Literal(letter) => rest = rest.strip_prefix(*letter)?,
            Part::Year => numbers.year = digits(&mut rest, 4, 4)?,
            Part::YearOf2000 => numbers.year = 2000 + digits(&mut rest, 2, 2)?,
            Part::Month => numbers.month = digits(&mut rest, 2, 2)? as u8,
            Part::ShortMonth => numbers.month = digits(&mut rest, 1, 2)? as u8,
            Part::NamedMonth => {
                let name = rest.get(..3)?;
                let place = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
                numbers.month = place as u8 + 1;
                rest = &rest[3..];
            }
            Part::Day => numbers.day = digits(&mut rest, 2, 2)? as u8,
            Part::ShortDay => numbers.day = digits(&mut rest, 1, 2)? as u8,
            Part::Hour => clock.get_or_insert_default().0 = digits(&mut rest, 2, 2)? as u8,
            Part::Minute => clock.get_or_insert_default().1 = digits(&mut rest, 2, 2)? as u8,
            Part::Second => clock.get_or_insert_default().2 = digits(&mut rest, 2, 2)? as u8,
            Part::Fraction => {
                if let Some(behind) = rest.strip_prefix(['.', ',']) {
                    let length = behind.bytes().take_while(u8::is_ascii_digit).count();
                    let mut fraction = behind;
                    let number = digits(&mut fraction, 1, 9).filter(|_| length <= 9)?;
                    clock.get_or_insert_default().3 = number * 10_u32.pow(9 - length as u32);
                    rest = fraction;
                }
            }
            Part::Offset => {
                let length = if rest.starts_with('Z') { 1 } else { 6 };
                numbers.offset = Some(date::offset(rest.get(..length)?).ok()?);
                rest = &rest[length..];
            }
        }
    }
    rest.is_empty().then_some(numbers)
}

/// Takes a number of so many digits, as many of them as there are.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (number, behind) = rest.split_at(length);
    *rest = behind;
    Some(number.bytes().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::Form;
    use tallygate_policy::date;

    fn read(form: &str, text: &str) -> Result<String, String> {
        let form = Form::read(form).expect(form);
        let stamp = form.parse(text).map_err(String::from)?;
        let offset = stamp.offset.map(|offset| offset.whole_minutes());
        let local = date::rfc3339(stamp.local(), date::UtcOffset::UTC);
        Ok(format!(
            "{}{}",
            local.trim_end_matches('Z'),
            offset.map(|minutes| format!(" {minutes}")).unwrap_or_default()
        ))
    }

    #[test]
    fn days_and_times_are_read_in_their_form() {
        for (form, text, right) in [
            ("dd.MM.yyyy", "22.11.2026", "2026-11-22T00:00:00"),
            ("dd.MM.yy", "01.02.26", "2026-02-01T00:00:00"),
            ("d.M.yyyy", "1.2.2026", "2026-02-01T00:00:00"),
            ("d.M.yyyy", "01.12.2026", "2026-12-01T00:00:00"),
            ("yyyyMMdd", "20261122", "2026-11-22T00:00:00"),
            ("dd-MMM-yyyy", "22-nov-2026", "2026-11-22T00:00:00"),
            ("MM/dd/yyyy", "11/22/2026", "2026-11-22T00:00:00"),
            ("dd.MM.yyyy HH:mm:ss", "22.11.2026 19:20:54", "2026-11-22T19:20:54"),
            ("dd.MM.yyyy HH:mm", "22.11.2026 19:20", "2026-11-22T19:20:00"),
            ("yyyy-MM-ddTHH:mm:ssfzzz", "2026-11-22T19:20:54.25+01:00", "2026-11-22T19:20:54.25 60"),
            ("yyyy-MM-ddTHH:mm:ssfzzz", "2026-11-22T19:20:54Z", "2026-11-22T19:20:54 0"),
            ("yyyyMMdd'um'HHmm", "20261122um1920", "2026-11-22T19:20:00"),
            ("iso", "2026-11-22", "2026-11-22T00:00:00"),
            ("iso", "2026-11-22T19:20:54", "2026-11-22T19:20:54"),
            ("iso", "2026-11-22+01:00", "2026-11-22T00:00:00 60"),
        ] {
            assert_eq!(read(form, text).as_deref(), Ok(right), "{form} {text}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_refused_with_the_form() {
        for text in
            ["", "2.11.2026", "22.11.26", "22.11.2026 ", "22/11/2026", "２2.11.2026", "22.11.20261", "xx.11.2026"]
        {
            assert_eq!(read("dd.MM.yyyy", text), Err("it is not in the form `dd.MM.yyyy`".into()), "{text}");
        }
        for text in ["31.11.2026", "29.02.2026", "00.01.2026", "01.13.2026", "01.01.0000"] {
            assert_eq!(read("dd.MM.yyyy", text), Err("it is a day that the calendar does not have".into()), "{text}");
        }
        assert_eq!(read("yyyyMMddHHmm", "202611222460"), Err("it is a time that no day has".into()));
        assert!(read("yyyyMMddHHmmssf", "20261122192054.1234567890").is_err());
        assert!(read("yyyyMMddHHmmssf", "20261122192054.").is_err());
    }

    #[test]
    fn a_form_that_cannot_be_is_refused() {
        for (form, told) in [
            (
                "tt.MM.jjjj",
                "`tt` means nothing in a form; known are yyyy, yy, MMM, MM, M, dd, d, HH, mm, ss, f, zzz, and `iso` alone",
            ),
            ("dd.mm.yyyy", "`dd.mm.yyyy` has no month, and `dd.MM.yyyy` would have all"),
            ("MM.yyyy", "`MM.yyyy` has no day, and `dd.MM.yyyy` would have all"),
            ("dd.MM.yyyy dd", "`dd.MM.yyyy dd` has the day twice"),
            ("dd.MM.yyyy HH", "`dd.MM.yyyy HH` has no minute, and `dd.MM.yyyy` would have all"),
            ("dd.MM.yyyy mm", "`dd.MM.yyyy mm` has no hour"),
            ("dMyyyy", "`dMyyyy` has `d` or `M` right before other digits; `dd` and `MM` would be right"),
            ("dd.MM.yyyy 'x", "a quote in it has no end"),
            ("dd.MM.2026", "`2` in it is a digit; a form such as `dd.MM.yyyy` would be right"),
            ("", "`` has no year, and `dd.MM.yyyy` would have all"),
        ] {
            assert_eq!(Form::read(form), Err(told.to_owned()), "{form}");
        }
    }

    #[test]
    fn forms_that_the_same_text_may_be_in_are_told() {
        let mistaken = |one: &str, two: &str| {
            let (one, two) = (Form::read(one).expect(one), Form::read(two).expect(two));
            one.may_be_mistaken_for(&two) && two.may_be_mistaken_for(&one)
        };
        for (one, two) in
            [("dd.MM.yyyy", "MM.dd.yyyy"), ("d/M/yyyy", "MM/dd/yyyy"), ("iso", "yyyy-dd-MM"), ("iso", "iso")]
        {
            assert!(mistaken(one, two), "{one} {two}");
        }
        for (one, two) in
            [("dd.MM.yyyy", "dd.MM.yyyy HH:mm"), ("iso", "dd.MM.yyyy"), ("iso", "yyyyMMdd"), ("dd.MM.yy", "dd.MM.yyyy")]
        {
            assert!(!mistaken(one, two), "{one} {two}");
        }
    }
}
