//! The columns that a description leads to, by name or by number.

use described::{Path, Paths, Use};
use tallygate_policy::config::{Config, Shape, nearest};
use tallygate_policy::{ConfigFault, Refusal};

/// The most columns that a row may have.
const MOST: u64 = 10_000;

/// What a description leads to.
pub(crate) struct Columns {
    /// Whether they have names.
    pub(crate) header: bool,
    cells: Vec<Cell>,
}

#[derive(Debug, PartialEq, Eq)]
struct Cell {
    row: Row,
    column: Column,
}

/// Of which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Record,
    Head,
    Trailer,
}

#[derive(Debug, PartialEq, Eq)]
enum Column {
    Name(String),
    /// From 0.
    Number(usize),
}

impl Columns {
    pub(crate) fn new(header: bool) -> Self {
        Self { header, cells: Vec::new() }
    }

    fn place(&mut self, at: &str, row: Row, path: Path) -> Result<usize, ConfigFault> {
        let column = match path {
            Path::Text(name) if row != Row::Record => {
                let detail = format!("it is `{name}`, and would be a number: such a row has columns of its own");
                return Err(ConfigFault::at(at, detail));
            }
            Path::Text(name) if !self.header => {
                let detail = format!("it is `{name}`, and would be a number: without a header columns have no names");
                return Err(ConfigFault::at(at, detail));
            }
            Path::Text(name) if name.trim().is_empty() => {
                return Err(ConfigFault::at(at, "it is empty, and would be the name of a column"));
            }
            Path::Text(name) => Column::Name(name.trim().to_owned()),
            Path::Number(number @ 1..=MOST) => Column::Number(number as usize - 1),
            Path::Number(_) => {
                return Err(ConfigFault::at(at, format!("it would be the number of a column, from 1 to {MOST}")));
            }
        };
        let cell = Cell { row, column };
        if let Some(known) = self.cells.iter().position(|known| *known == cell) {
            return Ok(known);
        }
        self.cells.push(cell);
        Ok(self.cells.len() - 1)
    }

    /// Whether there are any of a row.
    pub(crate) fn has(&self, row: Row) -> bool {
        self.cells.iter().any(|cell| cell.row == row)
    }

    /// Those of rows that are no records.
    pub(crate) fn above(&self) -> impl Iterator<Item = usize> {
        (0..self.cells.len()).filter(|cell| self.cells.get(*cell).is_some_and(|cell| cell.row != Row::Record))
    }

    /// Which cell each column of a row is; the names are those of the header, if there is one.
    pub(crate) fn of(&self, row: Row, names: &[String], line: u32) -> Result<Vec<Option<usize>>, Refusal> {
        let mut cells = vec![None; names.len()];
        for (index, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.row == row) {
            let column = match &cell.column {
                Column::Number(column) => *column,
                Column::Name(name) => {
                    names.iter().position(|known| known == name).ok_or_else(|| missing(name, names, line))?
                }
            };
            if column >= cells.len() {
                cells.resize(column + 1, None);
            }
            // A column may be led to by name and by number.
            if let Some(other) = cells[column].replace(index) {
                let detail = format!("line {line}: {} and {} are one column", self.shown(other), self.shown(index));
                return Err(Refusal::new(422, "wrong-header", detail).at(format!("line {line}")));
            }
        }
        Ok(cells)
    }

    fn shown(&self, cell: usize) -> String {
        match self.cells.get(cell).map(|cell| &cell.column) {
            Some(Column::Name(name)) => name.clone(),
            Some(Column::Number(number)) => format!("column {}", number + 1),
            None => String::new(),
        }
    }

    /// What partners call a cell of a row at a line.
    pub(crate) fn name(&self, cell: usize, line: &str) -> String {
        let shown = self.shown(cell);
        match self.cells.get(cell).map(|cell| cell.row) {
            Some(Row::Head) => format!("head/{shown}"),
            Some(Row::Trailer) => format!("trailer/{shown}"),
            _ => format!("{line}/{shown}"),
        }
    }
}

impl Paths for Columns {
    const RIGHT: &'static str = "the name or the number of a column";

    fn cell(&mut self, at: &str, path: Path, _: Use) -> Result<usize, ConfigFault> {
        self.place(at, Row::Record, path)
    }

    fn of_section(&mut self, section: &mut Config, _: Use) -> Result<Option<usize>, ConfigFault> {
        for (key, row) in [("head", Row::Head), ("trailer", Row::Trailer)] {
            let Some(given) = section.given(key) else { continue };
            let wrong = given.other_than("the number of a column");
            return match given.shape() {
                (at, Shape::Number(number)) => self.place(&at, row, Path::Number(number)).map(Some),
                (at, Shape::Text(name)) => self.place(&at, row, Path::Text(name)).map(Some),
                _ => Err(wrong),
            };
        }
        Ok(None)
    }

    fn level(&self, cell: usize) -> usize {
        usize::from(self.cells.get(cell).is_none_or(|cell| cell.row == Row::Record))
    }

    fn depth(&self) -> usize {
        1
    }

    fn cells(&self) -> usize {
        self.cells.len()
    }
}

#[cold]
fn missing(name: &str, names: &[String], line: u32) -> Refusal {
    let meant = nearest(name, names.iter().map(String::as_str));
    let meant = meant.map(|meant| format!("; `{meant}` is there")).unwrap_or_default();
    let detail = format!("line {line}: the header has no column `{name}`{meant}");
    Refusal::new(422, "column-missing", detail).at(format!("line {line}/{name}"))
}
