//! Partners that send until everything is acknowledged, send some of it again, and keep books.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tallygate::demo::{Kind, Partner, Sample};

use super::books::Books;

/// Three partners, sending to some gateways in turn.
pub struct Senders {
    partners: Vec<(&'static str, Kind, Vec<Partner>)>,
    /// What they know to be acknowledged.
    pub books: Arc<Books>,
    /// What they sent beyond that.
    pub repeats: Arc<Repeats>,
}

/// How many transactions were sent more than once, and why.
#[derive(Debug, Default)]
pub struct Repeats {
    /// On purpose: acknowledged and sent again, or sent twice at the same time.
    pub resent: AtomicU64,
    /// Sent again since their outcome was unknown: no answer came, or one that said to try again.
    pub unanswered: AtomicU64,
}

/// Senders under way on a thread of their own.
pub struct Sending {
    may_stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

const IN_FLIGHT: usize = 8;
const RETRY: Duration = Duration::from_millis(200);
/// Every tenth message is sent again: every second of these at the same time, the others later.
const RESEND_EVERY: u64 = 10;

/// How many transactions to send, and how many messages a second for each partner: so many in a test, and in a soak the number
/// that `make soak` sets, without a bound.
pub fn under_way(transactions: u64, pace: u64) -> (u64, u64) {
    soak().map_or((transactions, pace), |count| (count, 100_000))
}

/// How many transactions `make soak` sends.
pub fn soak() -> Option<u64> {
    std::env::var("TALLYGATE_SOAK").ok().map(|count| count.parse().unwrap())
}

impl Senders {
    /// Partners with the certificates of a site, and the ports of its gateways.
    pub fn new(certs: &Path, ports: &[u16]) -> Self {
        let client =
            |name| move |port: &u16| Partner::new(certs, Some(name), format!("https://localhost:{port}")).unwrap();
        let partners =
            tallygate::demo::PARTNERS.map(|(name, kind)| (name, kind, ports.iter().map(client(name)).collect()));
        Self { partners: partners.into(), books: Arc::default(), repeats: Arc::default() }
    }

    /// Sends at least so many transactions in all, at most so many messages a second for each partner, and returns when all
    /// of them are acknowledged.
    pub fn send(&self, transactions: u64, pace: u64) {
        self.send_until(transactions, pace, &Arc::new(AtomicBool::new(true)));
    }

    /// Sends in the same way, and goes on until told to finish.
    pub fn start(self: &Arc<Self>, transactions: u64, pace: u64) -> Sending {
        let (senders, may_stop) = (self.clone(), Arc::<AtomicBool>::default());
        let told = may_stop.clone();
        Sending { may_stop, thread: std::thread::spawn(move || senders.send_until(transactions, pace, &told)) }
    }

    fn send_until(&self, transactions: u64, pace: u64, may_stop: &Arc<AtomicBool>) {
        tokio::runtime::Runtime::new().unwrap().block_on(self.all(transactions, pace, may_stop));
    }

    async fn all(&self, transactions: u64, pace: u64, may_stop: &Arc<AtomicBool>) {
        let each = transactions.div_ceil(self.partners.len() as u64);
        let mut tasks = tokio::task::JoinSet::new();
        for (name, kind, gateways) in &self.partners {
            let per_message = if *kind == Kind::Batch { 5 } else { 1 };
            let next = Arc::new(AtomicU64::new(0));
            for _ in 0..IN_FLIGHT {
                let (gateways, books, repeats) = (gateways.clone(), self.books.clone(), self.repeats.clone());
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
                        one(&gateways, Sample::new(name, kind, turn), turn, &books, &repeats).await;
                    }
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}

impl Sending {
    /// Waits until what was to be sent is acknowledged, and ends.
    pub fn finish(self) {
        self.may_stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

async fn one(gateways: &[Partner], sample: Sample, turn: u64, books: &Books, repeats: &Repeats) {
    let again = turn.is_multiple_of(RESEND_EVERY);
    let send = |turn| until_acknowledged(gateways, &sample, turn, repeats);
    if again && turn.is_multiple_of(2 * RESEND_EVERY) {
        tokio::join!(send(turn), send(turn + 1));
    } else {
        send(turn).await;
        if again {
            send(turn + 1).await;
        }
    }
    if again {
        repeats.resent.fetch_add(sample.contents.len() as u64, Ordering::Relaxed);
    }
    for (key, cents) in &sample.contents {
        books.enter(&sample.day, key, *cents);
    }
}

/// As a partner does: an unknown outcome is sent again, the same message, to whoever answers.
async fn until_acknowledged(gateways: &[Partner], sample: &Sample, turn: u64, repeats: &Repeats) {
    let mut try_at = turn as usize;
    loop {
        match gateways[try_at % gateways.len()].post(sample.path(), sample.content_type(), sample.body.clone()).await {
            Ok(answer) if answer.status.is_success() => return,
            Ok(answer) if answer.status.is_server_error() => {}
            Ok(answer) => panic!("refused with {}: {}", answer.status, String::from_utf8_lossy(&answer.body)),
            Err(_) => {}
        }
        repeats.unanswered.fetch_add(sample.contents.len() as u64, Ordering::Relaxed);
        try_at += 1;
        tokio::time::sleep(RETRY).await;
    }
}
