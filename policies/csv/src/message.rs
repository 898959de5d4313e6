//! A message: what stands before the records, the records, and what stands around them.

use std::borrow::Cow;

use described::{Format, Made, Rows, Wrong};
use tallygate_policy::encoding::EncodingError;
use tallygate_policy::{Refusal, scan};

use crate::columns::Row;
use crate::kinds::Kinds;
use crate::reader::Reader;
use crate::{Csv, Skip};

/// Reads a message.
pub(crate) fn read(csv: &Csv, message: &[u8], origins: bool) -> Result<Made, Wrong> {
    let text = csv.encoding.decode(message).map_err(|error| undecoded(message, &error))?;
    let mut reader = Reader::new(&text, csv.writing);
    reader.skip_separator()?;
    skip(&mut reader, &csv.skip)?;
    let names = if csv.columns.header { header(&mut reader)? } else { Vec::new() };
    let waits = csv.columns.above().next().is_some();
    let rows = Rows::new(csv.description(), 1, waits, origins);
    let columns = csv.columns.of(Row::Record, &names, reader.begin)?;
    let body =
        Body { csv, reader, rows, columns, expected: csv.columns.header.then_some(names.len()), length: text.len() };
    let made = match &csv.kinds {
        None => body.records()?,
        Some(kinds) => body.of_kinds(kinds)?,
    };
    Ok(made)
}

/// Passes what stands before the header, or before the first record.
fn skip(reader: &mut Reader<'_>, skip: &Skip) -> Result<(), Refusal> {
    match skip {
        Skip::Lines(lines) => {
            for _ in 0..*lines {
                if reader.skip_line().is_none() {
                    let detail = format!("it has fewer than the {lines} lines that would stand before the header");
                    return Err(Refusal::new(422, "not-csv", detail));
                }
            }
        }
        Skip::To(first) => {
            while !reader.begins_with(first) {
                if reader.skip_line().is_none() {
                    let detail = format!("no line begins with the value `{first}`, as the header would");
                    return Err(Refusal::new(422, "not-csv", detail));
                }
            }
        }
    }
    Ok(())
}

/// The names of the columns.
fn header(reader: &mut Reader<'_>) -> Result<Vec<String>, Refusal> {
    let mut names: Vec<String> = Vec::new();
    let read = reader.row(|_| true, |_, name| names.push(scan::trimmed(&name).to_owned()))?;
    let line = reader.begin;
    if read.is_none() {
        return Err(Refusal::new(422, "not-csv", "it is empty; a header and rows below it would be right"));
    }
    for (column, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..column].contains(name) {
            let detail = format!("line {line}: the header has the column `{name}` twice");
            return Err(Refusal::new(422, "column-twice", detail).at(format!("line {line}/{name}")));
        }
    }
    // A delimiter at the end.
    if names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    Ok(names)
}

struct Body<'c, 'a> {
    csv: &'c Csv,
    reader: Reader<'a>,
    rows: Rows<'c, 'a>,
    /// Which cell each column of a record is.
    columns: Vec<Option<usize>>,
    /// How many values a record has, once that is known.
    expected: Option<usize>,
    length: usize,
}

impl<'a> Body<'_, 'a> {
    /// Reads rows that are all records.
    fn records(mut self) -> Result<Made, Wrong> {
        loop {
            let Self { reader, rows, columns, .. } = &mut self;
            let wanted = |column: usize| columns.get(column).is_some_and(Option::is_some);
            let row = reader.row(wanted, |column, value| {
                if let Some(cell) = columns.get(column).copied().flatten() {
                    rows.set(cell, value);
                }
            })?;
            let Some(row) = row else { break };
            self.end(row)?;
        }
        self.rows.finish(none)
    }

    /// Reads rows of which each says what it is.
    fn of_kinds(mut self, kinds: &Kinds) -> Result<Made, Wrong> {
        let csv = self.csv;
        let (head, trailer) = (csv.columns.of(Row::Head, &[], 0)?, csv.columns.of(Row::Trailer, &[], 0)?);
        let says = self.columns.iter().position(|cell| *cell == Some(kinds.cell));
        let mut above: Vec<Option<Cow<'a, str>>> = vec![None; described::Paths::cells(&csv.columns)];
        let (mut headed, mut trailed) = (false, false);
        let mut values = Vec::new();
        loop {
            values.clear();
            let Some(row) = self.reader.row(|_| true, |_, value| values.push(value))? else { break };
            let line = self.reader.begin;
            let said = says.and_then(|column| values.get(column)).map(|value| scan::trimmed(value));
            let kind = kinds.of(said.unwrap_or_default()).map_err(|detail| self.wrong(kinds.cell, line, &detail))?;
            let (columns, seen) = match kind {
                None => continue,
                Some(_) if trailed => return Err(self.wrong(kinds.cell, line, "it stands behind the trailer").into()),
                Some(Row::Record) => {
                    for (column, value) in values.drain(..).enumerate() {
                        if let Some(cell) = self.columns.get(column).copied().flatten() {
                            self.rows.set(cell, value);
                        }
                    }
                    self.end(row)?;
                    continue;
                }
                Some(Row::Head) if headed || self.rows.read() > 0 => {
                    return Err(self.wrong(kinds.cell, line, "a head would stand once, before all records").into());
                }
                Some(Row::Head) => (&head, &mut headed),
                Some(Row::Trailer) => (&trailer, &mut trailed),
            };
            *seen = true;
            for (column, value) in values.drain(..).enumerate() {
                if let Some(cell) = columns.get(column).copied().flatten() {
                    above[cell] = Some(value);
                }
            }
        }
        for (row, seen, name) in [(Row::Head, headed, "head"), (Row::Trailer, trailed, "trailer")] {
            if !seen && (csv.columns.has(row) || !kinds.list(row).is_empty()) {
                let right = kinds.list(row).join("` or `");
                let detail = format!("`{name}` is missing: a row that says `{right}`");
                return Err(Refusal::new(422, "field-missing", detail).at(name).into());
            }
        }
        self.rows.close(0, &[], 0, csv.columns.above(), &mut above);
        self.rows.finish(none)
    }

    /// Ends a record with so many values.
    fn end(&mut self, (values, last_is_empty): (usize, bool)) -> Result<(), Wrong> {
        let line = self.reader.begin;
        let expected = *self.expected.get_or_insert(values);
        if values != expected && !(last_is_empty && values == expected + 1) {
            let detail = format!("line {line}: it has {values} values, and {expected} would be right");
            return Err(Refusal::new(422, "wrong-row", detail).at(format!("line {line}")).into());
        }
        self.rows.make_room(self.reader.at(), self.length);
        self.rows.end(&[line])
    }

    #[cold]
    fn wrong(&self, cell: usize, line: u32, detail: &str) -> Refusal {
        let name = self.csv.name(Some(cell), &[line]);
        Refusal::new(422, "wrong-row", format!("`{name}`: {detail}")).at(name)
    }
}

#[cold]
fn none() -> Refusal {
    Refusal::new(422, "no-records", "there is no row below the header; at least one would be right")
}

#[cold]
fn undecoded(message: &[u8], error: &EncodingError) -> Refusal {
    let (line, _) = scan::line_and_column(message, error.at);
    Refusal::new(422, "wrong-encoding", format!("line {line}: {}", error.detail)).at(format!("line {line}"))
}
