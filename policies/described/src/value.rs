//! Where a value of a record comes from: a path, always the same, the first that is there, or several joined.

use std::borrow::Cow;

use tallygate_policy::config::{Config, Given, Shape};
use tallygate_policy::{ConfigFault, scan};

use crate::paths::{self, Path, Paths, Use};
use crate::wrong::Fault;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Cell(usize),
    Mapped(usize, Vec<(String, String)>),
    Const(String),
    First(Vec<Value>),
    Join {
        parts: Vec<Value>,
        with: String,
        /// Whether `with` is marked where it stands in a part.
        marked: bool,
    },
    /// The number of the record.
    Ordinal,
}

/// The cells of a record.
#[derive(Clone, Copy)]
pub(crate) struct Record<'r, 'a> {
    pub(crate) cells: &'r [Option<Cow<'a, str>>],
    /// Its number in the message, from 1.
    pub(crate) ordinal: usize,
    pub(crate) trim: bool,
}

const RIGHT: &str = "a path, or a table with one of path, const, first, join and ordinal";

impl<'r> Record<'r, '_> {
    /// What stands in a cell; an empty value is not there.
    #[inline]
    pub(crate) fn cell(&self, cell: usize) -> Option<&'r str> {
        let text = self.cells.get(cell)?.as_deref()?;
        let text = if self.trim { scan::trimmed(text) } else { text };
        (!text.is_empty()).then_some(text)
    }
}

impl Value {
    /// Reads a value of the configuration.
    pub(crate) fn read<P: Paths>(given: Given, paths: &mut P, to_be: Use) -> Result<Self, ConfigFault> {
        let wrong = given.other_than(RIGHT);
        match given.shape() {
            (at, Shape::Text(path)) => paths.cell(&at, Path::Text(path), to_be).map(Self::Cell),
            (at, Shape::Number(path)) => paths.cell(&at, Path::Number(path), to_be).map(Self::Cell),
            (_, Shape::Section(mut section)) => {
                let value = Self::of_section(&mut section, paths, to_be)?;
                section.finish()?;
                Ok(value)
            }
            _ => Err(wrong),
        }
    }

    /// Takes what says a value out of a table, which may have other keys beside.
    pub(crate) fn of_section<P: Paths>(section: &mut Config, paths: &mut P, to_be: Use) -> Result<Self, ConfigFault> {
        if let Some(path) = section.given("path") {
            let cell = paths::plain(path, paths, to_be)?;
            return Ok(match section.given("map") {
                None => Self::Cell(cell),
                Some(map) => Self::Mapped(cell, translations(map.section()?)?),
            });
        }
        if let Some(text) = section.string("const")? {
            return Ok(Self::Const(text));
        }
        if let Some(first) = section.given("first") {
            return Ok(Self::First(Self::several(first, paths, to_be)?));
        }
        if let Some(join) = section.given("join") {
            let parts = Self::several(join, paths, to_be)?;
            let with = section.string("with")?.unwrap_or_else(|| "/".to_owned());
            return Ok(Self::Join { parts, with, marked: false });
        }
        if section.boolean("ordinal")? == Some(true) {
            return Ok(Self::Ordinal);
        }
        match paths.of_section(section, to_be)? {
            Some(cell) => Ok(Self::Cell(cell)),
            None => Err(ConfigFault::at(section.place(), format!("it would be {RIGHT}"))),
        }
    }

    fn several<P: Paths>(given: Given, paths: &mut P, to_be: Use) -> Result<Vec<Self>, ConfigFault> {
        let at = given.at().to_owned();
        let list = given.list("a list of paths and tables")?;
        if list.is_empty() {
            return Err(ConfigFault::at(at, "it is empty; at least one path would be right"));
        }
        list.into_iter().map(|given| Self::read(given, paths, to_be)).collect()
    }

