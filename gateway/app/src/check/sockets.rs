//! Two sockets of one process at one address.

use std::net::SocketAddr;

use crate::config::{Config, Problem};
use crate::roles::{Role, Roles};

pub(super) fn problems(config: &Config, roles: &Roles) -> Vec<Problem> {
    let is_gateway = roles.has(Role::Gateway);
    let listeners = config.addresses.iter().enumerate().filter(|_| is_gateway);
    let mut sockets: Vec<(String, SocketAddr)> =
        listeners.map(|(place, address)| (format!("listeners[{place}].address"), *address)).collect();
    if let Some(admin) = config.admin.as_ref().filter(|_| is_gateway || roles.has(Role::Console)) {
        sockets.push(("admin.address".to_owned(), admin.address));
    }
    sockets.extend(config.metrics.map(|address| ("metrics.address".to_owned(), address)));
    let clash = |(place, (key, address)): (usize, &(String, SocketAddr))| {
        let (other, _) = sockets[..place].iter().find(|(_, other)| meet(*address, *other))?;
        let message = format!("{address} is taken by {other}, another port would be right");
        Some(config.places.problem(key, message))
    };
    sockets.iter().enumerate().filter_map(clash).collect()
}

/// Port 0 is another free one each time.
fn meet(a: SocketAddr, b: SocketAddr) -> bool {
    let same_host =
        a.ip() == b.ip() || (a.is_ipv4() == b.is_ipv4() && (a.ip().is_unspecified() || b.ip().is_unspecified()));
    a.port() == b.port() && a.port() != 0 && same_host
}
