//! A configuration file read key by key, with every problem kept beside the line it stands on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::units;

/// Something wrong with a configuration, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: usize,
    /// The key, such as `policies.json.limits.time`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// One file's text and what was found wrong in it so far.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    file: &'t Path,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

/// A table of the file. Keys that nobody asked for by the time of [`close`](Self::close) are problems.
#[derive(Debug)]
pub(crate) struct Table<'d> {
    document: &'d Document<'d>,
    path: String,
    span: Range<usize>,
    entries: Vec<(&'d str, Range<usize>, &'d Spanned<DeValue<'d>>)>,
    asked: RefCell<BTreeSet<String>>,
}

/// A value and where it stands, so that a later check can name its line.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its key's path.
    pub key: String,
    /// Its place in the text.
    pub span: Range<usize>,
}

impl<'t> Document<'t> {
    /// A document of this text.
    pub(crate) fn new(file: &'t Path, text: &'t str) -> Self {
        Self { file, text, problems: RefCell::default() }
    }

    /// The folder that relative paths are relative to.
    pub(crate) fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Notes a problem at a place of the text.
    pub(crate) fn problem(&self, key: &str, span: &Range<usize>, message: impl fmt::Display) {
        let problem = Problem {
            file: self.file.to_owned(),
            line: self.line(span.start),
            key: key.to_owned(),
            message: message.to_string(),
        };
        self.problems.borrow_mut().push(problem);
    }

    /// Notes a problem with a value.
    pub(crate) fn problem_with<T>(&self, value: &Located<T>, message: impl fmt::Display) {
        self.problem(&value.key, &value.span, message);
    }

    /// All problems, by line.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// The line of a place in the text, from 1.
    pub(crate) fn line(&self, place: usize) -> usize {
        1 + self.text.as_bytes().iter().take(place).filter(|byte| **byte == b'\n').count()
    }
}

impl<'d> Table<'d> {
    /// The file's own table.
    pub(crate) fn root(document: &'d Document<'d>, table: &'d Spanned<DeTable<'d>>) -> Self {
        Self::new(document, String::new(), table.span(), table.get_ref())
    }

    fn new(document: &'d Document<'d>, path: String, span: Range<usize>, table: &'d DeTable<'d>) -> Self {
        let mut entries: Vec<_> =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        Self { document, path, span, entries, asked: RefCell::default() }
    }

    /// The document it stands in.
    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// The line it begins on, from 1.
    pub(crate) fn line(&self) -> usize {
        self.document.line(self.span.start)
    }

    /// Notes a problem with the table as a whole.
    pub(crate) fn problem(&self, message: impl fmt::Display) {
        self.document.problem(&self.path, &self.span, message);
    }

