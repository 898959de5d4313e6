//! `tls = { … }` of a server that we call: how we know it, and how it knows us.

use tallygate_tls::TlsFiles;

use super::table::Table;

pub(super) fn read(table: &Table<'_>) -> TlsFiles {
    let file = |key| table.file(key).map(|file| file.value);
    let files = TlsFiles { ca: file("ca"), certificate: file("certificate"), key: file("key") };
    if table.has("certificate") != table.has("key") {
        table.problem("\"certificate\" and \"key\" go together");
    }
    table.close();
    files
}
