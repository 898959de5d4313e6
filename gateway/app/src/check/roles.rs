//! Roles that cannot be split.

use crate::config::{Config, Problem, QueueOptions, StreamOptions, SumsOptions};
use crate::roles::Role::{Aggregator, Console, Gateway, Shipper};
use crate::roles::{Role, Roles};

/// Rule 15: an embedded backend serves one process, so the roles that meet at it cannot be split.
pub(super) fn problems(config: &Config, roles: &Roles) -> Vec<Problem> {
    let embedded: [(&str, bool, &[Role]); 3] = [
        ("queue", matches!(config.queue, QueueOptions::Embedded(_)), &[Gateway, Shipper]),
        ("stream", matches!(config.stream, StreamOptions::Embedded(_)), &[Shipper, Aggregator, Console]),
        ("sums", matches!(config.sums, SumsOptions::Embedded(_)), &[Shipper, Aggregator, Console]),
    ];
    let split = embedded.into_iter().filter_map(|(section, is_embedded, users)| {
        let missing = users.iter().find(|role| !roles.has(**role))?;
        let is_split = is_embedded && users.iter().any(|role| roles.has(*role));
        is_split.then(|| {
            let message = format!(
                "--roles {roles}: the embedded {section} serves one process, so the role {missing} must be in it too; \
                 choose another [{section}] backend to split them"
            );
            config.places.problem(section, message)
        })
    });
    // One is enough to see which roles are missing.
    split.take(1).collect()
}
