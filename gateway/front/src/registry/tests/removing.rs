//! Versions that nothing needs are removed, on demand and to make room.

use super::played::{Site, now, plain};
use crate::limits::POLICY_VERSIONS;
use crate::registry::RegistryError;

#[tokio::test]
async fn a_version_is_removed_with_its_files_and_leaves_the_history() {
    let mut site = Site::new("one");
    let pin = format!("json@{}", &plain("pinned")[..8]);
    site.chain("route", &["json", &pin]);
    let registry = site.open();
    for word in ["pinned", "two", "three"] {
        let pushed = registry.push("json", word.into(), None).await.unwrap();
        registry.activate("json", &pushed.version).await.unwrap();
    }
    let refused = async |word: &str| match registry.remove("json", &plain(word)).await {
        Err(RegistryError::InUse { reason, .. }) => reason,
        other => panic!("{word}: {other:?}"),
    };
    assert!(refused("three").await.starts_with("it is active"));
    assert!(refused("pinned").await.contains("route \"route\" pins it"));
    let pins: Vec<_> = registry.list().remove(0).versions.into_iter().map(|version| version.pinned_by).collect();
    assert_eq!(pins, [&[][..], &["route".to_owned()], &[], &[]]);
    assert!(matches!(registry.remove("json", "0badc0de").await, Err(RegistryError::NoVersion { .. })));
    let two = plain("two");
    assert_eq!(registry.remove("json", &two[..10]).await.unwrap(), two);
    for ending in ["wasm", "config.json", "native"] {
        assert!(!site.kept(&two, ending).exists(), "{ending}");
        assert!(site.kept(&plain("one"), ending).exists(), "{ending}");
    }
    assert_eq!(registry.rollback("json").await.unwrap().active, plain("pinned"));
    assert_eq!(now(&site.open(), "json"), plain("pinned"));
    assert!(registry.push("json", b"two".to_vec(), None).await.unwrap().new, "it can come again");
}

#[tokio::test]
async fn beyond_the_bound_the_oldest_that_nothing_needs_makes_room() {
    let mut site = Site::new("one");
    let pin = format!("json@{}", &plain("pinned")[..8]);
    site.chain("route", &[&pin]);
    let registry = site.open();
    for word in ["pinned", "spare", "before", "active"] {
        registry.push("json", word.into(), None).await.unwrap();
    }
    for word in ["before", "active"] {
        registry.activate("json", &plain(word)).await.unwrap();
    }
    for n in 5..POLICY_VERSIONS + 2 {
        registry.push("json", format!("v{n}").into(), None).await.unwrap();
    }
    let versions = registry.list().remove(0).versions;
    assert_eq!(versions.len(), POLICY_VERSIONS);
    let kept: Vec<&str> = versions.iter().take(4).map(|version| &*version.version).collect();
    assert_eq!(kept, [plain("pinned"), plain("before"), plain("active"), plain("v5")]);
    assert!(!site.kept(&plain("spare"), "wasm").exists() && !site.kept(&plain("one"), "native").exists());
    assert_eq!(registry.rollback("json").await.unwrap().active, plain("before"));
}

#[tokio::test]
async fn a_policy_that_no_route_names_goes_with_its_last_version() {
    let site = Site::new("one");
    let registry = site.open();
    let pushed = registry.push("jsno", b"two".to_vec(), None).await.unwrap().version;
    registry.activate("jsno", &pushed).await.unwrap();
    assert_eq!(registry.remove("jsno", &pushed).await.unwrap(), pushed);
    assert_eq!(registry.list().len(), 1);
    assert!(!site.dir().join("jsno").exists());
    assert!(matches!(registry.activate("jsno", &pushed).await, Err(RegistryError::NoPolicy { .. })));
}
