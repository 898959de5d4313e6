//! The parts that options alone make: checked as a whole, built as far as that needs neither sockets nor policies.

use crate::access::Partners;
use crate::invalid::{InvalidOption, Problems};
use crate::listener::Listener;
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
