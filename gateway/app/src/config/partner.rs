//! `[[partners]]`: who may call.

use tallygate_front::{Credential, Fingerprint, PartnerOptions};

use super::table::Table;

pub(super) fn read(table: &Table<'_>) -> PartnerOptions {
    let name = table.required("name").map(|name| name.value).unwrap_or_default();
    let certificate = table.table("certificate").and_then(|certificate| self::certificate(&certificate));
    let api_key = table.parsed::<Fingerprint>("api_key_sha256").map(|hash| Credential::ApiKey(hash.value));
    if table.has("certificate") && table.has("api_key_sha256") {
        table.problem("has a certificate and an API key, one of them would be right");
    }
    table.close();
    PartnerOptions { name, credentials: certificate.or(api_key).into_iter().collect() }
}

fn certificate(table: &Table<'_>) -> Option<Credential> {
    let (cn, sha256) = (table.string("subject_cn"), table.parsed::<Fingerprint>("sha256"));
    if table.has("subject_cn") == table.has("sha256") {
        table.problem("needs one of \"subject_cn\" and \"sha256\"");
    }
    table.close();
    let cn = cn.map(|cn| Credential::SubjectCn(cn.value));
    cn.or(sha256.map(|hash| Credential::Certificate(hash.value)))
}
