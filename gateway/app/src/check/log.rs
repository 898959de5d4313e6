//! A plan that is not the one that an embedded log or store was made for.

use crate::config::{Config, Problem, SumsOptions};
use crate::parts;
use crate::roles::{Role, Roles};
use crate::runtime::small_runtime;

pub(super) fn problems(config: &Config, roles: &Roles) -> Vec<Problem> {
    if ![Role::Shipper, Role::Aggregator, Role::Console].iter().any(|role| roles.has(*role)) {
        return Vec::new();
    }
    changed(config).or_else(|| divided_otherwise(config)).into_iter().collect()
}

/// What the embedded store says of the plan; a server would have to be asked.
fn changed(config: &Config) -> Option<Problem> {
    if !matches!(config.sums, SumsOptions::Embedded(_)) {
        return None;
    }
    let generations = small_runtime().ok()?.block_on(async { parts::read_sums(config).ok()?.generations().await.ok() });
    let last = generations?.into_iter().max_by_key(|generation| generation.number)?;
    let changed = last.check(&config.plan).err()?;
    let whole = changed.to_string();
    // What is no key of the file, such as the release's own rules, says so by itself.
    match whole.strip_prefix(&format!("{} ", changed.key)).filter(|_| !changed.key.contains(' ')) {
        Some(message) => Some(config.places.problem(changed.key, message)),
        None => Some(config.places.problem("", whole)),
    }
}

fn divided_otherwise(config: &Config) -> Option<Problem> {
    let made = parts::made_partitions(config).filter(|made| *made != config.plan.partitions)?;
    let message = format!("the embedded log has {made} partitions for life, {made} would be right");
    Some(config.places.problem("stream.partitions", message))
}
