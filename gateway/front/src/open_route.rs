//! The routes that callers may take without being known: worth a line wherever a configuration is looked at.

use std::fmt;

use crate::options::{Callers, ClientAuth, FrontOptions, RouteOptions};

/// A route that callers may take without a credential of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRoute {
    /// Its name.
    pub route: String,
    /// Its host; none: any.
    pub host: Option<String>,
    /// Its path, with all below it.
    pub path: String,
    /// The partner that callers without credentials are there; none: they pass unnamed.
    pub partner: Option<String>,
    /// Whether its listeners all require a certificate that their `client_ca` vouches for, whoever's it is.
    pub with_certificate: bool,
}

impl FrontOptions {
    /// The routes that are open to anyone, in the order of the options.
    #[must_use]
    pub fn open_routes(&self) -> Vec<OpenRoute> {
        let open = |route: &RouteOptions| {
            let with_certificate = self.all_require_certificates(route);
            // Where none is without a certificate, none is who callers without credentials are.
            let open = match (&route.callers, &route.partner) {
                (Callers::Anyone, _) => true,
                (_, Some(_)) => !with_certificate,
                (_, None) => false,
            };
            open.then(|| OpenRoute {
                route: route.name.clone(),
                host: route.host.clone(),
                path: route.path.clone(),
                partner: route.partner.clone(),
                with_certificate,
            })
        };
        self.routes.iter().filter_map(open).collect()
    }

    fn all_require_certificates(&self, route: &RouteOptions) -> bool {
        let on = |name: &String| route.listeners.is_empty() || route.listeners.contains(name);
        self.listeners
            .iter()
            .filter(|listener| on(&listener.name))
            .all(|listener| listener.tls.as_ref().is_some_and(|tls| tls.client_auth == ClientAuth::Required))
    }
}

impl fmt::Display for OpenRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_deref().unwrap_or("any");
        write!(f, "open to anyone: route {:?}, host {host}, path {}", self.route, self.path)?;
        if let Some(partner) = &self.partner {
            write!(f, ", as partner {partner:?}")?;
        }
        if self.with_certificate {
            write!(f, ", with a certificate of client_ca")?;
        }
        Ok(())
    }
}
