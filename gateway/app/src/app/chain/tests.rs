//! What is said while stream and store cannot be asked.

use super::*;
use crate::app::fakes::{Does, Servers};

const SOON: Duration = Duration::from_secs(30);

async fn says(said: &mut watch::Receiver<Work>, text: &str) {
    let says = |work: &Work| matches!(work, Work::Waits(why) if why.contains(text));
    timeout(SOON, said.wait_for(says)).await.unwrap_or_else(|_| panic!("{text}")).unwrap();
}

#[tokio::test]
async fn what_a_role_waits_for_is_said_with_the_last_error_and_also_before_the_first_try_ended() {
    let servers = Servers::new();
    let (chain, stop) = (servers.chain(), CancellationToken::new());
    let (work, mut said) = watch::channel(Work::Goes);
    servers.stream.does(Does::Hang);
    servers.store.does(Does::Hang);
    let settling = chain.generation(&work, &stop);
    let looking = async {
        says(&mut said, "no answer yet from the stream").await;
        servers.stream.does(Does::Work);
        says(&mut said, "no answer yet from the store of sums").await;
        servers.store.does(Does::Fail("its password was changed"));
        says(&mut said, "its password was changed").await;
        // The next try hangs, and how the last one failed still stands.
        servers.store.does(Does::Hang);
        sleep(RETRY * 2).await;
        says(&mut said, "its password was changed").await;
        servers.store.does(Does::Work);
    };
    let (generation, ()) = tokio::join!(settling, looking);
    assert_eq!(generation.unwrap().unwrap().number, 1);
}

#[tokio::test]
async fn a_role_that_waits_for_servers_stops_when_it_is_told_to() {
    let servers = Servers::new();
    servers.stream.does(Does::Hang);
    let chain = servers.chain();
    let (stop, work) = (CancellationToken::new(), watch::Sender::new(Work::Goes));
    stop.cancel();
    let generation = timeout(SOON, chain.generation(&work, &stop)).await.unwrap();
    assert!(generation.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_that_does_not_let_a_role_in_is_said_before_the_role_finds_out() {
    let servers = Servers::new();
    let chain = servers.chain();
    let (work, mut said) = watch::channel(Work::Waits("silent".to_owned()));
    let role = |says: watch::Sender<Work>| async move {
        says.send_replace(Work::Goes);
        std::future::pending().await
    };
    let looking = async {
        timeout(SOON, said.wait_for(|work| *work == Work::Goes)).await.unwrap().unwrap();
        servers.stream.does(Does::Refuse("authentication failed"));
        says(&mut said, "does not let this process in: authentication failed").await;
        servers.stream.does(Does::Work);
        timeout(SOON, said.wait_for(|work| *work == Work::Goes)).await.unwrap().unwrap();
    };
    tokio::select! {
        _ = chain.run(work, role) => panic!("ended"),
        () = looking => {}
    }
}
