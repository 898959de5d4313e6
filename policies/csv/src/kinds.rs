//! Rows that say in a column what they are: records, a head, a trailer, or others.

use described::{Path, Paths, Use};
use tallygate_policy::ConfigFault;
use tallygate_policy::config::{Config, Shape};

use crate::columns::{Columns, Row};

/// What says which rows are what.
pub(crate) struct Kinds {
    /// The cell that says it.
    pub(crate) cell: usize,
    record: Vec<String>,
    head: Vec<String>,
    trailer: Vec<String>,
    other: Vec<String>,
}

/// What stands for all values in none of the other lists.
const ANY: &str = "*";

impl Kinds {
    /// Takes the key `rows`.
    pub(crate) fn configure(config: &mut Config, columns: &mut Columns) -> Result<Option<Self>, ConfigFault> {
        let Some(given) = config.given("rows") else { return Ok(None) };
        let mut section = given.section()?;
        let column = section.required("column", Columns::RIGHT)?;
        let wrong = column.other_than(Columns::RIGHT);
        let cell = match column.shape() {
            (at, Shape::Text(name)) => columns.cell(&at, Path::Text(name), Use::Text)?,
            (at, Shape::Number(number)) => columns.cell(&at, Path::Number(number), Use::Text)?,
            _ => return Err(wrong),
        };
        let record = section.required_strings("record", "the values of records, such as `D`")?;
        let mut list = |key: &str| section.strings(key).map(Option::unwrap_or_default);
        let (head, trailer, other) = (list("head")?, list("trailer")?, list("other")?);
        let mut all: Vec<(&str, &String)> = Vec::new();
        for (key, values) in [("record", &record), ("head", &head), ("trailer", &trailer), ("other", &other)] {
            for (index, value) in values.iter().enumerate() {
                if let Some((before, _)) = all.iter().find(|(_, known)| *known == value) {
                    let detail = format!("`{value}` is in `{before}` already");
                    return Err(ConfigFault::at(format!("/rows/{key}/{index}"), detail));
                }
                all.push((key, value));
            }
        }
        section.finish()?;
        Ok(Some(Self { cell, record, head, trailer, other }))
    }

    /// What rows of a kind say.
    pub(crate) fn list(&self, row: Row) -> &[String] {
        match row {
            Row::Record => &self.record,
            Row::Head => &self.head,
            Row::Trailer => &self.trailer,
        }
    }

    /// What a row is whose column says this; none: it is passed over.
    pub(crate) fn of(&self, said: &str) -> Result<Option<Row>, String> {
        let is_in = |list: &[String]| list.iter().any(|value| value == said);
        if is_in(&self.record) {
            Ok(Some(Row::Record))
        } else if is_in(&self.head) {
            Ok(Some(Row::Head))
        } else if is_in(&self.trailer) {
            Ok(Some(Row::Trailer))
        } else if is_in(&self.other) {
            Ok(None)
        } else if self.record.iter().any(|value| value == ANY) {
            Ok(Some(Row::Record))
        } else {
            let all = self.record.iter().chain(&self.head).chain(&self.trailer).chain(&self.other);
            let all: Vec<String> = all.map(|value| format!("`{value}`")).collect();
            Err(format!("it is `{said}`, and would be one of {}", all.join(", ")))
        }
    }
}
