//! Whose turn it is, counted rather than timed.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const THREADS: usize = 2;

fn partner(name: &str) -> Caller {
    Caller::Partner(name.into())
}

/// Begins nothing by itself: the test takes the turns.
fn turns() -> Turns<&'static str> {
    Turns::new(THREADS, 8)
}

/// The work of the next turns, each of which wants another one.
fn next(turns: &mut Turns<&'static str>, count: usize) -> Vec<&'static str> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let Some(Some(job)) = turns.next() else { break };
        taken.push(job.work);
        turns.pause(job);
    }
    taken
}

#[test]
fn callers_have_their_turns_one_after_the_other_however_much_each_sends() {
    let mut turns = turns();
    for work in ["a1", "a2", "a3", "a4"] {
        turns.add(&partner("a"), work).unwrap();
    }
    turns.add(&partner("b"), "b1").unwrap();
    assert_eq!(next(&mut turns, 6), ["a1", "b1", "a1", "b1", "a1", "b1"], "what was begun comes first");
}

/// Begins as much as may be, without an end.
fn begin_all(turns: &mut Turns<&'static str>) -> Vec<(Caller, &'static str)> {
    std::iter::from_fn(|| turns.next().flatten().map(|job| (job.caller, job.work))).collect()
}

#[test]
fn a_caller_has_no_more_begun_than_there_are_threads_and_many_have_one_each_before_any_has_more() {
    let mut turns = turns();
    for caller in ["a", "b", "c"] {
        for work in ["1", "2", "3"] {
            turns.add(&partner(caller), work).unwrap();
        }
    }
    let begun = begin_all(&mut turns);
    let expected = [("a", "1"), ("b", "1"), ("c", "1"), ("a", "2")].map(|(caller, work)| (partner(caller), work));
    assert_eq!(begun, expected, "half of the places");
    turns.ended(&partner("a"));
    assert_eq!(begin_all(&mut turns), [(partner("b"), "2")], "whose turn it was");
}

#[test]
fn a_newcomer_has_its_turn_while_others_that_have_theirs_go_on_without_an_end() {
    let mut turns = turns();
    // More than what half of the places hold.
    for caller in ["a", "b", "c", "d", "e"] {
        turns.add(&partner(caller), "endless").unwrap();
        turns.add(&partner(caller), "another").unwrap();
    }
    assert_eq!(begin_all(&mut turns).len(), 5);
    turns.add(&partner("newcomer"), "its first").unwrap();
    assert_eq!(begin_all(&mut turns), [(partner("newcomer"), "its first")]);
    turns.add(&partner("one more"), "its first").unwrap();
    assert_eq!(begin_all(&mut turns), [], "partners have all but a quarter");
    let stranger = Caller::Address([10, 0, 0, 1].into());
    turns.add(&stranger, "its first").unwrap();
    assert_eq!(begin_all(&mut turns), [(stranger, "its first")], "which is left to strangers");
}

#[test]
fn what_nobody_waits_for_is_not_begun() {
    let mut turns = turns();
    let given_up = turns.add(&partner("a"), "1").unwrap();
    turns.add(&partner("a"), "2").unwrap();
    assert_eq!(turns.give_up(&partner("a"), given_up), Some("1"));
    assert_eq!(turns.give_up(&partner("a"), given_up), None);
    assert_eq!(next(&mut turns, 1), ["2"]);
}

#[test]
fn one_caller_cannot_fill_the_queue_for_others() {
    let mut turns = turns();
    for _ in 0..limits::SLOW_WAITING_CALLER {
        turns.add(&partner("a"), "work").unwrap();
    }
    assert_eq!(turns.add(&partner("a"), "work"), None);
    let mut full = |others: &mut dyn Iterator<Item = Caller>| {
        others
            .map(|other| std::iter::repeat_with(|| turns.add(&other, "work")).take_while(Option::is_some).count())
            .sum::<usize>()
    };
    let partners = full(&mut (0..9).map(|other| partner(&other.to_string())));
    assert_eq!(partners, limits::SLOW_WAITING_CLASS - limits::SLOW_WAITING_CALLER, "partners have a bound together");
    let strangers = full(&mut (0..9).map(|other| Caller::Address([10, 0, 0, other].into())));
    assert_eq!(strangers, limits::SLOW_WAITING - limits::SLOW_WAITING_CLASS, "which leaves room to strangers");
}

#[test]
fn a_caller_without_work_is_forgotten() {
    let mut turns = turns();
    turns.add(&partner("a"), "1").unwrap();
    let _ = turns.next();
    turns.ended(&partner("a"));
    let number = turns.add(&partner("b"), "1").unwrap();
    turns.give_up(&partner("b"), number);
    assert!(turns.is_empty());
}

#[tokio::test]
async fn work_runs_on_threads_of_low_priority_which_outlive_one_that_panics() {
    let pool = SlowPool::start(4).unwrap();
    let panics = pool.run(&partner("a"), async { panic!("as a test") }).await;
    assert_eq!(panics, Err::<(), _>(SlowPoolError::Panicked));
    let seen = async { (std::thread::current().name().map(str::to_owned), rustix::process::getpriority_process(None)) };
    let (name, priority) = pool.run(&partner("a"), seen).await.unwrap();
    assert_eq!((name.as_deref(), priority.unwrap()), (Some("slow-work"), limits::SLOW_NICE));
}

#[tokio::test]
async fn what_was_begun_and_is_waited_for_no_more_ends_at_its_next_turn() {
    let pool = SlowPool::start(4).unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    // Has as many turns as it is given.
    let endless = std::future::poll_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Poll::<()>::Pending
    });
    let caller = partner("a");
    let mut waiting = Box::pin(pool.run(&caller, endless));
    assert!(futures_poll(&mut waiting).is_pending());
    while turns.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    drop(waiting);
    // It has gone once another caller had two turns: its own came between.
    for _ in 0..2 {
        pool.run(&partner("b"), async {}).await.unwrap();
    }
    while !pool.0.0.turns().is_empty() {
        tokio::task::yield_now().await;
    }
    let ended = turns.load(Ordering::Relaxed);
    pool.run(&partner("b"), async {}).await.unwrap();
    assert_eq!(turns.load(Ordering::Relaxed), ended);
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
