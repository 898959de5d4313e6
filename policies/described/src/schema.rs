//! The JSON Schema of a description, for forms and editors.

/// The schema of a policy's configuration: what all formats have, with the format's own properties and what it takes for a
/// path, each as JSON; and whether there is a field `attributes`.
#[must_use]
pub fn schema(policy: &str, properties: &str, path: &str, open_attributes: bool) -> String {
    let inside = |object: &str| {
        let inside = object.trim().strip_prefix('{').and_then(|object| object.strip_suffix('}'));
        inside.unwrap_or_default().to_owned()
    };
    let mut shared = inside(include_str!("schema.json"));
    if open_attributes {
        let key = "\"key\": { \"$ref\": \"#/$defs/value\" },";
        shared = shared.replacen(key, &[key, " \"attributes\": { \"$ref\": \"#/$defs/path\" },"].concat(), 1);
    }
    [
        "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"Configuration of the policy ",
        policy,
        "\",\"type\":\"object\",\"additionalProperties\":false,\"properties\":{",
        &inside(properties),
        ",",
        &shared,
        "},\"$defs\":{\"path\":",
        path.trim(),
        ",",
        &inside(include_str!("schema-defs.json")),
        "}}",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn it_is_json_and_every_reference_leads_somewhere() {
        let text = super::schema("csv", r#"{ "quote": { "type": "string" } }"#, r#"{ "type": "string" }"#, true);
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (&schema["properties"]["quote"]["type"], &schema["title"]),
            (&"string".into(), &"Configuration of the policy csv".into())
        );
        assert!(schema["properties"]["fields"]["properties"]["attributes"].is_object());
        let defs = schema["$defs"].as_object().expect("definitions");
        for reference in text.split("\"#/$defs/").skip(1) {
            let name = reference.split('"').next().expect("an end");
            assert!(defs.contains_key(name), "{name}");
        }
    }
}
