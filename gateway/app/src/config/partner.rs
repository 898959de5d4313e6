//! `[[partners]]`: who may call, by which credentials, and what they may count.

use tallygate_front::{Credential, Fingerprint, KeyOptions, PartnerOptions};

use super::document::Located;
use super::table::Table;

pub(super) fn read(table: &Table<'_>) -> PartnerOptions {
    let name = table.required("name").map(|name| name.value).unwrap_or_default();
    let alone = credential(table);
    let list = table.tables("credentials");
    if table.has("credentials") && (table.has("certificate") || table.has("api_key_sha256")) {
        table.problem("has \"credentials\" and a credential beside them, one list of all would be right");
    }
    let listed = list.iter().filter_map(|item| {
        if !item.has("certificate") && !item.has("api_key_sha256") {
            item.problem("needs \"certificate\" or \"api_key_sha256\"");
        }
        let credential = credential(item);
        item.close();
        credential
    });
    let short_form = !table.has("credentials");
    let credentials = if short_form { alone.into_iter().collect() } else { listed.collect() };
    let groups = texts(table, "groups");
    let keys = table.table("keys").map(|keys| keys_of(&keys));
    table.close();
    PartnerOptions { name, credentials, short_form, groups, keys }
}

/// The one credential that stands in a table.
fn credential(table: &Table<'_>) -> Option<Credential> {
    let certificate = table.table("certificate").and_then(|certificate| self::certificate(&certificate));
    let api_key = table.parsed::<Fingerprint>("api_key_sha256").map(|hash| Credential::ApiKey(hash.value));
    if table.has("certificate") && table.has("api_key_sha256") {
        table.problem("has a certificate and an API key, one of them or a list of \"credentials\" would be right");
    }
    certificate.or(api_key)
}

fn certificate(table: &Table<'_>) -> Option<Credential> {
    let (cn, sha256) = (table.string("subject_cn"), table.parsed::<Fingerprint>("sha256"));
    let ca = table.content("ca").map(|ca| ca.value);
    if table.has("subject_cn") == table.has("sha256") {
        table.problem("needs one of \"subject_cn\" and \"sha256\"");
    } else if table.has("ca") && table.has("sha256") {
        table.problem(
            "has \"ca\" beside \"sha256\", which is that of one certificate alone; it would go with \"subject_cn\"",
        );
    }
    table.close();
    let cn = cn.map(|cn| Credential::SubjectCn { cn: cn.value, ca });
    cn.or(sha256.map(|hash| Credential::Certificate(hash.value)))
}

fn keys_of(table: &Table<'_>) -> KeyOptions {
    let keys = KeyOptions { exact: texts(table, "exact"), prefix: texts(table, "prefix") };
    table.close();
    keys
}

fn texts(table: &Table<'_>, key: &str) -> Vec<String> {
    table.strings(key).unwrap_or_default().into_iter().map(|text: Located<String>| text.value).collect()
}
