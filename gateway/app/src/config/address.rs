//! Where a socket of ours listens.

use std::net::SocketAddr;

use super::table::Table;

/// The `address` of a table, such as `127.0.0.1:8443`.
pub(super) fn read(table: &Table<'_>) -> Option<SocketAddr> {
    let text = table.required("address")?;
    let address = text.value.parse().ok();
    if address.is_none() {
        table.document().problem_with(&text, format_args!("{:?} is no address, such as 127.0.0.1:8443", text.value));
    }
    address
}