    /// The keys it has, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Located<&'d str>> + '_ {
        self.entries.iter().map(|(key, span, _)| Located { value: *key, key: self.path_of(key), span: span.clone() })
    }

    /// Whether the key stands in it.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, ..)| *name == key)
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn close(&self) {
        let asked = self.asked.borrow();
        for (key, span, _) in &self.entries {
            if !asked.contains(*key) {
                let known: Vec<&str> = asked.iter().map(String::as_str).collect();
                let right = nearest(key, &known).map_or_else(|| known.join(", "), |near| format!("{near:?}"));
                self.document.problem(&self.path_of(key), span, format_args!("is no known key here, known: {right}"));
            }
        }
    }

    /// A string, with `${NAME}` and `${file:PATH}` expanded.
    pub(crate) fn string(&self, key: &str) -> Option<Located<String>> {
        let (span, value) = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => self.expand(key, &span, text),
            other => self.wrong_type(key, &span, other, "a string such as \"…\""),
        }
    }

    /// A string that must be there.
    pub(crate) fn required(&self, key: &str) -> Option<Located<String>> {
        if !self.has(key) {
            self.asked.borrow_mut().insert(key.to_owned());
            self.problem(format_args!("{key:?} is missing"));
        }
        self.string(key)
    }

    /// A string that reads as a `T`.
    pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<Located<T>> {
        let text = self.string(key)?;
        match text.value.parse() {
            Ok(value) => Some(Located { value, key: text.key, span: text.span }),
            Err(problem) => {
                self.document.problem_with(&text, problem);
                None
            }
        }
    }

    /// A path, relative to the file. It need not exist.
    pub(crate) fn path(&self, key: &str) -> Option<Located<PathBuf>> {
        let text = self.string(key)?;
        Some(Located { value: self.document.folder().join(&text.value), key: text.key, span: text.span })
    }

    /// The path of a file that must exist.
    pub(crate) fn file(&self, key: &str) -> Option<Located<PathBuf>> {
        let path = self.path(key)?;
        if !path.value.is_file() {
            self.document.problem_with(&path, format_args!("there is no file {}", path.value.display()));
            return None;
        }
        Some(path)
    }

    /// A whole number within a range.
    pub(crate) fn number(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let (span, value) = self.get(key)?;
        let DeValue::Integer(integer) = value.get_ref() else {
            return self.wrong_type(key, &span, value.get_ref(), "a whole number");
        };
        let number = u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.document.problem(
                &self.path_of(key),
                &span,
                format_args!("must be a whole number from {from} to {to}"),
            );
        }
        number
    }

    /// A time with its unit, such as `"20 ms"`.
    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        self.parsed::<units::Time>(key).map(|time| time.value.0)
    }

    /// A size with its unit, such as `"1 MiB"`, in bytes.
    pub(crate) fn size(&self, key: &str) -> Option<u64> {
        self.parsed::<units::Size>(key).map(|size| size.value.0)
    }

    /// A list of strings.
    pub(crate) fn strings(&self, key: &str) -> Option<Vec<Located<String>>> {
        let (span, value) = self.get(key)?;
        let DeValue::Array(array) = value.get_ref() else {
            return self.wrong_type(key, &span, value.get_ref(), "a list such as [\"…\"]");
        };
        let item = |item: &'d Spanned<DeValue<'d>>| match item.get_ref() {
            DeValue::String(text) => self.expand(key, &item.span(), text),
            other => self.wrong_type(key, &item.span(), other, "a string such as \"…\""),
        };
        Some(array.iter().filter_map(item).collect())
    }

    /// A table.
    pub(crate) fn table(&self, key: &str) -> Option<Table<'d>> {
        let (span, value) = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(self.document, self.path_of(key), span, table)),
            other => self.wrong_type(key, &span, other, "a table such as { … }"),
        }
    }

    /// A list of tables.
    pub(crate) fn tables(&self, key: &str) -> Vec<Table<'d>> {
        let Some((span, value)) = self.get(key) else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type::<()>(key, &span, value.get_ref(), "a list of tables such as [[…]]");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (place, item) in array.iter().enumerate() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    tables.push(Self::new(
                        self.document,
                        format!("{}[{place}]", self.path_of(key)),
                        item.span(),
                        table,
                    ));
                }
                other => {
                    self.wrong_type::<()>(key, &item.span(), other, "a table such as { … }");
                }
            }
        }
        tables
    }

    /// Any value, as JSON, with strings expanded.
    pub(crate) fn json(&self, key: &str) -> Option<serde_json::Value> {
        let (_, value) = self.get(key)?;
        self.to_json(key, value)
    }

    fn to_json(&self, key: &str, value: &'d Spanned<DeValue<'d>>) -> Option<serde_json::Value> {
        use serde_json::Value;
        Some(match value.get_ref() {
            DeValue::String(text) => Value::String(self.expand(key, &value.span(), text)?.value),
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Integer(number) => {
                i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()?.into()
            }
            DeValue::Float(number) => serde_json::from_str(&number.as_str().replace('_', "")).ok()?,
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Array(array) => array.iter().map(|item| self.to_json(key, item)).collect::<Option<_>>()?,
            DeValue::Table(table) => {
                let entry = |(name, item): (&'d Spanned<_>, &'d Spanned<DeValue<'d>>)| {
                    let name: &std::borrow::Cow<'_, str> = name.get_ref();
                    Some((name.to_string(), self.to_json(key, item)?))
                };
                Value::Object(table.iter().map(entry).collect::<Option<_>>()?)
            }
        })
    }

    fn get(&self, key: &str) -> Option<(Range<usize>, &'d Spanned<DeValue<'d>>)> {
        self.asked.borrow_mut().insert(key.to_owned());
        let (_, span, value) = self.entries.iter().find(|(name, ..)| *name == key)?;
        Some((span.clone(), value))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong_type<T>(&self, key: &str, span: &Range<usize>, found: &DeValue<'_>, right: &str) -> Option<T> {
        self.document.problem(&self.path_of(key), span, format_args!("is {}, must be {right}", found.type_str()));
        None
    }

    fn expand(&self, key: &str, span: &Range<usize>, text: &str) -> Option<Located<String>> {
        match units::expand(text, self.document.folder()) {
            Ok(value) => Some(Located { value, key: self.path_of(key), span: span.clone() }),
            Err(problem) => {
                self.document.problem(&self.path_of(key), span, problem);
                None
            }
        }
    }
}

/// The known name that was probably meant.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .copied()
        .map(|name| (distance(word, name), name))
        .filter(|(d, name)| *d <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
