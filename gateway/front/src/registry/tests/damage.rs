//! Files that were damaged or cannot be written, and what is done about them.

use std::fs;

use super::played::{Site, now, plain, policy};
use crate::registry::RegistryError;

#[tokio::test]
async fn a_damaged_version_is_mended_by_the_same_component_from_the_file_or_by_a_push() {
    let site = Site::new("one");
    drop(site.open());
    let damage = |word: &str| {
        fs::write(site.kept(&plain(word), "wasm"), "half").unwrap();
        fs::remove_file(site.kept(&plain(word), "native")).unwrap();
    };
    damage("one");
    assert_eq!(site.refused(), [], "a check foresees it");
    let registry = site.open();
    assert_eq!(now(&registry, "json"), plain("one"), "the file has it whole");
    let two = registry.push("json", b"two".to_vec(), None).await.unwrap().version;
    registry.activate("json", &two).await.unwrap();
    drop(registry);
    damage("two");
    let registry = site.open();
    assert_eq!(now(&registry, "json"), plain("one"), "in its place");
    assert!(registry.activate("json", &two).await.is_err());
    assert!(
        !registry.push("json", b"two".to_vec(), None).await.unwrap_err().to_string().is_empty(),
        "whose configuration?"
    );
    assert!(!registry.push("json", b"two".to_vec(), Some("{}".into())).await.unwrap().new, "it is no new version");
    assert!(registry.activate("json", &two).await.unwrap().changed);
    assert_eq!((now(&registry, "json"), registry.troubles()), (two, Vec::new()));
}

#[tokio::test]
async fn a_configuration_that_was_changed_by_hand_is_neither_shown_nor_taken_on() {
    let site = Site::new("one");
    let registry = site.open();
    fs::write(site.kept(&plain("one"), "config.json"), r#"{"x":2}"#).unwrap();
    assert!(matches!(registry.version("json", &plain("one")), Err(RegistryError::Damaged(..))));
    assert!(matches!(registry.push("json", b"two".to_vec(), None).await, Err(RegistryError::Damaged(..))));
    assert!(registry.push("json", b"two".to_vec(), Some("{}".into())).await.unwrap().new);
}

#[tokio::test]
async fn what_was_compiled_serves_though_its_compiled_form_can_be_neither_read_nor_kept() {
    let site = Site::new("one");
    drop(site.open());
    let native = site.kept(&plain("one"), "native");
    fs::remove_file(&native).unwrap();
    fs::create_dir_all(native.join("in the way")).unwrap();
    let registry = site.open();
    assert_eq!((now(&registry, "json"), registry.troubles()), (plain("one"), Vec::new()));
}

#[tokio::test]
async fn a_state_that_cannot_be_read_stops_its_policy_alone_and_is_not_written_over() {
    let mut site = Site::new("one");
    site.options.policies.push(policy("other"));
    let registry = site.open();
    let other = registry.push("other", b"two".to_vec(), None).await.unwrap().version;
    registry.activate("other", &other).await.unwrap();
    drop(registry);
    let state = site.dir().join("json/versions.json");
    fs::write(&state, "{\"format\":2,").unwrap();
    let registry = site.open();
    assert_eq!((now(&registry, "json"), now(&registry, "other")), (String::new(), other));
    let trouble = &registry.troubles()[0];
    assert!(trouble.contains("versions.json") && trouble.contains("put back, or its removal"), "{trouble}");
    assert!(matches!(registry.push("json", b"two".to_vec(), None).await, Err(RegistryError::Damaged(..))));
    assert_eq!(fs::read_to_string(&state).unwrap(), "{\"format\":2,");
    assert_eq!(site.refused(), [("json".to_owned(), false)], "a check names it");
}

#[test]
fn a_pinned_version_that_does_not_start_is_told() {
    let mut site = Site::new("one");
    let pin = format!("json@{}", &plain("one")[..8]);
    site.chain("route", &[&pin]);
    drop(site.open());
    site.file("two");
    *site.words.broken.lock().unwrap() = vec!["one"];
    let troubles = site.open().troubles();
    let told = troubles.iter().any(|trouble| trouble.contains("which a route pins, does not start"));
    assert!(told, "{troubles:?}");
}
