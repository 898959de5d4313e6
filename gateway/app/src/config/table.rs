//! A table of the file, read key by key.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Located};
use super::nearest::nearest;
use super::places::join;

/// A table of the file. Keys that nobody asked for by the time of [`close`](Self::close) are problems.
#[derive(Debug)]
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    path: String,
    entries: Vec<(&'d str, &'d Spanned<DeValue<'d>>)>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'d> Table<'d> {
    /// The file's own table.
    pub(super) fn root(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self::new(document, String::new(), table)
    }

    fn new(document: &'d Document<'d>, path: String, table: &'d DeTable<'d>) -> Self {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entries = entries.into_iter().map(|(key, value)| (key.get_ref().as_ref(), value)).collect();
        Self { document, path, entries, asked: RefCell::default() }
    }

    /// The document it stands in.
    pub(super) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Notes a problem with the table as a whole.
    pub(super) fn problem(&self, message: impl fmt::Display) {
        self.document.problem(&self.path, message);
    }

    /// The keys it has, in order.
    pub(super) fn keys(&self) -> Vec<String> {
        self.entries.iter().map(|(key, _)| (*key).to_owned()).collect()
    }

    /// Whether the key stands in it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| *name == key)
    }

    /// The path of a key of it.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn close(&self) {
        let asked = self.asked.borrow();
        for (key, _) in &self.entries {
            if !asked.contains(*key) {
                let known: Vec<&str> = asked.iter().map(String::as_str).collect();
                let near =
                    nearest(key, &known).map_or_else(String::new, |near| format!(", perhaps {near:?} was meant"));
                let known = known.join(", ");
                self.document.problem(&self.path_of(key), format_args!("is no known key here{near}; known: {known}"));
            }
        }
    }

    /// Asks for a key that must be there.
    pub(super) fn must_have(&self, key: &str, such_as: &str) {
        self.asked.borrow_mut().insert(key.to_owned());
        if !self.has(key) {
            self.problem(format_args!("{key:?} is missing{such_as}"));
        }
    }

    /// The value of a key, and the path of the key.
    pub(super) fn get(&self, key: &str) -> Option<(String, &'d DeValue<'d>)> {
        self.asked.borrow_mut().insert(key.to_owned());
        let (_, value) = self.entries.iter().find(|(name, _)| *name == key)?;
        Some((self.path_of(key), value.get_ref()))
    }

    /// A table.
    pub(super) fn table(&self, key: &str) -> Option<Table<'d>> {
        let (path, value) = self.get(key)?;
        self.as_table(path, value)
    }

    /// A list of tables.
    pub(super) fn tables(&self, key: &str) -> Vec<Table<'d>> {
        let items = self.items(key, "a list of tables such as [[…]]").unwrap_or_default();
        items.into_iter().filter_map(|item| self.as_table(item.key, item.value)).collect()
    }

    /// A table of tables, by name.
    pub(super) fn sections(&self, key: &str) -> Vec<(String, Table<'d>)> {
        let Some(all) = self.table(key) else { return Vec::new() };
        all.keys().into_iter().filter_map(|name| all.table(&name).map(|table| (name, table))).collect()
    }

    /// The items of a list.
    pub(super) fn items(&self, key: &str, right: &str) -> Option<Vec<Located<&'d DeValue<'d>>>> {
        let (path, value) = self.get(key)?;
        let DeValue::Array(array) = value else { return self.wrong_type(&path, value, right) };
        let item = |(place, item): (usize, &'d Spanned<DeValue<'d>>)| Located {
            value: item.get_ref(),
            key: format!("{path}[{place}]"),
        };
        Some(array.iter().enumerate().map(item).collect())
    }

    /// Notes that a value is of the wrong type.
    pub(super) fn wrong_type<T>(&self, path: &str, found: &DeValue<'_>, right: &str) -> Option<T> {
        self.document.problem(path, format_args!("is {}, must be {right}", found.type_str()));
        None
    }

    fn as_table(&self, path: String, value: &'d DeValue<'d>) -> Option<Table<'d>> {
        match value {
            DeValue::Table(table) => Some(Self::new(self.document, path, table)),
            other => self.wrong_type(&path, other, "a table such as { … }"),
        }
    }
}
