//! What is wrong beyond what reading the configuration finds, all of it at once, with nothing changed of what is there.

mod components;
mod data_dir;
mod log;
mod roles;
mod sockets;

use crate::config::{Config, Problem};
use crate::roles::{Role, Roles};
pub(crate) use components::components;

/// All that these roles would be refused for, or stand for. It compiles and configures the policies.
pub(crate) fn all(config: &Config, roles: &Roles) -> Vec<Problem> {
    let mut problems = environs(config, roles);
    if roles.has(Role::Gateway) {
        problems.extend(components(config));
    }
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// What a process of these roles would be refused for before a policy is compiled, or a file of another role is looked into.
pub(crate) fn start(config: &Config, roles: &Roles) -> Vec<Problem> {
    let mut problems = roles::problems(config, roles);
    problems.extend(sockets::problems(config, roles));
    problems.extend(data_dir::problems(config));
    problems
}

/// The same, and what roles would stand for.
fn environs(config: &Config, roles: &Roles) -> Vec<Problem> {
    let mut problems = start(config, roles);
    problems.extend(log::problems(config, roles));
    problems.sort_by_key(|problem| problem.line);
    problems
}

#[cfg(test)]
mod tests;
