//! The store in Cassandra, with real servers.

use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::value::CqlDecimal;
use tallygate_core::{Aggregate, LogId};
use tallygate_sums::{Cassandra, CassandraOptions, Consistency, Credentials, Sums, SumsError, settle};
use tallygate_test_servers::{Cassandra as Server, Options, shared};
use tallygate_tls::TlsFiles;

use crate::suite::{day, keeps_the_contract, plan, row};

fn options(server: &Server, keyspace: &str) -> CassandraOptions {
    CassandraOptions { keyspace: keyspace.into(), ..CassandraOptions::new(vec![server.contact_point()]) }
}

async fn cqlsh(server: &Server) -> Session {
    SessionBuilder::new().known_node(server.contact_point()).build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cassandra_keeps_the_contract() {
    let server = shared::cassandra().unwrap();
    let sums = Cassandra::new(options(server, "contract")).unwrap();
    keeps_the_contract(&sums).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_cql_adds_up_the_partitions_of_a_key() {
    let server = shared::cassandra().unwrap();
    let sums = Cassandra::new(options(server, "readme")).unwrap();
    let rows: Vec<_> = (0..4)
        .map(|n| {
            let mut row = row("HR123", "31.25", 2, n);
            row.at.partition = n as u32;
            row
        })
        .collect();
    sums.upsert(&rows).await.unwrap();
    let answer = cqlsh(server)
        .await
        .query_unpaged(
            "SELECT sum(sum), sum(count) FROM readme.daily_sums WHERE aggregate='daily' AND day='2026-11-22' \
             AND partition IN (0,1,2,3) AND key='HR123' AND currency='EUR'",
            (),
        )
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    let (sum, count) = answer.first_row::<(CqlDecimal, i64)>().unwrap();
    let wanted = CqlDecimal::from_signed_be_bytes_slice_and_exponent(&12_500_i16.to_be_bytes(), 2);
    assert_eq!((sum, count), (wanted, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_shape_is_refused_by_name() {
    let server = shared::cassandra().unwrap();
    let session = cqlsh(server).await;
    for text in [
        "CREATE KEYSPACE other WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE other.daily_sums (aggregate text, day date, partition int, key text, currency text, \
         sum double, count bigint, \"offset\" bigint, updated_at timestamp, \
         PRIMARY KEY ((aggregate, day, partition), key, currency))",
    ] {
        session.query_unpaged(text, ()).await.unwrap();
    }
    let sums = Cassandra::new(options(server, "other")).unwrap();
    match sums.generations().await {
        Err(SumsError::Refused(text)) => {
            assert!(text.contains("column sum is double"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistency_that_the_keyspace_makes_too_weak_is_refused_by_name() {
    let server = shared::cassandra().unwrap();
    let session = cqlsh(server).await;
    for (keyspace, replication) in [
        ("thrice", "'class': 'SimpleStrategy', 'replication_factor': 3"),
        ("thrice_here", "'class': 'NetworkTopologyStrategy', 'datacenter1': 3"),
    ] {
        let text = format!("CREATE KEYSPACE {keyspace} WITH replication = {{{replication}}}");
        session.query_unpaged(text, ()).await.unwrap();
        for consistency in [Consistency::One, Consistency::LocalOne] {
            let sums = Cassandra::new(CassandraOptions { consistency, ..options(server, keyspace) }).unwrap();
            let told = sums.generations().await.unwrap_err().to_string();
            let wanted =
                format!("consistency: {consistency} lets readers miss what was written, as keyspace {keyspace} has 3");
            assert!(told.contains(&wanted), "{told}");
        }
        // Of three replicas this one node alone is there: it can be refused by the server, but not by name.
        let sums =
            Cassandra::new(CassandraOptions { consistency: Consistency::Two, ..options(server, keyspace) }).unwrap();
        assert!(matches!(sums.generations().await, Err(SumsError::Away(_))));
    }
    let once = CassandraOptions { consistency: Consistency::One, ..options(server, "once") };
    Cassandra::new(once).unwrap().generations().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_centre_that_the_cluster_does_not_have_is_refused_by_name() {
    let server = shared::cassandra().unwrap();
    let of = |datacenter: &str| {
        let datacenter = Some(datacenter.to_owned());
        Cassandra::new(CassandraOptions { datacenter, ..options(server, "here") }).unwrap()
    };
    of("datacenter1").upsert(&[row("a", "1.00", 1, 1)]).await.unwrap();
    let told = of("dc9").generations().await.unwrap_err();
    assert!(matches!(told, SumsError::Refused(_)), "{told}");
    assert!(told.to_string().contains("datacenter: \"dc9\" has no node, known: datacenter1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_one_schema_and_one_generation() {
    let server = shared::cassandra().unwrap();
    let stores: Vec<_> = (0..4).map(|_| Cassandra::new(options(server, "race")).unwrap()).collect();
    let races = stores.iter().map(|sums| settle(sums, plan(), None, LogId(1)));
    for settled in futures::future::join_all(races).await {
        assert_eq!(settled.unwrap().number, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_away_within_the_bound_and_found_again() {
    let server = Server::start().unwrap();
    let mut options = options(&server, "killed");
    options.request_timeout = Duration::from_secs(2);
    let bound = Duration::from_secs(5);
    let sums = Cassandra::new(options.clone()).unwrap();
    let rows = [row("a", "1.00", 1, 1)];
    sums.upsert(&rows).await.unwrap();
    // Longer than the server's commit log stays unsynced.
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    server.pause().unwrap();
    let asked = Instant::now();
    assert!(matches!(sums.upsert(&rows).await, Err(SumsError::Away(_))));
    assert!(asked.elapsed() < bound, "{:?}", asked.elapsed());
    server.resume().unwrap();
    wait_for(&sums).await;

    server.kill().unwrap();
    let late = Cassandra::new(options).unwrap();
    for sums in [&sums, &late] {
        for _ in 0..2 {
            let asked = Instant::now();
            assert!(matches!(sums.generations().await, Err(SumsError::Away(_))));
            assert!(matches!(sums.upsert(&rows).await, Err(SumsError::Away(_))));
            assert!(matches!(sums.generations().await, Err(SumsError::Away(_))));
            assert!(asked.elapsed() < bound, "{:?}", asked.elapsed());
        }
    }
    server.restart().unwrap();
    for sums in [&sums, &late] {
        wait_for(sums).await;
        let found = sums.read(Aggregate::Daily, day("2026-11-22"), 3, None).await;
        assert_eq!(found.unwrap(), rows);
        sums.upsert(&rows).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypts_and_logs_in_where_the_cluster_asks() {
    let server = Server::start_with(Options::SECURE).unwrap();
    let known = server.credentials().unwrap();
    let credentials = Credentials { user: known.user.into(), password: known.password.into() };
    let good = CassandraOptions {
        credentials: Some(credentials.clone()),
        tls: Some(TlsFiles { ca: server.ca().map(Into::into), ..TlsFiles::default() }),
        ..options(&server, "secure")
    };
    let sums = Cassandra::new(good.clone()).unwrap();
    sums.upsert(&[row("a", "1.00", 1, 1)]).await.unwrap();

    let nobody = CassandraOptions { credentials: None, ..good.clone() };
    let stranger =
        CassandraOptions { credentials: Some(Credentials { password: "wrong".into(), ..credentials }), ..good.clone() };
    for options in [nobody, stranger] {
        let refused = Cassandra::new(options).unwrap().generations().await;
        assert!(matches!(refused, Err(SumsError::Refused(_))), "{refused:?}");
    }
    let trusting_none_of_these = CassandraOptions { tls: Some(TlsFiles::default()), ..good };
    let away = Cassandra::new(trusting_none_of_these).unwrap().generations().await;
    assert!(away.unwrap_err().to_string().contains("certificate"));
}

async fn wait_for(sums: &Cassandra) {
    let asked = Instant::now();
    while let Err(error) = sums.generations().await {
        assert!(asked.elapsed() < Duration::from_secs(30), "{error}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
