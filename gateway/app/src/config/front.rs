//! The partners' side as a whole: listeners, partners, routes, upstreams and bounds.

use std::net::SocketAddr;
use std::path::Path;

use tallygate_core::day::Zone;
use tallygate_core::fold::Horizon;
use tallygate_front::{Front, FrontError, FrontOptions};

use super::nearest::nearest;
use super::table::Table;
use super::{limits, listener, partner, route, upstream};

const JOURNAL: &str = "journal";

/// The partners' side, and where its listeners listen. None when something is wrong that a problem was noted for.
pub(super) fn read(root: &Table<'_>, data_dir: &Path, horizon: Horizon) -> Option<(FrontOptions, Vec<SocketAddr>)> {
    let zone = root.parsed::<Zone>("time_zone").map(|zone| zone.value).or_else(|| "UTC".parse().ok());
    let (listeners, addresses): (Vec<_>, Vec<_>) = root.tables("listeners").iter().map(listener::read).unzip();
    let options = FrontOptions {
        listeners,
        partners: root.tables("partners").iter().map(partner::read).collect(),
        routes: root.tables("routes").iter().map(route::read).collect(),
        upstreams: root.sections("upstreams").into_iter().map(|(name, table)| upstream::read(name, &table)).collect(),
        zone: zone?,
        horizon_days: horizon.past.into(),
        future_days: horizon.future.into(),
        journal: data_dir.join(JOURNAL),
        limits: limits::read(root),
        #[cfg(feature = "faults")]
        reply_before_confirm: false,
    };
    for (key, problem) in check(&options, &root.names("policies")) {
        root.document().also(&key, problem);
    }
    Some((options, addresses.into_iter().flatten().collect()))
}

/// The keys whose values cannot work, and why.
fn check(options: &FrontOptions, policies: &[String]) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for (place, route) in options.routes.iter().enumerate() {
        for (item, reference) in route.policies.iter().enumerate() {
            let name = reference.split('@').next().unwrap_or_default();
            if !policies.iter().any(|known| known == name) {
                let known: Vec<&str> = policies.iter().map(String::as_str).collect();
                let right = nearest(name, &known).map_or_else(|| known.join(", "), |near| format!("{near:?}"));
                wrong.push((
                    format!("routes[{place}].policies[{item}]"),
                    format!("there is no policy {name:?}, known: {right}"),
                ));
            }
        }
    }
    if let Err(error) = Front::check(options) {
        wrong.push((key(options, &error), error.to_string()));
    }
    wrong
}

/// The key of what the partners' side finds wrong.
fn key(options: &FrontOptions, error: &FrontError) -> String {
    let item = |list: &str, place: Option<usize>| place.map(|place| format!("{list}[{place}]"));
    let found = match error {
        FrontError::Listener(name, _) => item("listeners", options.listeners.iter().position(|l| l.name == *name)),
        FrontError::Partner(name, _) => item("partners", options.partners.iter().position(|p| p.name == *name)),
        FrontError::Route(name, _) | FrontError::Policy(name, _) => {
            item("routes", options.routes.iter().position(|r| r.name == *name))
        }
        FrontError::Upstream(name, _) => Some(format!("upstreams.{name}")),
        _ => None,
    };
    found.unwrap_or_default()
}
