//! `[policies.…]`: the policies with their keys and limits.

use tallygate_front::registry::PolicyOptions;
use tallygate_host::{Keys, Limits};

use super::table::Table;

/// A policy's section; without a component, its versions are pushed.
pub(super) fn read(name: String, table: &Table<'_>) -> PolicyOptions {
    let component = table.file("component").map(|file| file.value);
    let config = table.json("config").unwrap_or_else(|| serde_json::json!({}));
    let keys = table.table("keys").map(|files| keys(&files)).unwrap_or_default();
    let mut limits = Limits::default();
    if let Some(table) = table.table("limits") {
        limits.memory = table.some_size("memory").unwrap_or(limits.memory);
        limits.time = table.some_time("time").unwrap_or(limits.time);
        limits.sign_bytes = table.some_size("sign_size").unwrap_or(limits.sign_bytes);
        table.close();
    }
    table.close();
    PolicyOptions { name, component, config_json: config.to_string(), keys, limits }
}

fn keys(files: &Table<'_>) -> Keys {
    let mut keys = Keys::new();
    for name in files.keys() {
        if let Some(content) = files.content(&name)
            && let Err(problem) = keys.add(&name, &content.value)
        {
            files.document().problem_with(&content, problem);
        }
    }
    keys
}