    /// The value, but no two lists of parts give the same: what stands between them is marked where it is in a part.
    pub(crate) fn marked(self, at: &str) -> Result<Self, ConfigFault> {
        Ok(match self {
            Self::Join { parts, with, .. } => {
                if with.is_empty() || with.contains('\\') {
                    let detail = "it is empty or has a `\\`, so that two ids could be one; such as `/` would be right";
                    return Err(ConfigFault::at(format!("{at}/with"), detail));
                }
                let parts = parts.into_iter().enumerate();
                let parts = parts.map(|(index, part)| part.marked(&format!("{at}/join/{index}")));
                Self::Join { parts: parts.collect::<Result<_, _>>()?, with, marked: true }
            }
            Self::First(parts) => {
                let parts = parts.into_iter().enumerate();
                let parts = parts.map(|(index, part)| part.marked(&format!("{at}/first/{index}")));
                Self::First(parts.collect::<Result<_, _>>()?)
            }
            other => other,
        })
    }

    /// What it is of a record; none where it is not there.
    pub(crate) fn of<'r>(&'r self, record: Record<'r, '_>) -> Result<Option<Cow<'r, str>>, Fault> {
        Ok(match self {
            Self::Cell(cell) => record.cell(*cell).map(Cow::Borrowed),
            Self::Mapped(cell, map) => match record.cell(*cell) {
                None => None,
                Some(text) => match map.iter().find(|(from, _)| from == text) {
                    Some((_, to)) => Some(Cow::Borrowed(&**to)),
                    None => {
                        return Err(Fault::new(Some(*cell), "wrong-field", one_of(map.iter().map(|(from, _)| from))));
                    }
                },
            },
            Self::Const(text) => Some(Cow::Borrowed(&**text)),
            Self::First(values) => {
                for value in values {
                    if let Some(text) = value.of(record)? {
                        return Ok(Some(text));
                    }
                }
                None
            }
            Self::Join { parts, with, marked } => {
                let mut joined = String::with_capacity(64);
                for (index, part) in parts.iter().enumerate() {
                    let Some(text) = part.of(record)? else { return Err(Fault::missing(part.cell())) };
                    joined.push_str(if index > 0 { with } else { "" });
                    match with.as_bytes() {
                        // Nearly no part has what would have to be marked.
                        [sign] if *marked && scan::until(text.as_bytes(), [*sign, b'\\']) < text.len() => {
                            mark(&text, with, &mut joined);
                        }
                        [_] => joined.push_str(&text),
                        _ if *marked => mark(&text, with, &mut joined),
                        _ => joined.push_str(&text),
                    }
                }
                Some(Cow::Owned(joined))
            }
            Self::Ordinal => Some(Cow::Owned(record.ordinal.to_string())),
        })
    }

    /// What it is of a record, which has to have it.
    pub(crate) fn there<'r>(&'r self, record: Record<'r, '_>) -> Result<Cow<'r, str>, Fault> {
        self.of(record)?.ok_or_else(|| Fault::missing(self.cell()))
    }

    /// The first path in it, by which it is named.
    pub(crate) fn cell(&self) -> Option<usize> {
        match self {
            Self::Cell(cell) | Self::Mapped(cell, _) => Some(*cell),
            Self::First(values) | Self::Join { parts: values, .. } => values.iter().find_map(Self::cell),
            Self::Const(_) | Self::Ordinal => None,
        }
    }
}

/// Appends a part of an id, in which what stands between the parts is marked.
fn mark(part: &str, with: &str, id: &mut String) {
    for letter in part.chars() {
        if letter == '\\' || with.contains(letter) {
            id.push('\\');
        }
        id.push(letter);
    }
}

fn translations(mut map: Config) -> Result<Vec<(String, String)>, ConfigFault> {
    let entries = map.entries().into_iter();
    let map: Vec<_> = entries.map(|(from, to)| Ok((from, to.text()?))).collect::<Result<_, ConfigFault>>()?;
    Ok(map)
}

/// What would be right, of a few values.
#[cold]
pub(crate) fn one_of<'v>(values: impl Iterator<Item = &'v String>) -> String {
    let values: Vec<String> = values.map(|value| format!("`{value}`")).collect();
    match values.as_slice() {
        [one] => format!("it would be {one}"),
        [others @ .., last] => format!("it would be {} or {last}", others.join(", ")),
        [] => "it is not expected".to_owned(),
    }
}
