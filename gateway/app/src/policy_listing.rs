//! What the registry knows of policies, as the administration's API has it.

use serde_json::Value;
use tallygate_console::policies::{Policy, PolicyAbout, PolicyVersion, PolicyVersionDetail, Switched};
use tallygate_front::registry::{PolicyListing, Switched as Changed, VersionDetail, VersionListing};
use tallygate_host::About;

/// A policy with its versions.
pub(crate) fn policy(listing: PolicyListing) -> Policy {
    Policy {
        active: listing.active,
        serving: listing.serving,
        trouble: listing.trouble,
        previous: listing.versions.iter().find(|version| version.previous).map(|version| version.version.clone()),
        versions: listing.versions.into_iter().map(version).collect(),
        name: listing.name,
    }
}

/// A version with its configuration. None of it is lost where that is no JSON: then it is a text.
pub(crate) fn detail(policy: &str, detail: VersionDetail) -> PolicyVersionDetail {
    let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let schema = detail.listing.about.as_ref().and_then(|about| about.config_schema.as_deref());
    PolicyVersionDetail {
        policy: policy.to_owned(),
        config: json(&detail.config_json),
        config_schema: schema.map(json),
        listed: version(detail.listing),
    }
}

/// What an activation or a rollback did.
pub(crate) fn switched(policy: &str, changed: Changed) -> Switched {
    let Changed { active, previous, changed } = changed;
    Switched { policy: policy.to_owned(), active, previous, changed }
}

fn version(listing: VersionListing) -> PolicyVersion {
    PolicyVersion {
        version: listing.version,
        bytes: listing.bytes,
        config_bytes: listing.config_bytes,
        source: listing.source.as_str().to_owned(),
        added_at: listing.came.as_millisecond(),
        active: listing.active,
        pinned_by: listing.pinned_by,
        about: listing.about.map(about),
    }
}

fn about(about: About) -> PolicyAbout {
    PolicyAbout {
        name: about.name,
        version: about.version,
        needs_body: about.needs_body,
        headers: about.headers,
        may_accept: about.may_accept,
        sees_responses: about.sees_responses,
        needs_response_body: about.needs_response_body,
        keys: about.keys.into_iter().map(|key| key.name).collect(),
    }
}
