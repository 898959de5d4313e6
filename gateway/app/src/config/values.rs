//! The values of a table by their types, with what each type would have to look like.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::document::Located;
use super::places::join;
use super::table::Table;
use super::units;

impl<'d> Table<'d> {
    /// A string, with `${NAME}` and `${file:PATH}` expanded.
    pub(super) fn string(&self, key: &str) -> Option<Located<String>> {
        let (path, value) = self.get(key)?;
        self.as_string(path, value)
    }

    /// A string that must be there.
    pub(super) fn required(&self, key: &str) -> Option<Located<String>> {
        self.must_have(key, "");
        self.string(key)
    }

    /// A string, or a default.
    pub(super) fn text(&self, key: &str, default: &str) -> String {
        self.string(key).map_or_else(|| default.to_owned(), |text| text.value)
    }

    /// A string that reads as a `T`.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<Located<T>> {
        let text = self.string(key)?;
        match text.value.parse() {
            Ok(value) => Some(Located { value, key: text.key }),
            Err(problem) => {
                self.document().problem_with(&text, problem);
                None
            }
        }
    }

    /// A path, relative to the file. It need not exist.
    pub(super) fn path(&self, key: &str) -> Option<Located<PathBuf>> {
        let text = self.string(key)?;
        Some(Located { value: self.document().folder().join(&text.value), key: text.key })
    }

    /// The path of a file that must exist.
    pub(super) fn file(&self, key: &str) -> Option<Located<PathBuf>> {
        let path = self.path(key)?;
        if !path.value.is_file() {
            self.document().problem_with(&path, format_args!("there is no file {}", path.value.display()));
            return None;
        }
        Some(path)
    }

    /// The content of a file.
    pub(super) fn content(&self, key: &str) -> Option<Located<Vec<u8>>> {
        let file = self.file(key)?;
        match std::fs::read(&file.value) {
            Ok(value) => Some(Located { value, key: file.key }),
            Err(error) => {
                self.document().problem_with(&file, format_args!("cannot read {}: {error}", file.value.display()));
                None
            }
        }
    }

    /// A whole number within a range.
    pub(super) fn number(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let (path, value) = self.get(key)?;
        let DeValue::Integer(integer) = value else { return self.wrong_type(&path, value, "a whole number") };
        let number = u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.document().problem(&path, format_args!("must be a whole number from {from} to {to}"));
        }
        number
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            (_, DeValue::Boolean(flag)) => Some(*flag),
            (path, value) => self.wrong_type(&path, value, "true or false"),
        }
    }

    /// A time with its unit, such as `"20 ms"`.
    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.parsed::<units::Time>(key).map(|time| time.value.0)
    }

    /// The same, from one such time to another.
    pub(super) fn time_within(&self, key: &str, least: &str, most: &str) -> Option<Duration> {
        let time = self.parsed::<units::Time>(key)?;
        let [from, to] = [least, most].map(|bound| bound.parse::<units::Time>().map(|bound| bound.0));
        if from.is_ok_and(|from| time.value.0 < from) || to.is_ok_and(|to| time.value.0 > to) {
            self.document().problem(&time.key, format_args!("must be a time from {least:?} to {most:?}"));
            return None;
        }
        Some(time.value.0)
    }

    /// The same, and more than none: without any, what it bounds could never be.
    pub(super) fn some_time(&self, key: &str) -> Option<Duration> {
        let time = self.parsed::<units::Time>(key)?;
        if time.value.0.is_zero() {
            self.document().problem(&time.key, "is no time at all, such as \"30 s\" would be right");
            return None;
        }
        Some(time.value.0)
    }

    /// A size with its unit, such as `"1 MiB"`, in bytes.
    pub(super) fn size(&self, key: &str) -> Option<usize> {
        self.parsed::<units::Size>(key).map(|size| usize::try_from(size.value.0).unwrap_or(usize::MAX))
    }

    /// The same, and more than none: without any, what it bounds could never be.
    pub(super) fn some_size(&self, key: &str) -> Option<usize> {
        let size = self.parsed::<units::Size>(key)?;
        if size.value.0 == 0 {
            self.document().problem(&size.key, "is no room at all, such as \"32 KiB\" would be right");
            return None;
        }
        Some(usize::try_from(size.value.0).unwrap_or(usize::MAX))
    }

    /// A list of strings.
    pub(super) fn strings(&self, key: &str) -> Option<Vec<Located<String>>> {
        let items = self.items(key, "a list such as [\"…\"]")?;
        Some(items.into_iter().filter_map(|item| self.as_string(item.key, item.value)).collect())
    }

    /// A list of strings that read as a `T`; the message says what a `T` is.
    pub(super) fn all_parsed<T: FromStr>(&self, key: &str, wrong: impl Fn(&str) -> String) -> Vec<T> {
        let parsed = |text: Located<String>| {
            let value = text.value.parse().ok();
            if value.is_none() {
                self.document().problem_with(&text, wrong(&text.value));
            }
            value
        };
        self.strings(key).unwrap_or_default().into_iter().filter_map(parsed).collect()
    }

    /// The names and values of a table of settings that another system understands.
    pub(super) fn properties(&self, key: &str) -> Option<BTreeMap<String, String>> {
        let table = self.table(key)?;
        let mut properties = BTreeMap::new();
        for name in table.keys() {
            let value = match table.json(&name) {
                Some(Value::String(value)) => value,
                Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
                Some(_) => {
                    table.problem(format_args!("{name:?} must be a string, a number or a truth value"));
                    continue;
                }
                None => continue,
            };
            properties.insert(name, value);
        }
        Some(properties)
    }

    /// Any value, as JSON, with strings expanded.
    pub(super) fn json(&self, key: &str) -> Option<Value> {
        let (path, value) = self.get(key)?;
        self.as_json(&path, value)
    }

    fn as_json(&self, path: &str, value: &'d DeValue<'d>) -> Option<Value> {
        let number = |text: &str| {
            let number: Option<Value> = serde_json::from_str(text).ok();
            number.or_else(|| {
                self.document().problem(path, "must be a number that JSON has, such as 12.5");
                None
            })
        };
        Some(match value {
            DeValue::String(text) => Value::String(self.expanded(path.to_owned(), text)?.value),
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()) {
                    Ok(integer) => integer.into(),
                    Err(_) => number("")?,
                }
            }
            DeValue::Float(float) => number(&float.as_str().replace(['_', '+'], ""))?,
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Array(array) => {
                let item = |(place, item): (usize, &'d Spanned<DeValue<'d>>)| {
                    self.as_json(&format!("{path}[{place}]"), item.get_ref())
                };
                array.iter().enumerate().map(item).collect::<Option<_>>()?
            }
            DeValue::Table(table) => {
                let entry = |(name, item): (&'d Spanned<_>, &'d Spanned<DeValue<'d>>)| {
                    let name: &std::borrow::Cow<'_, str> = name.get_ref();
                    Some((name.to_string(), self.as_json(&join(path, name), item.get_ref())?))
                };
                Value::Object(table.iter().map(entry).collect::<Option<_>>()?)
            }
        })
    }

    fn as_string(&self, path: String, value: &DeValue<'_>) -> Option<Located<String>> {
        match value {
            DeValue::String(text) => self.expanded(path, text),
            other => self.wrong_type(&path, other, "a string such as \"…\""),
        }
    }

    fn expanded(&self, key: String, text: &str) -> Option<Located<String>> {
        match units::expand(text, self.document().folder()) {
            Ok(value) => Some(Located { value, key }),
            Err(problem) => {
                self.document().problem(&key, problem);
                None
            }
        }
    }
}
