//! `[[routes]]`: what may be called.

use tallygate_front::{Callers, CorsOptions, RouteLimits, RouteOptions};
use toml::de::DeValue;

use super::document::Located;
use super::table::Table;

pub(super) fn read(table: &Table<'_>) -> RouteOptions {
    let texts =
        |key| table.strings(key).unwrap_or_default().into_iter().map(|text: Located<String>| text.value).collect();
    let text = |key| table.string(key).map(|text| text.value);
    let route = RouteOptions {
        name: table.required("name").map(|name| name.value).unwrap_or_default(),
        listeners: texts("listeners"),
        host: text("host").map(|host| host.to_ascii_lowercase()),
        path: table.required("path").map(|path| path.value).unwrap_or_default(),
        methods: table.all_parsed("methods", |text| format!("{text:?} is no method, such as \"POST\"")),
        callers: callers(table),
        partner: text("partner"),
        cors: table.table("cors").map(|cors| self::cors(&cors)),
        policies: texts("policies"),
        upstream: text("upstream"),
        limits: table.table("limits").map(|limits| self::limits(&limits)).unwrap_or_default(),
    };
    table.close();
    route
}

/// The route's own bounds.
fn limits(table: &Table<'_>) -> RouteLimits {
    let limits = RouteLimits { body_bytes: table.size("body_size"), body_time: table.some_time("body_time") };
    table.close();
    limits
}

/// Which pages of other origins may call.
fn cors(table: &Table<'_>) -> CorsOptions {
    let origins = table.strings("origins").unwrap_or_default();
    let cors = CorsOptions {
        origins: origins.into_iter().map(|origin| origin.value).collect(),
        methods: table.all_parsed("methods", |text| format!("{text:?} is no method, such as \"POST\"")),
        headers: table.all_parsed("headers", |text| format!("{text:?} is no header field, such as \"content-type\"")),
        max_age: table.duration("max_age"),
        credentials: table.flag("credentials").unwrap_or_default(),
    };
    table.close();
    cors
}

/// Who may call: a word, or a list of names.
fn callers(table: &Table<'_>) -> Callers {
    if let Some((_, DeValue::Array(_))) = table.get("callers") {
        let names = table.strings("callers").unwrap_or_default();
        return Callers::Named(names.into_iter().map(|name| name.value).collect());
    }
    match table.string("callers") {
        None => Callers::default(),
        Some(word) if word.value == "partners" => Callers::Partners,
        Some(word) if word.value == "anyone" => Callers::Anyone,
        Some(other) => {
            let name = &other.value;
            let right =
                format!("{name:?} is no rule: \"partners\", \"anyone\" or a list such as [{name:?}] would be right");
            table.document().problem_with(&other, right);
            Callers::default()
        }
    }
}
