//! The contract of the port, as far as one process can see it.

use std::collections::BTreeMap;

use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::notice::{Notice, PartitionNotice};
use tallygate_core::{Aggregate, Day, Generation, LogId, PartitionBy, Row, RowKey};
use tallygate_sums::{Foreign, SettleError, Sums, settle};

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn row(key: &str, sum: &str, count: u64, offset: u64) -> Row {
    Row {
        at: RowKey {
            aggregate: Aggregate::Daily,
            day: day("2026-11-22"),
            partition: 3,
            key: key.into(),
            currency: "EUR".parse().unwrap(),
        },
        sum: sum.parse().unwrap(),
        count,
        offset,
        updated_at: 1_795_375_181_500 + offset as i64,
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        topic: "tallygate.transactions".into(),
        partitions: 4,
        partition_by: PartitionBy::Key,
        horizon_days: 7,
        future_days: 7,
        fold_rules: FOLD_RULES,
        group: "tallygate".into(),
    }
}

/// Runs the whole suite on a store that is new.
pub(crate) async fn keeps_the_contract(sums: &dyn Sums) {
    generations_are_taken_once(sums).await;
    rule_10_the_higher_offset_wins_in_any_order(sums).await;
    rule_3_sums_are_exact(sums).await;
    rows_are_found_by_place_and_key(sums).await;
    many_rows_of_many_partitions_are_written_whole(sums).await;
    days_with_rows_are_found(sums).await;
    a_notice_replaces_the_last_of_its_name(sums).await;
}

async fn read_one(sums: &dyn Sums, at: &RowKey) -> Option<Row> {
    let rows = sums.read(at.aggregate, at.day, at.partition, Some(&at.key)).await.unwrap();
    rows.into_iter().find(|row| row.at == *at)
}

