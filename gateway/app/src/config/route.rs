//! The routes of the configuration: what may be called, and which of them would clash.

use super::document::{Located, Table, nearest};
use super::front::{Names, name};

/// What may be called.
#[derive(Debug)]
pub struct RouteConfig {
    /// The name in logs and metrics.
    pub name: String,
    /// The listeners; empty for all.
    pub listeners: Vec<String>,
    /// The host it is narrowed to.
    pub host: Option<String>,
    /// The path's prefix.
    pub path: String,
    /// The methods; empty for all.
    pub methods: Vec<String>,
    /// Who callers without credentials are.
    pub partner: Option<String>,
    /// The chain of policies, `name` or `name@version`.
    pub policies: Vec<String>,
    /// Where it leads, for a proxy route.
    pub upstream: Option<String>,
    /// The line it stands on.
    pub line: usize,
}

/// The names that a route may use.
pub(super) struct Known<'k> {
    pub(super) listeners: Vec<&'k str>,
    pub(super) partners: Vec<&'k str>,
    pub(super) upstreams: Vec<&'k str>,
    pub(super) policies: Vec<&'k str>,
}

pub(super) fn read(table: &Table<'_>, known: &Known<'_>, taken: &mut Names) -> Option<RouteConfig> {
    let name = name(table, taken);
    let path = table.required("path");
    if let Some(path) = path.as_ref().filter(|path| !path.value.starts_with('/')) {
        table.document().problem_with(path, format_args!("{:?} must begin with \"/\"", path.value));
    }
    let check = |what: &str, names: &[&str], text: &Located<String>, name: &str| {
        if !names.contains(&name) {
            let right = nearest(name, names).map_or_else(|| names.join(", "), |near| format!("{near:?}"));
            table.document().problem_with(text, format_args!("there is no {what} {name:?}, known: {right}"));
        }
    };
    let listeners = table.strings("listeners").unwrap_or_default();
    listeners.iter().for_each(|text| check("listener", &known.listeners, text, &text.value));
    let partner = table.string("partner").inspect(|text| check("partner", &known.partners, text, &text.value));
    let policies = table.strings("policies").unwrap_or_default();
    policies
        .iter()
        .for_each(|text| check("policy", &known.policies, text, text.value.split('@').next().unwrap_or_default()));
    let upstream = table.string("upstream").inspect(|text| check("upstream", &known.upstreams, text, &text.value));
    if policies.is_empty() && upstream.is_none() {
        table.problem("needs \"policies\" or \"upstream\"");
    }
    let methods = table.strings("methods").unwrap_or_default();
    for method in
        methods.iter().filter(|method| method.value.is_empty() || !method.value.bytes().all(|b| b.is_ascii_uppercase()))
    {
        table.document().problem_with(method, format_args!("{:?} is no method, such as \"POST\"", method.value));
    }
    let host = table.string("host").map(|host| host.value.to_ascii_lowercase());
    table.close();
    let values = |list: Vec<Located<String>>| list.into_iter().map(|item| item.value).collect();
    Some(RouteConfig {
        name: name?,
        listeners: values(listeners),
        host,
        path: path?.value,
        methods: values(methods),
        partner: partner.map(|partner| partner.value),
        policies: values(policies),
        upstream: upstream.map(|upstream| upstream.value),
        line: table.line(),
    })
}

/// Two routes clash when a request could match both equally well.
pub(super) fn clashes(tables: &[Table<'_>], routes: &[RouteConfig]) {
    let overlap = |a: &[String], b: &[String]| a.is_empty() || b.is_empty() || a.iter().any(|item| b.contains(item));
    for (place, later) in routes.iter().enumerate() {
        let earlier = routes[..place].iter().find(|earlier| {
            earlier.host == later.host
                && earlier.path.trim_end_matches('/') == later.path.trim_end_matches('/')
                && overlap(&earlier.methods, &later.methods)
                && overlap(&earlier.listeners, &later.listeners)
        });
        if let (Some(earlier), Some(table)) = (earlier, tables.get(place)) {
            table.problem(format_args!(
                "clashes with route {:?}: same path {:?}; another path, host, method or listener would be right",
                earlier.name, later.path
            ));
        }
    }
}
