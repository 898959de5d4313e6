//! Versions are pushed with their configuration, activated and rolled back, and outlive restarts.

use tallygate_host::version_of;

use super::played::{Site, now, plain, policy};
use crate::registry::options::check_name;
use crate::registry::{ConfigFrom, OfflinePolicies, PolicyOptions, PolicyRegistry, Pushed, RegistryError, Source};

const SELLERS: &str = r#"{"sellers":["1"]}"#;

async fn push(registry: &PolicyRegistry, word: &str, config: Option<&str>) -> Result<Pushed, RegistryError> {
    registry.push("json", word.as_bytes().to_vec(), config.map(str::to_owned)).await
}

#[tokio::test]
async fn a_pushed_version_is_inactive_until_activated_and_both_outlive_a_restart() {
    let site = Site::new("one");
    let registry = site.open();
    let first = now(&registry, "json");
    assert_eq!(first, plain("one"));
    let pushed = push(&registry, "two", None).await.unwrap();
    assert!(pushed.new);
    assert_eq!(now(&registry, "json"), first);
    let route = registry.resolve("json").unwrap();
    let under_way = route.now();
    let switched = registry.activate("json", &pushed.version[..8]).await.unwrap();
    assert_eq!((switched.previous, switched.changed), (Some(first.clone()), true));
    assert_eq!((route.now().version(), under_way.version()), (&*pushed.version, &*first));
    let again = registry.activate("json", &pushed.version).await.unwrap();
    assert_eq!((again.previous, again.changed), (Some(pushed.version.clone()), false));
    drop(registry);
    let registry = site.open();
    assert_eq!(now(&registry, "json"), pushed.version);
    assert_eq!(registry.list()[0].versions.len(), 2);
    assert!(registry.list()[0].versions[0].previous);
    assert_eq!(registry.rollback("json").await.unwrap().active, first);
    assert_eq!(now(&registry, "json"), first);
    assert!(matches!(registry.rollback("json").await, Err(RegistryError::NothingBefore { .. })));
}

#[tokio::test]
async fn a_version_that_needs_a_new_configuration_is_brought_in_and_rolled_back_without_a_restart() {
    let site = Site::new("one");
    let registry = site.open();
    let refused = push(&registry, "wants", None).await.unwrap_err();
    let active = format!("(with the configuration of the active version {}; --config", &plain("one")[..12]);
    for words in ["configuration at /sellers: is missing", &active] {
        assert!(refused.to_string().contains(words), "{refused}");
    }
    let refused = push(&registry, "wants", Some("{}")).await.unwrap_err().to_string();
    assert!(!refused.contains("--config"), "{refused}");
    let wants = push(&registry, "wants", Some(SELLERS)).await.unwrap();
    assert_eq!((wants.new, wants.config_from), (true, ConfigFrom::Push));
    registry.activate("json", &wants.version).await.unwrap();
    assert_eq!(now(&registry, "json"), wants.version);
    // What is pushed without a configuration takes the active version's.
    let next = push(&registry, "wants-more", None).await.unwrap();
    assert_eq!(next.config_from, ConfigFrom::Active);
    assert_eq!(registry.version("json", &next.version).unwrap().config_json, SELLERS);
    assert_eq!(registry.rollback("json").await.unwrap().active, plain("one"));
    assert_eq!(now(&registry, "json"), plain("one"), "which refuses the key that the other one needs");
    registry.activate("json", &wants.version).await.unwrap();
    // The file still has neither the component nor the configuration.
    assert_eq!(now(&site.open(), "json"), wants.version);
    assert_eq!(site.refused(), []);
}

