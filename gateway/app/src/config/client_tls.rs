//! `tls = { … }` of a server that we call: how we know it, and how it knows us.

use std::path::PathBuf;

use super::table::Table;

/// Files for TLS as a client, all PEM.
#[derive(Default)]
pub(super) struct ClientTls {
    /// The authority that signed the server's certificate; the system's when absent.
    pub(super) ca: Option<PathBuf>,
    /// Our certificate and its key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

pub(super) fn read(table: &Table<'_>) -> ClientTls {
    let file = |key| table.file(key).map(|file| file.value);
    let (ca, certificate, key) = (file("ca"), file("certificate"), file("key"));
    if table.has("certificate") != table.has("key") {
        table.problem("\"certificate\" and \"key\" go together");
    }
    table.close();
    ClientTls { ca, identity: certificate.zip(key) }
}
