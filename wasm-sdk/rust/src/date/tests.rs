//! What is a day, a time and an offset, and how they are written.

use super::{
    Date, DateError, Duration, UtcOffset, offset, parse, parse_compact, parse_date_time, parse_xsd, rfc3339, written,
};
use proptest::prelude::*;

fn told<T: std::fmt::Debug>(result: Result<T, DateError>) -> String {
    result.expect_err("a refusal").to_string()
}

fn hours(hours: i8) -> UtcOffset {
    UtcOffset::from_hms(hours, 0, 0).expect("an offset")
}

#[test]
fn days_are_read_in_their_forms_and_no_others() {
    let day = parse("2026-11-22").expect("a day");
    assert_eq!((parse_compact("20261122"), parse_xsd("2026-11-22")), (Ok(day), Ok((day, None))));
    assert_eq!(parse_xsd("2026-11-22Z"), Ok((day, Some(UtcOffset::UTC))));
    assert_eq!(parse_xsd("2026-11-22-05:00"), Ok((day, Some(hours(-5)))));
    assert_eq!(parse_xsd("\n 2026-11-22+01:00\t"), Ok((day, Some(hours(1)))));
    for text in ["", "20261122", "2026-11-22Z", " 2026-11-22", "2026-1-22", "2026/11/22", "+026-11-22", "2026-11-2２"]
    {
        assert_eq!(told(parse(text)), "it is no date, such as 2026-11-22", "{text}");
    }
    for text in ["", "2026-11-22", "202611221", "2026112", "2026112x", "261122"] {
        assert_eq!(told(parse_compact(text)), "it is no date, such as 20261122", "{text}");
    }
    for text in ["", "2026-11-22T", "2026-11-22 Z", "20261122Z"] {
        assert_eq!(told(parse_xsd(text)), "it is no date, such as 2026-11-22 or 2026-11-22+01:00", "{text}");
    }
}

#[test]
fn days_that_the_calendar_does_not_have_are_refused() {
    for text in ["2026-02-29", "2100-02-29", "2026-11-31", "2026-11-00", "2026-00-01", "2026-13-01", "0000-01-01"] {
        let no_day = "it is a day that the calendar does not have";
        assert_eq!(told(parse(text)), no_day, "{text}");
        assert_eq!(told(parse_compact(&text.replace('-', ""))), no_day, "{text}");
        assert_eq!(told(parse_xsd(&format!("{text}Z"))), no_day, "{text}");
        assert_eq!(told(parse_date_time(&format!("{text}T00:00:00"))), no_day, "{text}");
    }
    assert!(parse("2000-02-29").is_ok() && parse("2024-02-29").is_ok() && parse("9999-12-31").is_ok());
}

#[test]
fn times_get_the_offset_that_is_given_unless_they_have_one() {
    for (text, time) in [
        ("2026-11-22T19:20:54", "2026-11-22T19:20:54+01:00"),
        ("2026-11-22T19:20:54Z", "2026-11-22T19:20:54Z"),
        ("2026-11-22T19:20:54-00:00", "2026-11-22T19:20:54Z"),
        ("2026-11-22T19:20:54.120-05:30", "2026-11-22T19:20:54.12-05:30"),
        ("2026-11-22T19:20:54.000000001-00:30", "2026-11-22T19:20:54.000000001-00:30"),
        ("2026-12-31T24:00:00.0", "2027-01-01T00:00:00+01:00"),
    ] {
        assert_eq!(parse_date_time(text).map(|read| read.rfc3339(hours(1))), Ok(time.into()), "{text}");
    }
    let moment = |text| parse_date_time(text).expect(text).moment(hours(1)).unix_timestamp();
    assert_eq!(moment("1970-01-01T01:00:00"), 0);
    assert_eq!(moment("1970-01-01T00:00:00Z"), 0);
}

#[test]
fn what_is_no_time_is_refused() {
    let no_form = "it is no date with a time, such as 2026-11-22T19:20:54 or 2026-11-22T19:20:54+01:00";
    for text in [
        "",
        "2026-11-22",
        "2026-11-22 19:20:54",
        "2026-11-22t19:20:54",
        "2026-11-22T19:20",
        "2026-11-22T19:20:54.",
        "2026-11-22T19:20:54.1234567890",
        "2026-11-22T19:20:54z",
        "2026-11-22T19:20:54,5",
        "2026-11-22T1:20:54",
    ] {
        assert_eq!(told(parse_date_time(text)), no_form, "{text}");
    }
    for clock in ["24:00:01", "24:00:00.1", "25:00:00", "19:60:00", "19:20:60"] {
        assert_eq!(told(parse_date_time(&format!("2026-11-22T{clock}"))), "it is a time that no day has", "{clock}");
    }
    assert_eq!(told(parse_date_time("9999-12-31T24:00:00")), "it is a day that the calendar does not have");
}

#[test]
fn offsets_are_those_of_xml_schema() {
    for (text, seconds) in [("Z", 0), ("+00:00", 0), ("+01:00", 3600), ("-05:30", -19_800), ("+14:00", 50_400)] {
        assert_eq!(offset(text).map(UtcOffset::whole_seconds), Ok(seconds), "{text}");
    }
    for text in
        ["", "z", "01:00", "+1:00", "+0100", "+01", "+14:01", "-15:00", "+01:60", "+01:00:00", "−01:00", "-+1:00"]
    {
        let no_offset = "it is no offset, such as +01:00 or Z, of at most 14 hours";
        assert_eq!(told(offset(text)), no_offset, "{text}");
        if text.starts_with(['+', '-']) {
            assert_eq!(told(parse_date_time(&format!("2026-11-22T19:20:54{text}"))), no_offset, "{text}");
        }
    }
}

#[test]
fn days_are_counted_over_months_and_leap_years() {
    let day = |text| parse(text).expect(text);
    assert_eq!(
        (day("2024-02-28") + Duration::days(2), day("2023-03-01") - Duration::days(1)),
        (day("2024-03-01"), day("2023-02-28"))
    );
    assert_eq!((day("2026-11-22") - day("2025-11-22")).whole_days(), 365);
    assert_eq!(rfc3339(day("2026-11-22").midnight(), hours(-3)), "2026-11-22T00:00:00-03:00");
}

proptest! {
    #[test]
    fn a_day_and_a_time_read_back_what_they_wrote(
        julian in 1_721_426..=5_373_484_i32, nanoseconds in 0..86_400_000_000_000_i64, minutes in -840..=840_i32,
    ) {
        let day = Date::from_julian_day(julian).expect("a day");
        prop_assert_eq!(parse(&written(day)), Ok(day));
        prop_assert_eq!(parse_compact(&written(day).replace('-', "")), Ok(day));
        let local = day.midnight() + Duration::nanoseconds(nanoseconds);
        let offset = UtcOffset::from_whole_seconds(minutes * 60).expect("an offset");
        let read = parse_date_time(&rfc3339(local, offset)).expect("a time");
        prop_assert_eq!((read.local, read.offset), (local, Some(offset)));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9TZ:.+-]{0,36}|\\PC{0,30}") {
        let _ = (parse(&text), parse_compact(&text), parse_xsd(&text), parse_date_time(&text), offset(&text));
    }
}
