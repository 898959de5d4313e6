//! `[[listeners]]`: where partners connect.

use std::net::SocketAddr;

use tallygate_front::ListenerOptions;

use super::table::Table;
use super::{address, server_tls};

/// The listener without its address or TLS where a problem was noted for them: routes name it all the same.
pub(super) fn read(table: &Table<'_>) -> (ListenerOptions, Option<SocketAddr>) {
    let name = table.required("name").map(|name| name.value).unwrap_or_default();
    let address = address::read(table);
    let tls = table.table("tls").and_then(|tls| server_tls::read_with_callers(&tls));
    table.close();
    (ListenerOptions { name, tls }, address)
}
