//! Rule 13: losses, double counts and the never answered are found; what is under way is no difference.

use tallygate_core::{Aggregate, MessageNumber};
use tallygate_reading::reconcile::{Line, Verdict};
use tallygate_stream::Topic;

use crate::store::{DAY, row};
use crate::world::{RUN, World, off};

#[tokio::test(start_paused = true)]
async fn rule_13_what_is_sound_balances() {
    let world = World::sound();
    world.ship(1, 0, "10.00");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.redelivered), (Verdict::Balanced, 1), "{}", report.to_text());
    assert_eq!(off(&report), Some((0, "0.00".into())));
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_lost_message_is_named_once_the_queue_is_empty() {
    let world = World::sound();
    world.accept(3, 2, "7.50");
    let report = world.reconcile(1).await;
    assert_eq!(report.verdict, Verdict::NotYet);
    assert_eq!((report.groups[0].in_queue.count, off(&report)), (2, None), "what waits is no difference");
    let report = world.reconcile(0).await;
    assert_eq!(
        (report.verdict, report.lost_messages, off(&report)),
        (Verdict::NotBalanced, 1, Some((2, "7.50".into())))
    );
    assert!(report.to_text().contains(&format!("{RUN}/3  {DAY}  shop-1  2: 7.50 EUR")), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_another_process_has_leased_is_waited_for() {
    let world = World::sound();
    world.accept(3, 1, "7.50");
    let shipper = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        world.ship(3, 0, "7.50");
    };
    let (report, ()) = tokio::join!(world.reconcile(0), shipper);
    assert_eq!((report.verdict, report.lost_messages, report.backlog.fold), (Verdict::NotYet, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_message_of_which_a_part_is_lost_is_named_too() {
    let world = World::sound();
    world.accept(3, 2, "7.50");
    world.ship(3, 0, "5.00");
    world.count(3, "25.00");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, off(&report)), (Verdict::NotBalanced, Some((1, "2.50".into()))));
    assert_eq!(report.lost[0].figures.count, 1);
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_double_count_is_a_difference() {
    let world = World::sound();
    world.count(3, "30.00");
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, off(&report)), (Verdict::NotBalanced, Some((-1, "-10.00".into()))));
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_cent_that_differs_is_a_difference() {
    let world = World::sound();
    world.count(2, "20.01");
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, off(&report)), (Verdict::NotBalanced, Some((0, "-0.01".into()))));
}

#[tokio::test(start_paused = true)]
async fn rule_13_the_never_answered_are_named_and_balance() {
    let world = World::sound();
    world.ship(9, 0, "1.00");
    world.count(3, "21.00");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.never_answered_messages), (Verdict::Balanced, 1), "{}", report.to_text());
    assert_eq!(report.never_answered[0].number, MessageNumber { run: RUN, sequence: 9 });
    assert!(report.to_json().contains(&format!("\"number\": \"{RUN}/9\"")));
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_is_not_folded_yet_stands_beside() {
    let world = World::sound();
    world.accept(4, 1, "3.00");
    world.ship(4, 0, "3.00");
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.backlog.fold, report.groups[0].in_log.count), (Verdict::NotYet, 1, 1));
    assert_eq!(off(&report), None);
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_is_accepted_while_reading_is_answered_after_all() {
    let world = World::sound();
    let late = async || {
        if world.journal.lock().unwrap().len() == 3 {
            world.ship(5, 0, "4.00");
            world.accept(5, 1, "4.00");
            world.count(3, "24.00");
            world.log.commit_all();
        }
        Ok(0)
    };
    let report = world.reconcile_asking(late).await;
    assert_eq!((report.verdict, report.never_answered_messages), (Verdict::Balanced, 0), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn records_of_others_stand_on_their_own_line() {
    let world = World::sound();
    world.log.put(Topic::Transactions, 0, &[], "hello");
    world.log.commit_all();
    assert_eq!(world.reconcile(0).await.verdict, Verdict::NotBalanced, "it is no dead letter");
    world.both(row(Aggregate::Dead, "?", "XXX", 0, 9, 1, "0.00"));
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.unreadable_in_log, report.groups.len()), (Verdict::Balanced, 1, 1));
    assert!(report.to_text().contains("not ours: 1 records"), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn days_of_which_the_log_lost_its_beginning_are_not_judged() {
    let world = World::sound();
    *world.log.low.lock().unwrap() = [1, 0];
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.groups[0].provable, off(&report)), (Verdict::Balanced, false, None));
}

#[tokio::test(start_paused = true)]
async fn damage_of_a_journal_is_passed_on() {
    let world = World::sound();
    world.journal.lock().unwrap().push(Line::Damage("journal-7.log: line 4: the checksum is wrong".into()));
    assert!(world.reconcile(0).await.to_text().contains("damaged: journal-7.log: line 4"));
}