#[tokio::test]
async fn a_version_is_its_component_and_what_its_configuration_means() {
    let site = Site::new("one");
    let registry = site.open();
    let first = push(&registry, "wants", Some(r#"{"sellers":["1"],"a":1}"#)).await.unwrap();
    let blanks = push(&registry, "wants", Some("{ \"a\": 1,\n \"sellers\": [ \"1\" ] }")).await.unwrap();
    assert_eq!((blanks.version, blanks.new), (first.version.clone(), false));
    let other = push(&registry, "wants", Some(r#"{"sellers":["1"],"a":2}"#)).await.unwrap();
    assert!(other.new && other.version != first.version);
    let detail = registry.version("json", &first.version[..10]).unwrap();
    assert_eq!((&*detail.config_json, detail.listing.config_bytes), (r#"{"a":1,"sellers":["1"]}"#, 23));
    for wrong in ["[]", "{", "\"text\""] {
        assert!(matches!(push(&registry, "wants", Some(wrong)).await, Err(RegistryError::Config(..))), "{wrong}");
    }
}

#[tokio::test]
async fn a_component_that_does_not_start_is_refused_with_its_reason() {
    let site = Site::new("one");
    let registry = site.open();
    let refused = push(&registry, "bad", None).await.unwrap_err();
    assert!(refused.to_string().contains("configuration at /sellers: must be otherwise"));
    assert_eq!(registry.list()[0].versions.len(), 1);
    assert!(!push(&registry, "one", None).await.unwrap().new);
}

#[tokio::test]
async fn a_changed_file_or_its_configuration_is_a_new_inactive_version() {
    let mut site = Site::new("one");
    let first = now(&site.open(), "json");
    site.file("changed");
    let registry = site.open();
    assert_eq!(now(&registry, "json"), first);
    let versions = &registry.list()[0].versions;
    assert_eq!((versions.len(), versions[1].source, versions[1].active), (2, Source::File, false));
    site.config("{\"a\": 1}");
    assert_eq!(site.open().list()[0].versions.len(), 3);
    let registry = site.open();
    assert_eq!(registry.list()[0].versions.len(), 3);
    registry.activate("json", &version_of(b"changed", r#"{"a":1}"#)).await.unwrap();
}

#[tokio::test]
async fn the_first_push_takes_the_configuration_of_the_file() {
    let mut site = Site::bare();
    site.options.policies.push(PolicyOptions { config_json: SELLERS.into(), ..policy("json") });
    let registry = site.open();
    let refused = push(&registry, "one", None).await.unwrap_err().to_string();
    assert!(refused.contains("(with the configuration of the gateway's file; --config"), "{refused}");
    assert_eq!(push(&registry, "wants", None).await.unwrap().config_from, ConfigFrom::File);
    let refused = registry.push("other", b"wants".to_vec(), None).await.unwrap_err().to_string();
    assert!(refused.contains("(with an empty configuration; --config"), "{refused}");
}

#[tokio::test]
async fn where_there_is_nothing_to_go_back_to_the_other_versions_are_named() {
    let site = Site::new("one");
    let registry = site.open();
    let short = |word: &str| plain(word)[..12].to_owned();
    let alone = registry.rollback("json").await.unwrap_err().to_string();
    assert!(alone.contains(&short("one")) && alone.ends_with(", and there is no other"), "{alone}");
    push(&registry, "two", None).await.unwrap();
    let told = registry.rollback("json").await.unwrap_err().to_string();
    assert!(told.ends_with(&format!("`policy activate` takes any other: {}", short("two"))), "{told}");
}

#[tokio::test]
async fn a_policy_is_born_by_its_first_push() {
    let mut site = Site::bare();
    site.options.policies.push(policy("json"));
    site.chain("r", &["json"]);
    let (registry, says) = site.measured();
    assert_eq!(registry.troubles(), ["policy json: no version is active, so its routes answer 503"]);
    let route = registry.resolve("json").unwrap();
    assert_eq!(route.now().version(), "");
    assert!(says("front_policy_active{policy=\"json\"} 0") && says("front_policy_fallback{policy=\"json\"} 0"));
    let pushed = push(&registry, "one", None).await.unwrap();
    assert_eq!(pushed.config_from, ConfigFrom::Nowhere, "the file has none");
    assert_eq!(route.now().version(), "", "a push alone activates nothing");
    let switched = registry.activate("json", &pushed.version).await.unwrap();
    assert_eq!((switched.previous, route.now().version()), (None, &*pushed.version));
    assert!(says("front_policy_active{policy=\"json\"} 1") && registry.troubles().is_empty());
    // Of a name that nobody configured, too; and then a route may name it.
    let other = registry.push("other", b"one".to_vec(), None).await.unwrap();
    assert_eq!(other.config_from, ConfigFrom::Nowhere);
    registry.activate("other", &other.version).await.unwrap();
    assert_eq!(site.options.names(), ["json", "other"]);
    assert_eq!(now(&site.open(), "other"), other.version);
    assert!(registry.push("..", b"one".to_vec(), None).await.is_err());
    assert!(registry.push("third", b"bad".to_vec(), None).await.is_err());
    assert!(!site.dir().join("third").exists() && registry.resolve("third").is_err(), "a failed birth leaves nothing");
}

#[tokio::test]
async fn a_pin_stays_whatever_is_active() {
    let mut site = Site::new("one");
    let registry = site.open();
    let first = now(&registry, "json");
    let pin = registry.resolve(&format!("json@{}", &first[..12])).unwrap();
    let pushed = push(&registry, "two", None).await.unwrap();
    registry.activate("json", &pushed.version).await.unwrap();
    assert_eq!(pin.now().version(), first);
    assert!(registry.resolve("json@00000000").is_err());
    assert!(registry.resolve("xml").is_err());
    site.chain("r", &[&format!("json@{}", &first[..8])]);
    assert_eq!(now(&site.open(), &format!("json@{}", &first[..9])), first);
}

#[tokio::test]
async fn what_was_compiled_is_loaded_from_then_on_and_compiled_again_where_it_is_not_whole() {
    let site = Site::new("one");
    let registry = site.open();
    let two = push(&registry, "two", None).await.unwrap().version;
    assert_eq!(site.words.count(), (2, 1), "the start loads what it has just compiled");
    registry.activate("json", &two).await.unwrap();
    registry.rollback("json").await.unwrap();
    drop(site.open());
    assert_eq!(site.words.count(), (2, 4), "activation, rollback and start compile nothing");
    std::fs::copy(site.kept(&plain("one"), "native"), site.kept(&two, "native")).unwrap();
    registry.activate("json", &two).await.unwrap();
    assert_eq!((now(&registry, "json"), site.words.count()), (two.clone(), (3, 4)), "another version's is not taken");
    std::fs::remove_file(site.kept(&two, "native")).unwrap();
    assert_eq!(now(&site.open(), "json"), two);
    assert_eq!(site.words.count(), (4, 4));
    drop(site.open());
    assert_eq!(site.words.count(), (4, 5), "what was compiled again is kept");
}

#[tokio::test]
async fn a_version_whose_file_was_changed_is_not_compiled() {
    let site = Site::new("one");
    let registry = site.open();
    for ending in ["wasm", "config.json"] {
        let pushed = push(&registry, ending, None).await.unwrap();
        std::fs::remove_file(site.kept(&pushed.version, "native")).unwrap();
        std::fs::write(site.kept(&pushed.version, ending), "something else").unwrap();
        let refused = registry.activate("json", &pushed.version).await;
        assert!(matches!(refused, Err(RegistryError::Damaged(..))), "{refused:?}");
    }
    assert_eq!(now(&registry, "json"), plain("one"));
}

#[tokio::test]
async fn versions_are_switched_and_removed_while_no_gateway_runs() {
    let site = Site::new("one");
    let registry = site.open();
    let two = push(&registry, "two", None).await.unwrap().version;
    drop(registry);
    let offline = OfflinePolicies::new(&site.options);
    assert_eq!(offline.list().unwrap()[0].active, Some(plain("one")));
    let switched = offline.activate("json", &two[..8]).unwrap();
    assert_eq!((switched.active, switched.previous), (two.clone(), Some(plain("one"))));
    assert!(!offline.activate("json", &two).unwrap().changed);
    assert_eq!(offline.version("json", &two).unwrap().config_json, "{}");
    assert_eq!(now(&site.open(), "json"), two);
    assert!(matches!(offline.remove("json", &two), Err(RegistryError::InUse { .. })));
    assert_eq!(offline.rollback("json").unwrap().active, plain("one"));
    assert_eq!(offline.remove("json", &two).unwrap(), two);
    assert!(offline.rollback("json").is_err() && offline.rollback("other").is_err());
    assert_eq!((now(&site.open(), "json"), site.words.compiled.lock().unwrap().len()), (plain("one"), 2));
}

#[test]
fn a_name_that_is_no_folders_is_refused() {
    for name in ["", "..", "a/b", "a b", ".hidden", "-dash", &"n".repeat(65)] {
        assert!(check_name(name).is_err(), "{name}");
    }
    assert!(check_name(&"n".repeat(64)).is_ok());
}
