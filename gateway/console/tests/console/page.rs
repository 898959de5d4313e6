//! The live page in a real browser.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tallygate_console::limits::SESSION_IDLE;
use tallygate_console::policies::PolicyAdmin;
use tallygate_core::notice::PartitionNotice;
use tallygate_core::{Aggregate, Row};
use tallygate_sums::Notices;
use tokio::time::sleep;

use crate::browser::Browser;
use crate::login::pass;
use crate::policies::Registry;
use crate::site::{PASSWORD, Site, USER};
use crate::store::{daily, row};

/// The browser's own pictures, for example of its calendar.
const OWN: &str = "data:";

/// What makes today's page a page to look at.
fn fill(site: &Site, day: &str) {
    let day = |mut row: Row| {
        row.at.day = day.parse().unwrap();
        site.store.put(row);
    };
    day(row(Aggregate::Counted, "shop-1", "EUR", 0, 10, 48_210, "1284377.35"));
    day(row(Aggregate::Counted, "shop-2", "EUR", 1, 10, 6_004, "318002.10"));
    day(row(Aggregate::Counted, "shop-3", "USD", 0, 10, 1_877, "96120.00"));
    day(row(Aggregate::Counted, "shop-3", "CHF", 1, 10, 12, "-40.05"));
    for n in 0..40_u64 {
        let sum = format!("{}.{:02}", 52_000 / (n + 1), (n * 37) % 100);
        day(daily(&format!("{}", 98_765_432_198 - n * 7_654_321), "EUR", (n % 2) as u32, n, 2_400 / (n + 1), &sum));
    }
    day(daily("card-acquirer-settlement", "USD", 0, 3, 640, "51200.00"));
}

async fn opened(site: &Site) -> Browser {
    let mut browser = Browser::start().await;
    browser.size(1440, 900, "light").await;
    browser.open(&site.origin()).await;
    browser.until("!document.getElementById('login')?.hidden && document.activeElement.id === 'name'").await;
    browser
}

