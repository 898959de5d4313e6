//! The policies of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::document::Table;
use super::front::{PLAIN, is_plain};

/// A policy.
#[derive(Debug)]
pub struct PolicyConfig {
    /// The name, for life.
    pub name: String,
    /// The first version.
    pub component: PathBuf,
    /// What it is configured with.
    pub config: serde_json::Value,
    /// Key files by the name it uses them by.
    pub keys: BTreeMap<String, PathBuf>,
    /// Bytes of memory it may have.
    pub memory: u64,
    /// Time it may take for a message.
    pub time: Duration,
    /// The line it stands on.
    pub line: usize,
}

pub(super) fn read(name: String, table: &Table<'_>) -> Option<PolicyConfig> {
    if !is_plain(&name) {
        table.problem(PLAIN);
    }
    if !table.has("component") {
        table.problem("\"component\" is missing, the path of a WebAssembly component");
    }
    let component = table.file("component").map(|file| file.value);
    let config = table.json("config").unwrap_or_else(|| serde_json::json!({}));
    let mut keys = BTreeMap::new();
    if let Some(files) = table.table("keys") {
        for key in files.keys().map(|key| key.value.to_owned()).collect::<Vec<_>>() {
            if let Some(file) = files.file(&key) {
                keys.insert(key, file.value);
            }
        }
        files.close();
    }
    let (mut memory, mut time) = (16 << 20, Duration::from_secs(1));
    if let Some(limits) = table.table("limits") {
        memory = limits.size("memory").unwrap_or(memory);
        time = limits.duration("time").unwrap_or(time);
        limits.close();
    }
    table.close();
    Some(PolicyConfig { name, component: component?, config, keys, memory, time, line: table.line() })
}
