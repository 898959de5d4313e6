//! `[limits]`: the bounds of the partners' side.

use tallygate_front::Limits;

use super::table::Table;

pub(super) fn read(root: &Table<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(table) = root.table("limits") else { return limits };
    let number = |key| table.number(key, 1..=1_000_000).map(|number| number as usize);
    limits.header_bytes = table.some_size("header_size").unwrap_or(limits.header_bytes);
    limits.body_bytes = table.size("body_size").unwrap_or(limits.body_bytes);
    limits.held_bytes = table.size("body_memory").unwrap_or(limits.held_bytes);
    limits.header_time = table.some_time("header_time").unwrap_or(limits.header_time);
    limits.body_time = table.some_time("body_time").unwrap_or(limits.body_time);
    limits.request_time = table.some_time("request_time").unwrap_or(limits.request_time);
    limits.connections = number("connections").unwrap_or(limits.connections);
    limits.requests = number("requests").unwrap_or(limits.requests);
    limits.shutdown_time = table.duration("shutdown_time").unwrap_or(limits.shutdown_time);
    table.close();
    limits
}
