//! What starts, what serves in its place where it does not, and that a check finds it before.

use super::played::{Site, now, plain};
use crate::registry::RegistryError;

#[tokio::test]
async fn a_first_version_that_fails_stops_nothing_and_does_not_stand_in_the_way_of_the_one_that_mends_it() {
    let mut site = Site::new("bad");
    let (registry, says) = site.measured();
    let route = registry.resolve("json").unwrap();
    assert_eq!(route.now().version(), "");
    assert!(registry.troubles()[0].contains("no version is active: policy `json`"), "{:?}", registry.troubles());
    assert!(says("front_policy_active{policy=\"json\"} 0"));
    assert_eq!(registry.list()[0].versions, []);
    assert_eq!(site.refused(), [("json".to_owned(), true)]);
    site.file("good");
    let registry = site.open();
    assert_eq!((now(&registry, "json"), registry.list()[0].versions.len()), (plain("good"), 1));
    assert_eq!(registry.troubles(), [""; 0]);
}

#[tokio::test]
async fn where_the_active_version_does_not_start_the_last_one_before_it_that_does_serves() {
    let site = Site::new("one");
    let registry = site.open();
    for word in ["two", "three", "four"] {
        let pushed = registry.push("json", word.into(), None).await.unwrap();
        registry.activate("json", &pushed.version).await.unwrap();
    }
    drop(registry);
    *site.words.broken.lock().unwrap() = vec!["four", "three"];
    let (registry, says) = site.measured();
    assert_eq!(now(&registry, "json"), plain("two"));
    let listing = registry.list().remove(0);
    assert_eq!((listing.active, listing.serving), (Some(plain("four")), Some(plain("two"))), "the state stays");
    let trouble = listing.trouble.unwrap();
    let (four, two) = (&plain("four")[..12], &plain("two")[..12]);
    assert!(trouble.starts_with(&format!("active {four} does not start: ")), "{trouble}");
    assert!(trouble.ends_with(&format!("; serving {two}")), "{trouble}");
    assert!(says("front_policy_fallback{policy=\"json\"} 1") && says("front_policy_active{policy=\"json\"} 1"));
    assert_eq!(site.refused(), [("json".to_owned(), false)], "a check names it all the same");
    assert!(matches!(registry.remove("json", two).await, Err(RegistryError::InUse { .. })));
    // Once it is mended, activating it again puts it into service.
    assert!(registry.activate("json", four).await.is_err());
    site.words.broken.lock().unwrap().clear();
    assert!(registry.activate("json", four).await.unwrap().changed);
    assert_eq!((now(&registry, "json"), registry.list()[0].trouble.clone()), (plain("four"), None));
    assert!(says("front_policy_fallback{policy=\"json\"} 0"));
    assert_eq!(registry.rollback("json").await.unwrap().active, plain("three"), "the history is as it was");
}

#[tokio::test]
async fn where_none_starts_the_routes_are_refused_and_the_others_run() {
    let mut site = Site::new("one");
    drop(site.open());
    *site.words.broken.lock().unwrap() = vec!["one"];
    let registry = site.open();
    registry.push("other", b"two".to_vec(), None).await.unwrap();
    assert_eq!((now(&registry, "json"), now(&registry, "other")), (String::new(), String::new()));
    let refused = registry.list()[0].trouble.clone().unwrap();
    assert!(refused.ends_with("so none serves"), "{refused}");
    // What a route pins is not replaced by another version.
    site.chain("r", &[&format!("json@{}", plain("one"))]);
    assert_eq!(now(&site.open(), &format!("json@{}", plain("one"))), "");
}

#[test]
fn a_check_refuses_what_opening_would_and_touches_nothing() {
    let (good, bad) = (Site::new("good"), Site::new("bad"));
    let pinned = |pin: &str| {
        let mut site = Site::new("good");
        site.chain("r", &[pin, "json", "other@12345678"]);
        site.refused()
    };
    assert_eq!(bad.refused(), [("json".to_owned(), true)]);
    assert_eq!(good.refused(), []);
    assert_eq!(pinned(&format!("json@{}", &plain("good")[..8])), []);
    assert_eq!(pinned("json@0badc0de"), [("json@0badc0de".to_owned(), false)]);
    assert!(!good.dir().exists() && !bad.dir().exists());
}

#[test]
fn a_check_tries_what_is_active_what_is_pinned_and_what_the_file_holds() {
    let mut site = Site::new("good");
    drop(site.open());
    site.file("bad");
    let of_file = ("json".to_owned(), true);
    assert_eq!(site.refused(), std::slice::from_ref(&of_file));
    *site.words.broken.lock().unwrap() = vec!["good"];
    let pin = format!("json@{}", &plain("good")[..8]);
    site.chain("r", &[&pin]);
    assert_eq!(site.refused(), [of_file.clone(), ("json".to_owned(), false)], "a version is told once");
    site.words.broken.lock().unwrap().clear();
    std::fs::remove_file(site.kept(&plain("good"), "native")).unwrap();
    std::fs::write(site.kept(&plain("good"), "wasm"), "damaged").unwrap();
    assert_eq!(site.refused(), [of_file, ("json".to_owned(), false)]);
}
