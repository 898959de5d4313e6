//! The partners' side as a whole: listeners, partners, routes, upstreams and bounds.

use std::net::SocketAddr;
use std::path::Path;

use tallygate_core::day::Zone;
use tallygate_core::fold::Horizon;
use tallygate_front::{Front, FrontOptions, Limits};

use super::table::Table;
use super::{listener, partner, route, upstream};

const JOURNAL: &str = "journal";

/// The partners' side, and where its listeners listen. None when something is wrong that a problem was noted for.
/// `policies` are the names that routes may use.
pub(super) fn read(
    root: &Table<'_>,
    data_dir: &Path,
    horizon: Horizon,
    limits: Limits,
    policies: &[String],
) -> Option<(FrontOptions, Vec<SocketAddr>)> {
    let zone = root.parsed::<Zone>("time_zone").map(|zone| zone.value).or_else(|| "UTC".parse().ok());
    let tables = root.tables("listeners");
    let (listeners, addresses): (Vec<_>, Vec<_>) = tables.iter().map(listener::read).unzip();
    let all_read =
        tables.iter().zip(&listeners).all(|(table, listener)| listener.tls.is_some() || table.get("tls").is_none());
    let options = FrontOptions {
        listeners,
        partners: root.tables("partners").iter().map(partner::read).collect(),
        routes: root.tables("routes").iter().map(route::read).collect(),
        upstreams: root.sections("upstreams").into_iter().map(|(name, table)| upstream::read(name, &table)).collect(),
        zone: zone?,
        horizon_days: horizon.past.into(),
        future_days: horizon.future.into(),
        journal: data_dir.join(JOURNAL),
        limits,
        #[cfg(feature = "faults")]
        reply_before_confirm: false,
    };
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    for wrong in Front::check(&options, &policies) {
        root.document().also(&wrong.key, wrong.message);
    }
    // Of a listener whose TLS could not be read nobody knows whether it asks for certificates.
    for wrong in options.never_shown().into_iter().filter(|_| all_read) {
        root.document().also(&wrong.key, wrong.message);
    }
    Some((options, addresses.into_iter().flatten().collect()))
}