async fn rule_10_the_higher_offset_wins_in_any_order(sums: &dyn Sums) {
    let (older, newer) = (row("fence", "10.00", 1, 5), row("fence", "-7.50", 3, 9));
    for writes in [[&older, &newer, &older], [&newer, &older, &newer]] {
        for row in writes {
            sums.upsert(std::slice::from_ref(row)).await.unwrap();
        }
        assert_eq!(read_one(sums, &newer.at).await, Some(newer.clone()));
    }
    // The first record of a log has offset 0, and its row a timestamp all the same.
    let first = row("fence-0", "1.00", 1, 0);
    sums.upsert(&[first.clone(), newer.clone()]).await.unwrap();
    sums.upsert(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(read_one(sums, &first.at).await, Some(first));
    assert_eq!(read_one(sums, &newer.at).await, Some(newer));
}

async fn rule_3_sums_are_exact(sums: &dyn Sums) {
    let texts = [
        "0.00",
        "-0.01",
        "999999999999999999.999999999",
        "-999999999999999999.999999999",
        "123456789012345678901234567.123456789",
        "-123456789012345678901234567.12",
        "1.280000001",
        "-1.28",
    ];
    let rows: Vec<Row> =
        texts.iter().enumerate().map(|(n, text)| row(&format!("exact-{n}"), text, u64::MAX >> 1, n as u64)).collect();
    sums.upsert(&rows).await.unwrap();
    for (row, text) in rows.iter().zip(texts) {
        let found = read_one(sums, &row.at).await.unwrap();
        assert_eq!((&found, found.sum.to_string().as_str()), (row, text));
    }
}

async fn rows_are_found_by_place_and_key(sums: &dyn Sums) {
    let base = row("place", "1.00", 1, 1);
    let at = |aggregate, day: Day, partition, key: &str, currency: &str| RowKey {
        aggregate,
        day,
        partition,
        key: key.into(),
        currency: currency.parse().unwrap(),
    };
    let (d1, d2) = (day("0001-01-01"), day("9999-12-31"));
    let places = [
        at(Aggregate::Daily, d1, 0, "a", "EUR"),
        at(Aggregate::Daily, d1, 0, "a", "HRK"),
        at(Aggregate::Daily, d1, 0, "ž \"quoted\" 'x'", "EUR"),
        at(Aggregate::Daily, d1, 1, "a", "EUR"),
        at(Aggregate::Daily, d2, 0, "a", "EUR"),
        at(Aggregate::Counted, d1, 0, "a", "EUR"),
        at(Aggregate::Duplicate, d1, 0, "a", "EUR"),
        at(Aggregate::Dead, d1, 0, "?", "XXX"),
    ];
    let rows: Vec<Row> = places.into_iter().map(|at| Row { at, ..base.clone() }).collect();
    sums.upsert(&rows).await.unwrap();
    for (aggregate, day, partition, key, wanted) in [
        (Aggregate::Daily, d1, 0, None, &rows[0..3]),
        (Aggregate::Daily, d1, 0, Some("a"), &rows[0..2]),
        (Aggregate::Daily, d1, 1, None, &rows[3..4]),
        (Aggregate::Daily, d2, 0, None, &rows[4..5]),
        (Aggregate::Counted, d1, 0, None, &rows[5..6]),
        (Aggregate::Duplicate, d1, 0, Some("a"), &rows[6..7]),
        (Aggregate::Dead, d1, 0, None, &rows[7..8]),
        (Aggregate::Dead, d2, 0, None, &[]),
        (Aggregate::Daily, d1, 0, Some("b"), &[]),
    ] {
        let mut found = sums.read(aggregate, day, partition, key).await.unwrap();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        assert_eq!(found, wanted, "{aggregate} {day} {partition} {key:?}");
    }
}

async fn many_rows_of_many_partitions_are_written_whole(sums: &dyn Sums) {
    let rows: Vec<Row> = (0..10_000_u32)
        .map(|n| {
            let mut row = row(&format!("many-{n}"), "1.23", 1, u64::from(n));
            row.at.partition = 100 + n % 16;
            row.at.day = day("2026-11-01").plus((n % 5) as i32);
            row
        })
        .collect();
    sums.upsert(&rows).await.unwrap();
    let mut found = BTreeMap::new();
    for partition in 100..116 {
        for days in 0..5 {
            let day = day("2026-11-01").plus(days);
            let rows = sums.read(Aggregate::Daily, day, partition, None).await;
            found.extend(rows.unwrap().into_iter().map(|row| (row.at.clone(), row)));
        }
    }
    assert_eq!(found.len(), rows.len());
    assert!(rows.iter().all(|row| found.get(&row.at) == Some(row)));
}

async fn generations_are_taken_once(sums: &dyn Sums) {
    assert_eq!(sums.generations().await.unwrap(), []);
    let races = (1..9).map(|log| settle(sums, plan(), None, LogId(log)));
    let settled = futures::future::join_all(races).await;
    let first = settled[0].as_ref().unwrap().clone();
    assert_eq!(first, Generation::first(plan(), first.log));
    assert!(settled.iter().all(|settled| settled.as_ref().unwrap() == &first));
    assert_eq!(settle(sums, plan(), Some(&first), LogId(9)).await.unwrap(), first);
    let foreign = Generation::first(plan(), LogId(77));
    match settle(sums, plan(), Some(&foreign), LogId(9)).await {
        Err(SettleError::Foreign(found)) => assert_eq!(found, Foreign { store: first.log, log: LogId(77) }),
        other => panic!("{other:?}"),
    }
    let changed = Plan { partitions: 8, ..plan() };
    match settle(sums, changed, None, LogId(9)).await {
        Err(SettleError::Changed(changed)) => assert_eq!(changed.key, "stream.partitions"),
        other => panic!("{other:?}"),
    }
    let second = Generation {
        number: 2,
        first_partition: 4,
        log: first.log,
        plan: Plan { topic: "other".into(), partition_by: PartitionBy::Id, ..plan() },
    };
    assert!(sums.add_generation(&second).await.unwrap());
    assert!(!sums.add_generation(&second).await.unwrap());
    assert_eq!(sums.generations().await.unwrap(), [first, second]);
}

async fn days_with_rows_are_found(sums: &dyn Sums) {
    let days: Vec<String> = sums.days(100).await.unwrap().into_iter().map(|day| day.to_string()).collect();
    assert_eq!(days, ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"]);
    assert!(sums.days(99).await.unwrap().is_empty());
}

async fn a_notice_replaces_the_last_of_its_name(sums: &dyn Sums) {
    assert_eq!(sums.notices().await.unwrap(), []);
    let stands = PartitionNotice { partition: 1, stands: Some("it \"does\" ž".into()), ..PartitionNotice::default() };
    let other = PartitionNotice { partition: 2, repairing: true, ..PartitionNotice::default() };
    let goes_on = PartitionNotice { partition: 1, repaired: 3, ..PartitionNotice::default() };
    for notice in [stands.notice(5), other.notice(6), goes_on.notice(7)] {
        sums.tell(&notice).await.unwrap();
    }
    let mut found: Vec<Notice> = sums.notices().await.unwrap();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found, [goes_on.notice(7), other.notice(6)]);
}
