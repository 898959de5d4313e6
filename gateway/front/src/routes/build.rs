//! Builds the table of routes from options, and notes what could not be told apart or leads nowhere.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use super::path::of_route;
use super::route::{Route, Step};
use super::table::Routes;
use crate::access::{Access, Partners};
use crate::cors::Cors;
use crate::error::FrontError;
use crate::host::Host;
use crate::invalid::Problems;
use crate::limits::Limits;
use crate::metrics::{Metrics, PolicyLabels, RouteLabels};
use crate::names::Names;
use crate::options::{FrontOptions, RouteOptions};
use crate::proxy::Upstream;
use crate::registry::PolicyRegistry;

/// The routes without their policies, which need a registry, in the order of the options; problems are noted.
pub(crate) fn build(
    options: &FrontOptions,
    partners: &Partners,
    policies: &[&str],
    metrics: &Metrics,
    problems: &mut Problems,
) -> Vec<Route> {
    let mut upstreams = HashMap::new();
    for option in &options.upstreams {
        let upstream = Upstream::new(option, &options.limits, metrics, problems);
        if upstreams.insert(&*option.name, upstream.map(Arc::new)).is_some() {
            problems.note(format!("upstreams.{}", option.name), "stands twice, each name must be its own");
        }
    }
    let names = Known {
        listeners: Names::new("listener", options.listeners.iter().map(|listener| &*listener.name)),
        upstreams: Names::new("upstream", options.upstreams.iter().map(|upstream| &*upstream.name)),
        policies: Names::new("policy", policies.iter().copied()),
    };
    let mut routes: Vec<Route> = Vec::with_capacity(options.routes.len());
    for (index, option) in options.routes.iter().enumerate() {
        let key = format!("routes[{index}]");
        check(option, &key, problems);
        let route = Route {
            upstream: option.upstream.as_deref().and_then(|name| upstreams.get(name).cloned().flatten()),
            ..names.route(option, &options.limits, &key, partners, metrics, problems)
        };
        // A route of unknown listeners is not one of all of them, and a path that is none is nobody's.
        let known = route.listeners.len() == option.listeners.len() && of_route(&option.path).is_ok();
        if let Some(other) = routes.iter().find(|other| known && other.clashes(&route)) {
            problems.note(
                key,
                format_args!(
                    "clashes with route {:?}: same path {:?}; another path, host, method or listener would be right",
                    other.labels.route, option.path
                ),
            );
        }
        routes.push(route);
    }
    routes
}

/// The table of these routes, each with its policies.
pub(crate) fn with_policies(
    mut routes: Vec<Route>,
    options: &[RouteOptions],
    registry: &PolicyRegistry,
    metrics: &Metrics,
) -> Result<Routes, FrontError> {
    for (route, option) in routes.iter_mut().zip(options) {
        let step = |reference: &String| {
            let policy = registry
                .resolve(reference)
                .map_err(|error| FrontError::Policy(option.name.clone(), Box::new(error)))?;
            let labels = PolicyLabels { policy: policy.now().name().into() };
            // The family's own histogram: clones of it are the same one.
            Ok(Arc::new(Step { policy, seconds: metrics.policy_seconds.get_or_create(&labels).clone(), labels }))
        };
        route.policies = option.policies.iter().map(step).collect::<Result<_, FrontError>>()?;
    }
    Ok(Routes::new(routes))
}

/// The names that a route may use.
struct Known<'o> {
    listeners: Names<'o>,
    upstreams: Names<'o>,
    policies: Names<'o>,
}

impl Known<'_> {
    fn route(
        &self,
        option: &RouteOptions,
        limits: &Limits,
        key: &str,
        partners: &Partners,
        metrics: &Metrics,
        problems: &mut Problems,
    ) -> Route {
        // What cannot match stands for itself where it is compared with other routes'.
        let path = of_route(&option.path).unwrap_or_else(|problem| {
            problems.note(format!("{key}.path"), problem);
            option.path.clone().into_bytes()
        });
        let host = option.host.as_deref().map(|host| {
            Host::of_route(host).unwrap_or_else(|problem| {
                problems.note(format!("{key}.host"), problem);
                host.to_owned()
            })
        });
        let mut listeners = Vec::with_capacity(option.listeners.len());
        for (index, name) in option.listeners.iter().enumerate() {
            listeners.extend(self.listeners.find(name, || format!("{key}.listeners[{index}]"), problems));
        }
        for (index, reference) in option.policies.iter().enumerate() {
            let name = reference.split('@').next().unwrap_or_default();
            self.policies.find(name, || format!("{key}.policies[{index}]"), problems);
        }
        let access = Access::of(option, key, partners, problems);
        if let Some(name) = &option.upstream {
            self.upstreams.find(name, || format!("{key}.upstream"), problems);
        }
        let labels = RouteLabels { route: option.name.as_str().into() };
        Route {
            listeners,
            host,
            path,
            methods: option.methods.clone(),
            access,
            cors: option.cors.as_ref().map(|cors| Cors::new(cors, &option.methods, key, problems)),
            policies: Vec::new(),
            upstream: None,
            body: limits.body(&option.limits),
            seconds: metrics.request_seconds.get_or_create(&labels).clone(),
            labels,
        }
    }
}

fn check(option: &RouteOptions, key: &str, problems: &mut Problems) {
    for (index, method) in option.methods.iter().enumerate() {
        if !method.as_str().bytes().all(|b| b.is_ascii_uppercase()) {
            let key = format!("{key}.methods[{index}]");
            problems.note(key, format_args!("{:?} is no method, such as \"POST\"", method.as_str()));
        } else if *method == Method::CONNECT {
            problems.note(format!("{key}.methods[{index}]"), "CONNECT asks for a tunnel, and those are not served");
        }
    }
    if option.policies.is_empty() && option.upstream.is_none() {
        problems.note(key, "needs \"policies\" or \"upstream\"");
    }
}
