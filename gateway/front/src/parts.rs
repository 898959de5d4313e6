//! The parts that options alone make: checked as a whole, built as far as that needs neither sockets nor policies.

use crate::access::Partners;
use crate::invalid::{InvalidOption, Problems};
use crate::limits::Limits;
use crate::listener::Listener;
use crate::memory::needed;
use crate::metrics::Metrics;
use crate::names;
use crate::options::FrontOptions;
use crate::routes::{self, Route};

/// Listeners, partners and routes.
pub(crate) struct Parts {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) partners: Partners,
    /// In the order of the options, still without their policies.
    pub(crate) routes: Vec<Route>,
}

impl Parts {
    /// Builds them; `policies` are the names there are.
    pub(crate) fn build(
        options: &FrontOptions,
        policies: &[&str],
        metrics: &Metrics,
    ) -> Result<Self, Vec<InvalidOption>> {
        let mut problems = Problems::default();
        check_names(options, policies, &mut problems);
        check_memory(&options.limits, &mut problems);
        let mut listeners = Vec::with_capacity(options.listeners.len());
        for (index, option) in options.listeners.iter().enumerate() {
            match Listener::new(index, option) {
                Ok(listener) => listeners.push(listener),
                Err(problem) => problems.add(problem.within(&format!("listeners[{index}].tls"))),
            }
        }
        let partners = Partners::new(&options.partners, &options.listeners, &mut problems);
        let routes = routes::build(options, &partners, policies, metrics, &mut problems);
        let problems = problems.into_list();
        if problems.is_empty() { Ok(Self { listeners, partners, routes }) } else { Err(problems) }
    }
}

/// A body that could never be taken would get 503 for ever.
fn check_memory(limits: &Limits, problems: &mut Problems) {
    // A quarter is never lent, and the caller's connection needs some.
    let least = (needed(limits.body_bytes) + limits.serving().connection_bytes(true)).div_ceil(3) * 4;
    if limits.held_bytes < least {
        let body = limits.body_bytes;
        problems.note(
            "limits.body_memory",
            format_args!(
                "must be at least {least} bytes, since one request with a body_size of {body} may need as much"
            ),
        );
    }
}

fn check_names(options: &FrontOptions, policies: &[&str], problems: &mut Problems) {
    let key = |list: &str, index: usize| format!("{list}[{index}].name");
    let listeners = options.listeners.iter().enumerate().map(|(i, option)| (key("listeners", i), &*option.name));
    let partners = options.partners.iter().enumerate().map(|(i, option)| (key("partners", i), &*option.name));
    let routes = options.routes.iter().enumerate().map(|(i, option)| (key("routes", i), &*option.name));
    let policies = policies.iter().map(|name| (format!("policies.{name}"), *name));
    names::check(policies, problems);
    names::check(listeners, problems);
    names::check(partners, problems);
    names::check(routes, problems);
}
