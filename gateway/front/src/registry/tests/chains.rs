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

#[tokio::test]
async fn what_serves_in_place_of_another_version_stands_back_where_it_would_be_the_second_to_accept() {
    let mut site = Site::new("first-accepts");
    site.options.policies.push(policy("other"));
    let registry = site.open();
    for (name, word) in [("json", "second"), ("other", "other-accepts")] {
        let pushed = registry.push(name, word.into(), None).await.unwrap();
        registry.activate(name, &pushed.version).await.unwrap();
    }
    drop(registry);
    site.chain("chain", &["json", "other"]);
    *site.words.broken.lock().unwrap() = vec!["second"];
    let registry = site.open();
    assert_eq!((now(&registry, "json"), now(&registry, "other")), (String::new(), plain("other-accepts")));
    let trouble = registry.list()[0].trouble.clone().unwrap();
    assert!(trouble.ends_with("it may accept beside another policy of route \"chain\", so none serves"), "{trouble}");
}

#[tokio::test]
async fn what_would_accept_once_it_starts_again_keeps_others_from_accepting() {
    let mut site = Site::new("one");
    site.options.policies.push(policy("other"));
    site.chain("chain", &["json", "other"]);
    let registry = site.open();
    let accepts = registry.push("json", b"json-accepts".to_vec(), None).await.unwrap().version;
    registry.activate("json", &accepts).await.unwrap();
    let other = registry.push("other", b"other-accepts".to_vec(), None).await.unwrap().version;
    drop(registry);
    *site.words.broken.lock().unwrap() = vec!["json-accepts"];
    let registry = site.open();
    assert_eq!(now(&registry, "json"), plain("one"));
    assert!(matches!(registry.activate("other", &other).await, Err(RegistryError::TwoAccept { .. })));
}
