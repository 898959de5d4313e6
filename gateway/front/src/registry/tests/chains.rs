//! No route gets two policies that may accept.

use super::played::{Site, now, plain, policy};
use crate::registry::RegistryError;

#[tokio::test]
async fn two_policies_that_may_accept_do_not_come_into_one_chain() {
    let mut site = Site::new("one");
    site.options.policies.push(policy("other"));
    site.chain("apart", &["other"]);
    site.chain("chain", &["json", "other"]);
    let registry = site.open();
    let mut versions = Vec::new();
    for (name, word) in [("json", "json-accepts"), ("other", "other-accepts"), ("other", "other-adorns")] {
        versions.push(registry.push(name, word.into(), None).await.unwrap().version);
    }
    registry.activate("other", &versions[1]).await.unwrap();
    let refused = registry.activate("json", &versions[0]).await.unwrap_err();
    let expected = ("chain".to_owned(), "json".to_owned(), "other".to_owned());
    assert!(
        matches!(&refused, RegistryError::TwoAccept { route, first, second } if (route, first, second) == (&expected.0, &expected.1, &expected.2)),
        "{refused}"
    );
    assert_eq!(now(&registry, "json"), plain("one"), "nothing was switched");
    registry.activate("other", &versions[2]).await.unwrap();
    registry.activate("json", &versions[0]).await.unwrap();
    assert!(matches!(registry.rollback("other").await, Err(RegistryError::TwoAccept { .. })));
    assert_eq!(now(&registry, "other"), versions[2]);
    // A route that would have both, by a version that it pins.
    site.chain("pinned", &["json", &format!("other@{}", versions[1])]);
    assert!(matches!(site.try_open(), Err(RegistryError::TwoAccept { route, .. }) if route == "pinned"));
    assert_eq!(site.refused(), [("pinned".to_owned(), false)]);
}
