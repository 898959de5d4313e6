//! What a policy says of itself, as it is stored beside its compiled code.

use serde::{Deserialize, Serialize};

use crate::about::{About, KeyUse};

/// The stored form; a field that is added or changes its meaning makes another format of artefacts.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    name: String,
    version: String,
    needs_body: bool,
    headers: Vec<String>,
    facts: Vec<String>,
    may_accept: bool,
    sees_responses: bool,
    needs_response_body: bool,
    keys: Vec<StoredKey>,
    config_schema: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    name: String,
    function: String,
}

pub(crate) fn encode(about: &About) -> Vec<u8> {
    let key = |key: &KeyUse| StoredKey { name: key.name.clone(), function: key.function.clone() };
    let stored = Stored {
        name: about.name.clone(),
        version: about.version.clone(),
        needs_body: about.needs_body,
        headers: about.headers.clone(),
        facts: about.facts.clone(),
        may_accept: about.may_accept,
        sees_responses: about.sees_responses,
        needs_response_body: about.needs_response_body,
        keys: about.keys.iter().map(key).collect(),
        config_schema: about.config_schema.clone(),
    };
    // Strings, truth values and lists of them cannot fail to become JSON; were it so, nothing would read it back.
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// None where it is of another form.
pub(crate) fn decode(bytes: &[u8]) -> Option<About> {
    let stored: Stored = serde_json::from_slice(bytes).ok()?;
    let key = |key: StoredKey| KeyUse { name: key.name, function: key.function };
    Some(About {
        name: stored.name,
        version: stored.version,
        needs_body: stored.needs_body,
        headers: stored.headers,
        facts: stored.facts,
        may_accept: stored.may_accept,
        sees_responses: stored.sees_responses,
        needs_response_body: stored.needs_response_body,
        keys: stored.keys.into_iter().map(key).collect(),
        config_schema: stored.config_schema,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{decode, encode};

    const GOLDEN: &str = r#"{"name":"hr-racun","version":"1.2.0","needs_body":true,"headers":["content-type"],"facts":[],"may_accept":true,"sees_responses":false,"needs_response_body":false,"keys":[{"name":"jir","function":"hmac-sha256"}],"config_schema":"{}"}"#;

    #[test]
    fn what_a_policy_says_of_itself_is_stored_in_this_form() {
        let about = decode(GOLDEN.as_bytes()).unwrap();
        assert_eq!((&*about.name, &*about.keys[0].function), ("hr-racun", "hmac-sha256"));
        assert_eq!(String::from_utf8(encode(&about)).unwrap(), GOLDEN);
        assert!(decode(GOLDEN.replace("\"facts\":[],", "").as_bytes()).is_none());
        assert!(decode(GOLDEN.replace("facts", "extras").as_bytes()).is_none());
    }
}
