//! Where each key of the file stands, so that whatever is found wrong with a value can name its line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// The line of each key of a file, by the key's path, such as `listeners[0].tls.key`.
#[derive(Clone, Debug)]
pub struct Places {
    file: PathBuf,
    lines: BTreeMap<String, usize>,
}

impl Places {
    /// The places of a file with this text.
    pub(super) fn of(file: &Path, text: &str, root: &DeTable<'_>) -> Self {
        let mut places = Self { file: file.to_owned(), lines: BTreeMap::new() };
        places.add_table("", &Lines::of(text), root);
        places
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A problem with the value of a key; where the key is not in the file, at the place of what it would stand in.
    pub fn problem(&self, key: impl Into<String>, message: impl fmt::Display) -> Problem {
        let key = key.into();
        Problem { file: self.file.clone(), line: self.line(&key), key, message: message.to_string() }
    }

    /// The path of a value within a key's, which a JSON Pointer leads to.
    pub fn within(&self, key: &str, pointer: &str) -> String {
        pointer.split('/').skip(1).fold(key.to_owned(), |key, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            let item = format!("{key}[{step}]");
            if self.lines.contains_key(&item) { item } else { format!("{key}.{step}") }
        })
    }

    fn line(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return *line;
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return 1,
            }
        }
    }

    fn add_table(&mut self, path: &str, lines: &Lines, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = join(path, key.get_ref());
            self.lines.insert(path.clone(), lines.line(key.span().start));
            self.add(&path, lines, value);
        }
    }

    fn add(&mut self, path: &str, lines: &Lines, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(path, lines, table),
            DeValue::Array(array) => {
                for (place, item) in array.iter().enumerate() {
                    let path = format!("{path}[{place}]");
                    self.lines.insert(path.clone(), lines.line(item.span().start));
                    self.add(&path, lines, item);
                }
            }
            _ => {}
        }
    }
}

/// The path of a key in a table, whose own path is empty for the file's.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(end, _)| end).collect())
    }

    /// The line of a place in the text, from 1.
    pub(super) fn line(&self, place: usize) -> usize {
        1 + self.0.partition_point(|end| *end < place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "\n[policies.json]\ncomponent = \"c\"\n\n[policies.json.config]\noibs = [\n  \"1\",\n  { \"a/b\" = 2 },\n]\n";

    fn places() -> Places {
        let root = DeTable::parse(TEXT).unwrap();
        Places::of(Path::new("t.toml"), TEXT, root.get_ref())
    }

    #[test]
    fn a_key_that_is_not_there_stands_where_what_would_hold_it_does() {
        let places = places();
        let line = |key: &str| places.problem(key, "").line;
        assert_eq!((line("policies.json.component"), line("policies.json.config.oibs[0]")), (3, 7));
        assert_eq!((line("policies.json.limits.time"), line("policies.json.config.oibs[7].x")), (2, 6));
        assert_eq!((line("stream.partitions"), line("")), (1, 1));
    }

    #[test]
    fn a_json_pointer_leads_to_items_and_keys() {
        let places = places();
        let within = |pointer| places.within("policies.json.config", pointer);
        assert_eq!(within(""), "policies.json.config");
        assert_eq!(within("/oibs/1/a~1b"), "policies.json.config.oibs[1].a/b");
        assert_eq!(places.problem(within("/oibs/1/a~1b"), "").line, 8);
        assert_eq!(within("/1"), "policies.json.config.1");
    }
}
