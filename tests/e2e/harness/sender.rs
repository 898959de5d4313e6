//! Partners that send until everything is acknowledged, send some of it again, and keep books.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tallygate::demo::{Kind, Partner, Sample};

use super::books::Books;

/// Three partners, sending to some gateways in turn.
pub struct Senders {
    partners: Vec<(&'static str, Kind, Vec<Partner>)>,
    /// What they know to be acknowledged.
    pub books: Arc<Books>,
    /// Messages answered so far.
    pub answered: Arc<AtomicU64>,
}

const IN_FLIGHT: usize = 8;
const RETRY: Duration = Duration::from_millis(200);
/// Every tenth message is sent again: every second of these at the same time, the others later.
const RESEND_EVERY: u64 = 10;

impl Senders {
    /// Partners with the certificates of a site, and the ports of its gateways.
    pub fn new(certs: &Path, ports: &[u16]) -> Self {
        let client =
            |name| move |port: &u16| Partner::new(certs, Some(name), format!("https://localhost:{port}")).unwrap();
        let partners =
            tallygate::demo::PARTNERS.map(|(name, kind)| (name, kind, ports.iter().map(client(name)).collect()));
        Self { partners: partners.into(), books: Arc::default(), answered: Arc::default() }
    }

    /// Sends at least about so many transactions in all, and goes on until it may stop, at most so many messages a second
    /// for each partner; returns when all of them are acknowledged.
    pub async fn send(&self, transactions: u64, pace: u64, may_stop: Arc<AtomicBool>) {
        let each = transactions / self.partners.len() as u64;
        let mut tasks = tokio::task::JoinSet::new();
        for (name, kind, gateways) in &self.partners {
            let per_message = if *kind == Kind::Batch { 5 } else { 1 };
            let next = Arc::new(AtomicU64::new(0));
            for _ in 0..IN_FLIGHT {
                let (gateways, books, answered) = (gateways.clone(), self.books.clone(), self.answered.clone());
                let (name, kind, next, may_stop) = (*name, *kind, next.clone(), may_stop.clone());
                let pause = Duration::from_micros(1_000_000 * IN_FLIGHT as u64 / pace);
                tasks.spawn(async move {
                    let mut timer = tokio::time::interval(pause);
                    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed);
                        if turn * per_message >= each && may_stop.load(Ordering::Relaxed) {
                            return;
                        }
                        timer.tick().await;
                        one(&gateways, name, kind, turn, &books).await;
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}

async fn one(gateways: &[Partner], name: &str, kind: Kind, turn: u64, books: &Books) {
    let sample = Sample::new(name, kind, turn);
    let again = turn.is_multiple_of(RESEND_EVERY);
    if again && turn.is_multiple_of(2 * RESEND_EVERY) {
        tokio::join!(until_acknowledged(gateways, &sample, turn), until_acknowledged(gateways, &sample, turn + 1));
    } else {
        until_acknowledged(gateways, &sample, turn).await;
        if again {
            until_acknowledged(gateways, &sample, turn + 1).await;
        }
    }
    for (key, cents) in &sample.contents {
        books.enter(&sample.day, key, *cents);
    }
}

/// As a partner does: an unknown outcome is sent again, the same message, to whoever answers.
async fn until_acknowledged(gateways: &[Partner], sample: &Sample, turn: u64) {
    let mut try_at = turn as usize;
    loop {
        match gateways[try_at % gateways.len()].post(sample.path(), sample.content_type(), sample.body.clone()).await {
            Ok(answer) if answer.status.is_success() => return,
            Ok(answer) if answer.status.is_server_error() => {}
            Ok(answer) => panic!("refused with {}: {}", answer.status, String::from_utf8_lossy(&answer.body)),
            Err(_) => {}
        }
        try_at += 1;
        tokio::time::sleep(RETRY).await;
    }
}
