//! `tls = { … }` of a socket of ours: the certificate we show, and what we ask of callers.

use tallygate_front::{ClientAuth, TlsOptions};

use super::table::Table;

/// Certificate and key alone.
pub(super) fn read(table: &Table<'_>) -> Option<TlsOptions> {
    let tls = identity(table);
    table.close();
    tls
}

/// Certificate, key, and how callers show theirs.
pub(super) fn read_with_callers(table: &Table<'_>) -> Option<TlsOptions> {
    let tls = identity(table);
    let client_ca = table.content("client_ca").map(|ca| ca.value);
    let usual = if table.has("client_ca") { ClientAuth::Required } else { ClientAuth::None };
    let client_auth = table.string("client_auth").map_or(usual, |text| match &*text.value {
        "required" => ClientAuth::Required,
        "optional" => ClientAuth::Optional,
        "none" => ClientAuth::None,
        other => {
            table
                .document()
                .problem_with(&text, format_args!("{other:?} is no way: required, optional or none would be right"));
            ClientAuth::None
        }
    });
    table.close();
    Some(TlsOptions { client_ca, client_auth, ..tls? })
}

fn identity(table: &Table<'_>) -> Option<TlsOptions> {
    let content = |key| {
        table.must_have(key, "");
        table.content(key).map(|content| content.value)
    };
    let (certificate, key) = (content("certificate"), content("key"));
    Some(TlsOptions { certificate: certificate?, key: key?, client_ca: None, client_auth: ClientAuth::None })
}
