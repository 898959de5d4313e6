//! What readers are told of the roles of a process.

use tallygate_core::Work;
use tallygate_reading::ledger::Reader;
use tallygate_sums::Sums;

use super::*;
use crate::app::fakes::{Does, Servers};

const SOON: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// A process whose shipper fails for this reason until it is told to work.
struct Process {
    supervisor: Supervisor,
    standing: Standing,
    works: watch::Sender<bool>,
}

fn process(servers: &Servers, why: &'static str) -> Process {
    let (mut supervisor, standing) = (Supervisor::default(), Standing::soon());
    let (kept, works) = (standing.clone(), watch::Sender::new(false));
    let told = works.subscribe();
    supervisor.start("shipper", SOON, |stop| async move {
        let (told, stop) = (&told, &stop);
        let run = |work: watch::Sender<Work>| async move {
            anyhow::ensure!(*told.borrow(), why);
            work.send_replace(Work::Goes);
            stop.cancelled().await;
            Ok(())
        };
        kept.keep("shipper", stop, run).await
    });
    start(&mut supervisor, &standing, servers.store.clone(), SOON);
    Process { supervisor, standing, works }
}

/// Waits until a reader elsewhere is told this, beside that the store is empty.
async fn until_told(servers: &Servers, expected: &[&str]) {
    let reader = Reader::new(Arc::new(servers.store.server.clone()));
    let told = async {
        loop {
            let told = reader.warnings().await.unwrap();
            if told[1..] == *expected {
                return;
            }
            sleep(PAUSE).await;
        }
    };
    timeout(SOON, told).await.unwrap();
}

const STANDS: &str = "the shipper stands, and tries again by itself: the password was changed";

#[tokio::test]
async fn a_role_that_stands_is_told_to_readers_elsewhere_until_it_goes_on() {
    let servers = Servers::new();
    let process = process(&servers, "the password was changed");
    until_told(&servers, &[STANDS]).await;
    process.works.send_replace(true);
    until_told(&servers, &[]).await;
    assert_eq!(process.standing.troubles(), [""; 0]);
    process.supervisor.stop().await;
}

#[tokio::test]
async fn a_process_that_stops_takes_back_what_it_told() {
    let servers = Servers::new();
    let process = process(&servers, "the password was changed");
    until_told(&servers, &[STANDS]).await;
    process.supervisor.stop().await;
    until_told(&servers, &[]).await;
}

#[tokio::test]
async fn a_role_that_stands_is_told_again_as_long_as_it_stands() {
    let servers = Servers::new();
    let process = process(&servers, "the password was changed");
    until_told(&servers, &[STANDS]).await;
    let at = async || servers.store.server.notices().await.unwrap()[0].at;
    let first = at().await;
    let again = async {
        while at().await == first {
            sleep(PAUSE).await;
        }
    };
    timeout(SOON, again).await.unwrap();
    process.supervisor.stop().await;
}

#[tokio::test]
async fn no_role_waits_for_a_store_that_takes_no_word_and_it_is_told_when_the_store_answers() {
    let servers = Servers::new();
    servers.store.does(Does::Hang);
    let process = process(&servers, "the password was changed");
    let works = async {
        while process.standing.troubles() != [STANDS] {
            sleep(PAUSE).await;
        }
        servers.store.does(Does::Fail("away"));
        sleep(PAUSE).await;
        servers.store.does(Does::Hang);
        process.works.send_replace(true);
        while !process.standing.troubles().is_empty() {
            sleep(PAUSE).await;
        }
    };
    timeout(SOON, works).await.unwrap();
    timeout(SOON, process.supervisor.stop()).await.unwrap();
    assert!(servers.store.server.generations().await.unwrap().is_empty());
}
