//! The sockets of a process.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};

use crate::config::Config;
use crate::roles::{Role, Roles};

/// The sockets of a process, bound once everything that stands behind them was built.
#[derive(Debug, Default)]
pub struct Sockets {
    /// One for each configured listener, in order; none without the gateway's role.
    pub partners: Vec<TcpListener>,
    /// The administration's.
    pub admin: Option<TcpListener>,
    /// The metrics'.
    pub metrics: Option<TcpListener>,
}

impl Sockets {
    /// Binds what the configuration names for these roles.
    ///
    /// # Errors
    /// Which address cannot be bound.
    pub fn bind(config: &Config, roles: &Roles) -> Result<Self> {
        let is_gateway = roles.has(Role::Gateway);
        let listeners = if is_gateway { config.front.listeners.as_slice() } else { &[] };
        let has_admin = is_gateway || roles.has(Role::Console);
        Ok(Self {
            partners: listeners
                .iter()
                .zip(&config.addresses)
                .map(|(listener, address)| bind(&format!("listener {}", listener.name), *address))
                .collect::<Result<_>>()?,
            admin: config.admin.as_ref().filter(|_| has_admin).map(|admin| bind("admin", admin.address)).transpose()?,
            metrics: config.metrics.map(|address| bind("metrics", address)).transpose()?,
        })
    }

    /// Logs where they listen.
    pub(crate) fn log(&self, config: &Config) {
        let names = config
            .front
            .listeners
            .iter()
            .map(|listener| (format!("listener {}", listener.name), listener.tls.is_some()));
        let partners = names.zip(&self.partners).map(|((name, tls), socket)| (name, tls, Some(socket)));
        let page = ("administration and page".to_owned(), true, self.admin.as_ref());
        let metrics = ("metrics".to_owned(), false, self.metrics.as_ref());
        for (name, tls, socket) in partners.chain([page, metrics]) {
            if let Some(address) = socket.and_then(|socket| socket.local_addr().ok()) {
                tracing::info!("{name} at {}://{address}/", if tls { "https" } else { "http" });
            }
        }
    }
}

fn bind(what: &str, address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("{what}: cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
