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

/// Port 0 is another free one each time. `[::]` takes IPv4 along, and an IPv4 address can be written as IPv6.
fn meet(a: SocketAddr, b: SocketAddr) -> bool {
    let any = |address: SocketAddr| address.ip().is_unspecified() && address.is_ipv6();
    let (host, other) = (a.ip().to_canonical(), b.ip().to_canonical());
    let same_host = host == other
        || any(a)
        || any(b)
        || (host.is_ipv4() == other.is_ipv4() && (host.is_unspecified() || other.is_unspecified()));
    a.port() == b.port() && a.port() != 0 && same_host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_meet_where_one_takes_the_other_along() {
        let meet = |a: &str, b: &str| meet(a.parse().unwrap(), b.parse().unwrap());
        for (a, b) in [
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "0.0.0.0:1"),
            ("[::]:1", "127.0.0.1:1"),
            ("[::ffff:127.0.0.1]:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
        ] {
            assert!(meet(a, b) && meet(b, a), "{a} {b}");
        }
        for (a, b) in [("127.0.0.1:1", "127.0.0.1:2"), ("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:1", "127.0.0.1:1")] {
            assert!(!meet(a, b) && !meet(b, a), "{a} {b}");
        }
    }
}