async fn log_in(browser: &mut Browser) {
    browser.fill("name", USER).await;
    browser.fill("password", PASSWORD).await;
    browser.enter().await;
    browser.until("document.getElementById('connection').dataset.state === 'live'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_logs_in_and_sees_sums_change_without_loading_again() {
    let site = Site::start().await;
    let today = site.get("/api/v1/session").await.json()["today"].as_str().unwrap().to_owned();
    fill(&site, &today);
    let mut browser = opened(&site).await;
    browser.picture("login").await;
    log_in(&mut browser).await;
    browser.until("document.getElementById('total-EUR').innerText.includes('1,602,379.45')").await;
    browser.until("document.querySelectorAll('#top tr').length === 20").await;
    browser.value("window.same = true").await;

    for n in 1..=60_u64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
        let sum = format!("{}.50", 1_284_377 + n * n * 3);
        let mut change = row(Aggregate::Counted, "shop-1", "EUR", 0, 10 + n, 48_210 + n * n, &sum);
        (change.at.day, change.updated_at) = (today.parse().unwrap(), now - (60 - n as i64) * 4_000);
        site.log.put_row(&change);
    }
    browser.until("document.getElementById('total-EUR').innerText.includes('57,814 transactions')").await;
    browser.until("document.getElementById('rate').textContent !== '0'").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let mut change = daily("card-acquirer-settlement", "USD", 0, 99, 2_000, "160000.00");
    (change.at.day, change.updated_at) = (today.parse().unwrap(), now);
    site.log.put_row(&change);
    let shown = browser.until("document.querySelector('#top tr:nth-child(2)').innerText.includes('160,000.00')").await;
    assert!(shown < Duration::from_secs(1), "{shown:?}");
    assert_eq!(browser.value("window.same").await, true, "the page was loaded once");
    browser.picture("day").await;

    browser.size(1440, 900, "dark").await;
    browser.picture("day-dark").await;
    browser.size(390, 844, "light").await;
    assert_eq!(browser.value("document.documentElement.scrollWidth <= innerWidth").await, true, "nothing sticks out");
    browser.picture("day-small").await;
    browser.size(1440, 900, "light").await;

    assert_eq!(browser.errors(), Vec::<String>::new());
    let elsewhere: Vec<String> = browser
        .requests()
        .into_iter()
        .filter(|url| !url.starts_with(&site.origin()) && !url.starts_with(OWN))
        .collect();
    assert_eq!(elsewhere, Vec::<String>::new(), "nothing is asked of anybody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_stand_there_with_what_they_say_of_themselves_and_what_is_wrong() {
    let policies = Arc::new(Registry::default());
    policies.push("json", Bytes::from_static(b"\0asm123"), None).await.unwrap();
    let site = Site::with(Arc::default(), Some(policies)).await;
    let mut browser = opened(&site).await;
    log_in(&mut browser).await;
    browser.until("document.querySelectorAll('#policies tr').length === 1").await;
    let shown = browser.value("document.querySelector('#policies tr').innerText").await;
    let shown = shown.as_str().unwrap();
    for said in
        ["json", "v7", "author's 1.2", "may accept; bodies; headers content-type; keys jir", "active v4 does not start"]
    {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    browser.picture("policies").await;
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_know_beside_the_sums_stands_above_them_and_goes_when_it_is_over() {
    let site = Site::start().await;
    let today = site.get("/api/v1/session").await.json()["today"].as_str().unwrap().to_owned();
    fill(&site, &today);
    let mut browser = opened(&site).await;
    log_in(&mut browser).await;
    browser.until("document.getElementById('warnings').dataset.drawn === '[]'").await;
    assert_eq!(browser.value("document.getElementById('warnings').hidden").await, true);

    let hostile = "<img src=x onerror=alert(1)>";
    let wrong = vec![format!("{today} {hostile} EUR")];
    let stands = Some("record 812 was stamped 41 hours ahead of this machine's clock".to_owned());
    let troubled = [
        PartitionNotice { partition: 0, wrong, ..PartitionNotice::default() },
        PartitionNotice { partition: 3, stands, ..PartitionNotice::default() },
    ];
    for notice in &troubled {
        site.store.tell(&notice.notice(1)).await.unwrap();
    }
    let shown = browser.until("document.querySelectorAll('#warnings p').length === 2").await;
    assert!(shown < Duration::from_secs(8), "{shown:?}");
    assert_eq!(browser.value("document.getElementById('warnings').checkVisibility()").await, true);
    let text = browser.value("document.getElementById('warnings').innerText").await;
    let text = text.as_str().unwrap();
    assert!(text.contains("Log partition 3 stands, its sums are not up to date: record 812"), "{text}");
    assert!(text.contains(hostile), "{text}");
    browser.picture("warnings").await;
    browser.size(1440, 900, "dark").await;
    browser.picture("warnings-dark").await;
    browser.size(390, 844, "light").await;
    assert_eq!(browser.value("document.documentElement.scrollWidth <= innerWidth").await, true, "nothing sticks out");
    browser.picture("warnings-small").await;

    for PartitionNotice { partition, .. } in troubled {
        site.store.tell(&PartitionNotice { partition, ..PartitionNotice::default() }.notice(2)).await.unwrap();
    }
    browser.until("document.getElementById('warnings').hidden").await;
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_found_and_followed_and_what_it_is_called_does_no_harm() {
    let site = Site::start().await;
    let today = site.get("/api/v1/session").await.json()["today"].as_str().unwrap().to_owned();
    fill(&site, &today);
    let hostile = "<img src=x onerror=alert(1)> & co";
    let mut lone = daily(hostile, "EUR", 0, 77, 2, "12.30");
    lone.at.day = today.parse().unwrap();
    site.store.put(lone.clone());
    let mut browser = opened(&site).await;
    log_in(&mut browser).await;
    browser.fill("key", hostile).await;
    browser.enter().await;
    browser.until("document.getElementById('found').innerText.includes('12.30')").await;
    assert_eq!(browser.value("document.getElementById('found-title').textContent").await, hostile);
    browser.picture("found").await;
    (lone.offset, lone.count, lone.sum) = (78, 3, "13.30".parse().unwrap());
    site.log.put_row(&lone);
    browser.until("document.getElementById('found').innerText.includes('13.30')").await;
    browser.value("document.getElementById('day-before').click()").await;
    browser.until("document.getElementById('found-empty').innerText.includes('No transactions of this key')").await;
    browser.until("!document.getElementById('totals-empty').hidden").await;
    browser.picture("empty").await;
    browser.value("document.getElementById('day-today').click()").await;
    browser.until("document.getElementById('found').innerText.includes('13.30')").await;
    browser.value("document.getElementById('currency').value = 'EUR', document.getElementById('currency').dispatchEvent(new Event('change'))").await;
    browser
        .until("[...document.querySelectorAll('#top tr')].every(row => row.children[2].textContent === 'EUR')")
        .await;
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_when_its_figures_stand_still_and_when_a_password_is_wrong() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    browser.fill("name", USER).await;
    browser.fill("password", "wrong").await;
    browser.enter().await;
    browser.until("document.getElementById('login-problem').textContent.includes('password is wrong')").await;
    log_in(&mut browser).await;
    site.log.set_away(true);
    browser.until("!document.getElementById('notice').hidden").await;
    assert_eq!(browser.value("document.getElementById('connection').dataset.state").await, "away");
    browser.picture("away").await;
    site.log.set_away(false);
    browser.until("document.getElementById('connection').dataset.state === 'live'").await;
    assert_eq!(browser.value("document.getElementById('notice').hidden").await, true);
    browser.value("document.getElementById('logout').click()").await;
    browser.until("!document.getElementById('login').hidden").await;
}

#[tokio::test]
async fn an_open_page_is_no_use_of_its_session_and_whoever_is_at_it_is() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    log_in(&mut browser).await;
    let nearly = SESSION_IDLE - Duration::from_secs(60);
    pass(nearly).await;
    browser.value("globalThis.answered = 0, globalThis.asked = fetch, globalThis.fetch = async (...all) => { const answer = await asked(...all); answered += 1; return answer; }").await;
    browser.enter().await;
    let before = asked(&mut browser, "/api/v1/session").await;
    assert_eq!(before, 2, "somebody at the page is told: once when it opened, once now");
    browser.until("answered > 0").await;
    pass(nearly).await;
    polled(&mut browser).await;
    assert_eq!(browser.value("document.getElementById('console').hidden").await, false, "it was used a while ago");
    pass(Duration::from_secs(61)).await;
    browser.until("!document.getElementById('login').hidden").await;
}

/// How often the page asked for this so far.
async fn asked(browser: &mut Browser, path: &str) -> usize {
    browser.value("1").await;
    browser.requests().iter().filter(|url| url.ends_with(path)).count()
}

/// Waits until the page has asked by itself how things are, twice; the first time it may have asked before.
async fn polled(browser: &mut Browser) {
    let before = asked(browser, "/api/v1/status").await;
    for _ in 0..600 {
        if asked(browser, "/api/v1/status").await >= before + 2 {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the page asks how things are now and then");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_names_what_the_page_shows_and_nothing_else_of_it() {
    let site = Site::start().await;
    let mut browser = opened(&site).await;
    browser.open(&format!("{}/?currency=EUR&constructor=x&__proto__=y&toString=z", site.origin())).await;
    browser.until("document.activeElement.id === 'name'").await;
    log_in(&mut browser).await;
    browser.until("document.getElementById('currency').value === 'EUR'").await;
    assert_eq!(browser.value("location.search").await, "?currency=EUR");
    assert_eq!(browser.errors(), Vec::<String>::new());
}
