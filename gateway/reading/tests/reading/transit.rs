//! Rule 13: what is between gateways and log is neither lost nor a difference, wherever it stands while it is looked for.

use std::sync::atomic::{AtomicU64, Ordering};

use tallygate_core::Run;
use tallygate_core::notice::ShipperNotice;
use tallygate_reading::clock::now_millis;
use tallygate_reading::reconcile::Verdict;
use tallygate_sums::Notices;
use tokio::time::{Duration, Instant, sleep};

use crate::store::DAY;
use crate::world::{RUN, World, off};

async fn tell(world: &World, held: u64, ago: i64) {
    world
        .store
        .tell(&ShipperNotice { held, ..ShipperNotice::default() }.notice("elsewhere", now_millis() - ago))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_a_shipper_elsewhere_holds_is_under_way() {
    let world = World::sound();
    world.accept(3, 2, "7.50");
    tell(&world, 1, 4_000).await;
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.backlog.leased, report.lost_messages), (Verdict::NotYet, 1, 0));
    assert_eq!((report.groups[0].in_queue.count, off(&report)), (2, None));
    assert!(report.to_text().contains("0 messages in the queue, 1 with shippers"), "{}", report.to_text());
    tell(&world, 0, 0).await;
    assert_eq!(world.reconcile(0).await.lost_messages, 1);
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_a_shipper_held_that_died_long_ago_is_under_way_no_more() {
    let world = World::sound();
    world.accept(3, 1, "7.50");
    tell(&world, 1, 60_000).await;
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.backlog.leased, report.lost_messages), (Verdict::NotBalanced, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_shipper_may_say_later_that_it_holds_what_it_leased() {
    let world = World::sound();
    world.accept(3, 1, "7.50");
    let shipper = async {
        sleep(Duration::from_secs(3)).await;
        tell(&world, 1, 0).await;
    };
    let (report, ()) = tokio::join!(world.reconcile(0), shipper);
    assert_eq!((report.verdict, report.backlog.leased), (Verdict::NotYet, 1), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_a_shipper_gives_back_between_two_looks_is_seen_in_the_queue() {
    let world = World::sound();
    world.accept(3, 1, "7.50");
    let (asked, begun) = (AtomicU64::new(0), Instant::now());
    tell(&world, 1, 0).await;
    let queue = async || {
        let before = asked.fetch_add(1, Ordering::SeqCst);
        if before == 0 {
            // Asked while it was leased; at once it goes back.
            tell(&world, 0, 0).await;
            return Ok(0);
        }
        // A moment later it is leased again, and nobody says so.
        Ok(u64::from(begun.elapsed() < Duration::from_millis(100)))
    };
    let report = world.reconcile_asking(queue).await;
    assert_eq!((report.verdict, report.backlog.queue), (Verdict::NotYet, 1), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_is_appended_when_queue_and_shippers_are_empty_is_in_the_log_that_is_read_after_them() {
    let world = World::sound();
    world.accept(3, 1, "7.50");
    let queue = async || {
        if world.store.notices().await.unwrap().is_empty() {
            world.ship(3, 0, "7.50");
            world.count(3, "27.50");
            world.log.commit_all();
            tell(&world, 0, 0).await;
        }
        Ok(0)
    };
    let report = world.reconcile_asking(queue).await;
    assert_eq!(report.verdict, Verdict::Balanced, "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_run_without_a_journal_is_not_proved() {
    let world = World::sound();
    world.ship_on(DAY, Run(8), 4, 0, "1.00");
    world.count(3, "21.00");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.never_answered_messages), (Verdict::NotBalanced, 1));
    assert_eq!(report.runs_without_journal, [Run(8).to_string()]);
    assert!(report.to_text().contains(&format!("NO JOURNAL of gateway run {}", Run(8))), "{}", report.to_text());
    // A gateway that was killed between its first message and its first line has a journal all the same.
    world.runs.lock().unwrap().push(Run(8));
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.runs_without_journal.len()), (Verdict::Balanced, 0), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_given_twice_counts_once() {
    let world = World::sound();
    let lines = world.journal.lock().unwrap().clone();
    world.journal.lock().unwrap().extend(lines);
    assert_eq!(world.reconcile(0).await.verdict, Verdict::Balanced);
    world.accept(3, 1, "1.00");
    world.accept(3, 1, "1.00");
    let report = world.reconcile(0).await;
    assert_eq!((report.lost_messages, off(&report)), (1, Some((1, "1.00".into()))));
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_message_of_which_the_log_had_a_part_when_it_was_accepted_is_under_way() {
    let world = World::sound();
    let asked = AtomicU64::new(0);
    let queue = async || {
        if asked.fetch_add(1, Ordering::SeqCst) == 0 {
            world.ship(4, 0, "1.00");
            world.accept(4, 2, "3.00");
            world.count(3, "21.00");
            world.log.commit_all();
        }
        Ok(0)
    };
    let report = world.reconcile_asking(queue).await;
    assert_eq!((report.verdict, report.never_answered_messages), (Verdict::NotYet, 0), "{}", report.to_text());
    assert_eq!((report.backlog.appended_since, report.groups[0].accepted.count), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn of_many_lost_and_never_answered_messages_some_are_named_and_all_are_counted() {
    let world = World::sound();
    for sequence in 100..200 {
        world.accept(sequence, 1, "1.00");
        world.ship(sequence + 1_000, 0, "2.00");
    }
    world.count(102, "220.00");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.lost_messages, report.never_answered_messages), (100, 100));
    assert_eq!((report.lost.len(), report.never_answered.len()), (20, 20));
    assert_eq!((report.lost[0].number.sequence, report.never_answered[0].number.sequence), (100, 1_100));
    assert_eq!(report.lost[0].number.run, RUN);
    assert!(report.to_text().contains("… and 80 more"));
}
