//! Honest partners beside each way to misuse a gateway: they are answered as before, and what was taken comes back.

mod attacker;
mod crowded;
mod deeds;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tallygate_test_servers::free_port;

use self::attacker::Attacker;
use self::deeds::{DEEDS, Deed};
use crate::harness::caller::Caller;
use crate::harness::checkout::policies;
use crate::harness::eventually::in_time;
use crate::harness::process::Process;
use crate::harness::site::Site;
use crate::harness::times::{Summary, Times};

const ALL: &str = "gateway,shipper,aggregator,console";
/// How many minutes an abuse goes on in a soak; one unless this says otherwise.
const SOAK_MINUTES: &str = "SOAK_MINUTES";
/// Whom an abuse is named by, for trying one alone.
const ABUSE: &str = "TALLYGATE_ABUSE";
const HONEST: usize = 4;
/// From one message of an honest partner to its next.
const PACE: Duration = Duration::from_millis(50);
/// What 99 of 100 of their messages may take, or else twice what they take without the abuse.
const IN_TIME: Duration = Duration::from_millis(50);
/// What the gateway may ever need of memory.
const MEMORY: u64 = 640 << 20;
/// What it may keep of it once the abuse is over, beyond what it had before.
const KEPT: u64 = 128 << 20;
const BACK_WITHIN: Duration = Duration::from_secs(120);

/// What was seen beside an abuse.
struct Seen {
    alone: Summary,
    beside: Summary,
    /// Of the honest partners' messages, those that were answered with anything but 202.
    refused: Vec<String>,
    /// Of the gateway's memory: before, the most, and afterwards.
    memory: [u64; 3],
}

/// A gateway with what the abuses need, and its process.
struct Ground {
    site: Site,
    process: Process,
    upstream: u16,
}

impl Ground {
    fn new() -> Self {
        let (upstream, folder) = (free_port().unwrap(), policies());
        let site = Site::embedded().with_sections(&format!(
            "\n[[routes]]\nname = \"circling\"\npath = \"/circling\"\npartner = \"tills\"\npolicies = [\"circling\"]\n\n\
             [policies.circling]\ncomponent = \"{folder}/hostile.wasm\"\nconfig = {{ handle = \"loop\" }}\n\n\
             [[routes]]\nname = \"behind\"\npath = \"/behind\"\npartner = \"tills\"\nupstream = \"behind\"\n\n\
             [upstreams.behind]\ntargets = [\"http://127.0.0.1:{upstream}\"]\n"
        ));
        let process = site.up("all", ALL);
        Self { site, process, upstream }
    }

    /// Honest partners for a while alone, and then for as long beside the abuse.
    fn suffers(&self, deed: &Deed, how_long: Duration) -> Seen {
        let (over, times, refused) = (AtomicBool::new(false), Times::default(), std::sync::Mutex::new(Vec::new()));
        let before = self.process.memory();
        self.process.forget_peak_memory();
        let send = |n: usize| {
            let caller = Caller::new(&self.site.certs(), "shop-2", self.process.partners_port);
            let mut next = Instant::now();
            for turn in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                if let Err(why) =
                    times.of(|| caller.try_transact(&format!("{}-{n}-{turn}", deed.name), "honest", "1.00"))
                {
                    refused.lock().unwrap().push(why);
                }
                next += PACE;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        };
        let (began, ended) = std::thread::scope(|scope| {
            let honest: Vec<_> = (0..HONEST).map(|n| scope.spawn(move || send(n))).collect();
            std::thread::sleep(how_long / 4);
            let began = Instant::now();
            let (certs, port, until) = (self.site.certs(), self.process.partners_port, began + how_long);
            let attacker = Attacker::new(&certs, "shop-1", port, self.upstream, until);
            scope.spawn(move || attack(deed, attacker)).join().unwrap();
            over.store(true, Ordering::Relaxed);
            honest.into_iter().for_each(|honest| honest.join().unwrap());
            (began, began + how_long)
        });
        let peak = self.process.peak_memory();
        let after = in_time(BACK_WITHIN, || match self.process.memory() {
            memory if memory > before + KEPT => Err(String::new()),
            memory => Ok(memory),
        });
        Seen {
            alone: times.between(began - how_long / 4, began),
            beside: times.between(began, ended),
            refused: refused.into_inner().unwrap(),
            memory: [before, peak, after.unwrap_or_else(|_| self.process.memory())],
        }
    }
}

/// The abuse, by threads that let all others go first.
fn attack(deed: &Deed, attacker: Attacker) {
    let _ = rustix::process::nice(19);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on((deed.act)(attacker));
}

/// Each abuse for as long, one after the other; what was seen beside it is judged by the caller.
fn beside_each(how_long: Duration, judged: impl Fn(&str, &Seen)) {
    let ground = Ground::new();
    let only = std::env::var(ABUSE).ok();
    for deed in DEEDS.iter().filter(|deed| only.as_ref().is_none_or(|only| only == deed.name)) {
        let seen = ground.suffers(deed, how_long);
        let [before, most, after] = seen.memory.map(|bytes| bytes >> 20);
        println!(
            "{}: alone {}; beside it {}; {before} MiB, at most {most}, then {after}",
            deed.name, seen.alone, seen.beside
        );
        assert_eq!(seen.refused, Vec::<String>::new(), "{}", deed.name);
        assert!(most << 20 < MEMORY, "{}: {most} MiB", deed.name);
        assert!(after << 20 <= (before << 20) + KEPT, "{}: {before} MiB before, {after} MiB afterwards", deed.name);
        judged(deed.name, &seen);
    }
}

#[test]
fn honest_partners_are_answered_beside_each_abuse() {
    beside_each(Duration::from_secs(4), |_, _| ());
}

#[test]
#[ignore = "its times mean something on a machine that does nothing else; make soak runs it"]
fn honest_partners_do_not_notice_an_abuse() {
    let minutes = std::env::var(SOAK_MINUTES).map_or(1, |minutes| minutes.parse().unwrap());
    beside_each(Duration::from_secs(60 * minutes), |abuse, Seen { alone, beside, .. }| {
        // The stretch alone is a quarter as long.
        assert!(
            beside.count * 10 >= alone.count * 4 * 9,
            "{abuse}: {} messages, {} alone",
            beside.count,
            alone.count * 4
        );
        assert!(beside.late <= IN_TIME.max(alone.late * 2), "{abuse}: {beside}; alone {alone}");
    });
}
