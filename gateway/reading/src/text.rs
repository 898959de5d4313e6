//! Plain-text tables for a terminal, and how values become text in JSON.

use std::fmt::Display;
use std::time::Duration;

use serde::Serializer;

/// On which side a column's values stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// As text does.
    Left,
    /// As numbers do.
    Right,
}

/// A table with one line of headings; what a partner wrote is made harmless for the terminal.
pub fn table(columns: &[(&str, Side)], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| harmless(cell)).collect()).collect();
    let width = |place: usize, heading: &str| {
        rows.iter()
            .filter_map(|row| row.get(place))
            .map(|cell| cell.chars().count())
            .chain([heading.chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(place, (heading, _))| width(place, heading)).collect();
    let headings: Vec<String> = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&headings).chain(&rows) {
        let mut line = String::new();
        for ((cell, (_, side)), width) in row.iter().zip(columns).zip(&widths) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            match side {
                Side::Left => line.push_str(&format!("{cell:<width$}")),
                Side::Right => line.push_str(&format!("{cell:>width$}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What stands above an answer: a line for each warning, and an empty one; nothing where there are none.
pub fn warnings(warnings: &[String]) -> String {
    let lines: String = warnings.iter().map(|warning| format!("warning: {}\n", harmless(warning))).collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

/// The text with every control character written out, so that no terminal acts on it.
pub fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// A time that has passed, in words: its largest unit alone.
pub fn age(passed: Duration) -> String {
    let seconds = passed.as_secs();
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    match units.into_iter().find(|(_, unit)| seconds >= *unit) {
        None => "less than a minute".to_owned(),
        Some((name, unit)) if seconds / unit == 1 => format!("1 {name}"),
        Some((name, unit)) => format!("{} {name}s", seconds / unit),
    }
}

/// Serialises what has a text form as that text.
///
/// # Errors
/// Those of the serializer.
pub fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Serialises a Unix time in milliseconds as RFC 3339.
///
/// # Errors
/// Those of the serializer.
pub fn as_instant<S: Serializer>(unix_millis: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&tallygate_core::row::instant(*unix_millis))
}

/// Pretty JSON with a line end; the types it is used with always serialise.
pub fn pretty<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_by_its_largest_unit() {
        let told = |seconds| age(Duration::from_secs(seconds));
        assert_eq!([told(59), told(60), told(7_199)], ["less than a minute", "1 minute", "1 hour"]);
        assert_eq!([told(172_800), told(7_200)], ["2 days", "2 hours"]);
    }

    #[test]
    fn columns_line_up_and_escape_what_a_terminal_would_act_on() {
        let rows = [vec!["HR1".to_owned(), "12.50".to_owned()], vec!["a\u{1b}[2J".to_owned(), "1.00".to_owned()]];
        let text = table(&[("KEY", Side::Left), ("SUM", Side::Right)], &rows);
        assert_eq!(text, "KEY           SUM\nHR1         12.50\na\\u{1b}[2J   1.00\n");
    }
}
