//! No message waits for another that goes on and on, and none is left without a permit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tallygate_host::limits::TICK;
use tallygate_host::{Engine, EngineLimits, Policy};

use crate::support::{answer, hostile, message, runtime, spec};

const WORKERS: u32 = 2;
const LOOPS: u32 = 32;
/// One turn of all the loops: whoever comes to a worker finds at most its share of them before itself.
const TURN: Duration = Duration::from_millis(TICK.as_millis() as u64 * (LOOPS / WORKERS) as u64);

#[test]
fn loops_hold_others_up_for_no_more_than_a_turn_of_each() {
    let (looping, other) = (Arc::new(hostile("loop")), Arc::new(hostile("count")));
    runtime(WORKERS as usize).block_on(async {
        let mut many = 0..200;
        let alone = late(&other, || many.next().is_some()).await;
        let loops: Vec<_> = (0..LOOPS)
            .map(|_| {
                let looping = looping.clone();
                tokio::spawn(async move { looping.handle(&message(""), &[], None).await.is_err() })
            })
            .collect();
        let beside = late(&other, || !loops.iter().all(tokio::task::JoinHandle::is_finished)).await;
        println!("99 of 100 messages took at most {alone:?} alone and {beside:?} beside {LOOPS} loops");
        // A turn by the clock, and a dozen more for a machine that runs other tests beside this one. Whoever had to wait for
        // the loops themselves, 200 ms each, would have waited for 3 s.
        assert!(beside < alone + 12 * TURN, "{beside:?} beside {LOOPS} loops, {alone:?} alone");
        for looped in loops {
            assert!(looped.await.unwrap());
        }
    });
}

/// What 99 of 100 messages take at most, one after the other, as long as there are more to send.
async fn late(policy: &Arc<Policy>, mut more: impl FnMut() -> bool) -> Duration {
    let mut times = Vec::new();
    while more() {
        let policy = policy.clone();
        let start = Instant::now();
        // A task of its own, behind the loops in the same queues.
        tokio::spawn(async move { answer(policy.handle(&message(""), &[], None).await.unwrap()) }).await.unwrap();
        times.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[test]
fn a_policy_that_burns_its_time_leaves_permits_to_others() {
    let engine = Engine::new(EngineLimits { instances: 4, memory: 4 << 20 }).unwrap();
    let activate = |handle: &str| {
        let spec = spec("hostile", &format!(r#"{{"handle":"{handle}"}}"#));
        Arc::new(Policy::activate(&engine, spec).unwrap())
    };
    let (looping, other) = (activate("loop"), activate("count"));
    runtime(2).block_on(async {
        let loops: Vec<_> = (0..8)
            .map(|_| {
                let looping = looping.clone();
                tokio::spawn(async move { looping.handle(&message(""), &[], None).await.is_err() })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = Instant::now();
        answer(other.handle(&message(""), &[], None).await.unwrap());
        assert!(start.elapsed() < Duration::from_millis(150), "{:?}", start.elapsed());
        for looped in loops {
            assert!(looped.await.unwrap());
        }
    });
}

#[test]
fn a_call_that_is_given_up_gives_its_permit_back() {
    let engine = Engine::new(EngineLimits { instances: 1, memory: 4 << 20 }).unwrap();
    let mut spec = spec("hostile", r#"{"handle":"loop"}"#);
    spec.limits.time = Duration::from_secs(60);
    let policy = Policy::activate(&engine, spec).unwrap();
    runtime(1).block_on(async {
        for _ in 0..3 {
            let message = message("whole");
            let given_up = tokio::time::timeout(Duration::from_millis(30), policy.handle(&message, &[], None)).await;
            assert!(given_up.is_err());
            assert_eq!((message.body, message.headers.len()), (b"whole".to_vec(), 2));
        }
    });
}

#[test]
fn more_messages_than_permits_take_their_turn() {
    let engine = Engine::new(EngineLimits { instances: 2, memory: 4 << 20 }).unwrap();
    let policy = Arc::new(Policy::activate(&engine, spec("hostile", r#"{"handle":"count"}"#)).unwrap());
    runtime(2).block_on(async {
        let calls: Vec<_> = (0..500)
            .map(|_| {
                let policy = policy.clone();
                tokio::spawn(async move { answer(policy.handle(&message(""), &[], None).await.unwrap()) })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), "1");
        }
    });
}
