//! `[[routes]]`: what may be called.

use tallygate_front::RouteOptions;

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
        partner: text("partner"),
        policies: texts("policies"),
        upstream: text("upstream"),
    };
    table.close();
    route
}
