//! Builds the table of routes from options, and refuses what could not be told apart or leads nowhere.

use std::collections::HashMap;
use std::sync::Arc;

use prometheus_client::metrics::histogram::Histogram;

use super::{Route, Routes, Step, plain};
use crate::access::Partners;
use crate::front::FrontError;
use crate::metrics::{Metrics, PolicyLabels, RouteLabels};
use crate::options::{FrontOptions, RouteOptions};
use crate::proxy::Upstream;
use crate::registry::PolicyRegistry;

/// All routes. Without a registry, policies are left out: that is for checking the rest.
pub(crate) fn build(
    options: &FrontOptions,
    partners: &Partners,
    registry: Option<&PolicyRegistry>,
    metrics: &Metrics,
) -> Result<Routes, FrontError> {
    let mut upstreams: HashMap<&str, Arc<Upstream>> = HashMap::new();
    for option in &options.upstreams {
        let wrong = |problem| FrontError::Upstream(option.name.clone(), problem);
        let upstream = Upstream::new(option, &options.limits, metrics).map_err(wrong)?;
        if upstreams.insert(&option.name, Arc::new(upstream)).is_some() {
            return Err(wrong("stands twice".to_owned()));
        }
    }
    let mut routes: Vec<Route> = Vec::with_capacity(options.routes.len());
    for option in &options.routes {
        let wrong = |problem| FrontError::Route(option.name.clone(), problem);
        if routes.iter().any(|other| *other.labels.route == *option.name) {
            return Err(wrong("stands twice".to_owned()));
        }
        let mut route = route(option, options, partners, &upstreams, metrics).map_err(wrong)?;
        if let Some(other) = routes.iter().find(|other| clash(other, &route)) {
            return Err(wrong(format!(
                "clashes with route {:?}: the same listeners, host, path and methods",
                other.labels.route
            )));
        }
        if let Some(registry) = registry {
            route.policies = steps(option, registry, metrics)?;
        }
        routes.push(route);
    }
    Ok(Routes::new(routes))
}

fn route(
    option: &RouteOptions,
    options: &FrontOptions,
    partners: &Partners,
    upstreams: &HashMap<&str, Arc<Upstream>>,
    metrics: &Metrics,
) -> Result<Route, String> {
    if !option.path.starts_with('/') || plain(&option.path).as_deref() != Some(&*option.path) {
        return Err(format!("path: {:?} must begin with a slash and be plain, such as \"/invoices\"", option.path));
    }
    if option.policies.is_empty() && option.upstream.is_none() {
        return Err("leads nowhere: it needs policies, an upstream, or both".to_owned());
    }
    let listener = |name: &String| {
        let place = options.listeners.iter().position(|l| l.name == *name);
        place.ok_or_else(|| format!("listeners: there is no listener {name:?}"))
    };
    let partner = |name: &String| {
        let known = partners.named(name);
        known.ok_or_else(|| format!("partner: there is no partner {name:?}"))
    };
    let upstream = |name: &String| {
        let known = upstreams.get(name.as_str()).cloned();
        known.ok_or_else(|| format!("upstream: there is no upstream {name:?}"))
    };
    let labels = RouteLabels { route: option.name.as_str().into() };
    Ok(Route {
        listeners: option.listeners.iter().map(listener).collect::<Result<_, _>>()?,
        host: option.host.as_ref().map(|host| host.to_ascii_lowercase()),
        path: option.path.trim_end_matches('/').to_owned(),
        methods: option.methods.clone(),
        partner: option.partner.as_ref().map(partner).transpose()?,
        policies: Vec::new(),
        upstream: option.upstream.as_ref().map(upstream).transpose()?,
        seconds: of_family(&metrics.request_seconds.get_or_create(&labels)),
        labels,
    })
}

fn steps(option: &RouteOptions, registry: &PolicyRegistry, metrics: &Metrics) -> Result<Vec<Step>, FrontError> {
    let step = |reference: &String| {
        let policy =
            registry.resolve(reference).map_err(|error| FrontError::Policy(option.name.clone(), Box::new(error)))?;
        let labels = PolicyLabels { policy: policy.now().name().into() };
        Ok(Step { policy, seconds: of_family(&metrics.policy_seconds.get_or_create(&labels)), labels })
    };
    option.policies.iter().map(step).collect()
}

/// The family's own histogram: clones of it are the same one.
fn of_family(histogram: &Histogram) -> Histogram {
    histogram.clone()
}

fn clash(a: &Route, b: &Route) -> bool {
    let listeners =
        a.listeners.is_empty() || b.listeners.is_empty() || a.listeners.iter().any(|l| b.listeners.contains(l));
    let methods = match (a.methods.is_empty(), b.methods.is_empty()) {
        (false, false) => a.methods.iter().any(|m| b.methods.contains(m)),
        (all_a, all_b) => all_a == all_b,
    };
    listeners && methods && a.path == b.path && a.host == b.host
}
