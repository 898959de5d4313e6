//! What a policy counts of messages that it passes on, while gateway and upstream are killed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tallygate_core::Day;

use crate::harness::caller::Caller;
use crate::harness::checkout::policies;
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);
const SENDERS: u64 = 4;
const KILLS: u32 = 8;
/// Of so many answers that say that the upstream failed, the first leaves its message alone: it is not sent again.
const LEFT_ALONE: u64 = 3;

/// A server that counts how often it has taken each line, and dies in between: its connections break where they are, some
/// of them after it has taken a line and before it says so.
struct Upstream {
    port: u16,
    taken: Mutex<BTreeMap<String, u64>>,
    connections: Mutex<Vec<TcpStream>>,
    dead: AtomicBool,
    /// What it has answered since it came up.
    answered: AtomicU64,
}

impl Upstream {
    fn start() -> Arc<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Arc::new(Self {
            port: socket.local_addr().unwrap().port(),
            taken: Mutex::default(),
            connections: Mutex::default(),
            dead: AtomicBool::new(false),
            answered: AtomicU64::new(0),
        });
        let serving = upstream.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().map_while(Result::ok) {
                serving.connections.lock().unwrap().push(stream.try_clone().unwrap());
                let serving = serving.clone();
                std::thread::spawn(move || serving.converse(stream));
            }
        });
        upstream
    }

    fn converse(&self, mut stream: TcpStream) -> Option<()> {
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let end = loop {
                if let Some(end) = end_of_request(&all) {
                    break end;
                }
                let read = stream.read(&mut piece).ok().filter(|&read| read > 0)?;
                all.extend_from_slice(&piece[..read]);
            };
            let request: Vec<u8> = all.drain(..end).collect();
            let text = String::from_utf8_lossy(&request);
            let line = text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
            if self.dead.load(Ordering::Relaxed) {
                return None;
            }
            *self.taken.lock().unwrap().entry(line).or_default() += 1;
            std::thread::sleep(Duration::from_millis(10));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntaken").ok()?;
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Breaks all connections and takes none for a while.
    fn die_for(&self, time: Duration) {
        self.dead.store(true, Ordering::Relaxed);
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        std::thread::sleep(time);
        self.dead.store(false, Ordering::Relaxed);
    }
}

/// Where a request ends, if all of it is there.
fn end_of_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
    (bytes.len() >= head + length).then_some(head + length)
}

/// What became of the messages of one kind.
#[derive(Default)]
struct Fates {
    /// Those that were answered by the upstream, and those that were counted although it failed.
    counted: Mutex<Vec<String>>,
    /// Times that a message was sent again.
    again: AtomicU64,
    /// Times that the gateway said that it had counted and the upstream had failed.
    failed_behind: AtomicU64,
    /// Messages that were left alone after that.
    left_alone: AtomicU64,
}

struct Play<'p> {
    site: &'p Site,
    process: &'p Process,
    path: &'static str,
    over: &'p AtomicBool,
    fates: &'p Fates,
}

impl Play<'_> {
    /// Sends messages one after the other, each until it is answered.
    fn send(&self, sender: u64) {
        let caller = Caller::new(&self.site.certs(), "shop-1", self.process.partners_port);
        let time = jiff::Timestamp::now();
        for turn in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let line = format!("{}-{sender}-{turn} {} 1.01 {time}\n", &self.path[1..], &self.path[1..]);
            self.until_answered(&caller, line);
        }
    }

    fn until_answered(&self, caller: &Caller, line: String) {
        loop {
            match caller.try_post(self.path, "text/plain", &line).map(|answer| answer.status.as_u16()) {
                Ok(200) => return self.fates.counted.lock().unwrap().push(line),
                // It was queued before the upstream failed, so it counts, sent again or not.
                Ok(502) if self.path == "/counted-first" => {
                    let earlier = self.fates.failed_behind.fetch_add(1, Ordering::Relaxed);
                    if earlier.is_multiple_of(LEFT_ALONE) {
                        self.fates.left_alone.fetch_add(1, Ordering::Relaxed);
                        return self.fates.counted.lock().unwrap().push(line);
                    }
                }
                Ok(502..=504) | Err(_) => {}
                Ok(other) => panic!("{line}: {other}"),
            }
            self.fates.again.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn sections(upstream: u16) -> String {
    let folder = policies();
    let section = |path: &str, accept: &str| {
        format!(
            "\n[[routes]]\nname = \"{path}\"\npath = \"/{path}\"\npolicies = [\"{path}\"]\nupstream = \"behind\"\n\n\
             [policies.{path}]\ncomponent = \"{folder}/relay.wasm\"\nconfig = {{ accept = \"{accept}\" }}\n"
        )
    };
    section("counted-first", "message")
        + &section("counted-behind", "response")
        + &format!("\n[upstreams.behind]\ntargets = [\"http://127.0.0.1:{upstream}\"]\n")
}

#[test]
fn what_is_passed_on_counts_once_whatever_is_killed() {
    SPREADS.into_iter().for_each(passed_on);
}

fn passed_on(partition_by: &str) {
    let upstream = Upstream::start();
    let site = Site::embedded().with_sections(&sections(upstream.port)).spread_by(partition_by);
    let process = site.up("all", ALL);
    let over = AtomicBool::new(false);
    let (first, behind) = (Fates::default(), Fates::default());
    std::thread::scope(|scope| {
        for (path, fates) in [("/counted-first", &first), ("/counted-behind", &behind)] {
            for sender in 0..SENDERS {
                let play = Play { site: &site, process: &process, path, over: &over, fates };
                scope.spawn(move || play.send(sender));
            }
        }
        for turn in 0..KILLS {
            std::thread::sleep(Duration::from_millis(700));
            if turn % 2 == 0 {
                upstream.die_for(Duration::from_millis(300));
            } else {
                process.kill();
                process.start();
                process.wait_until_up();
            }
        }
        std::thread::sleep(Duration::from_millis(700));
        over.store(true, Ordering::Relaxed);
    });
    until_balanced(&process, &[], SETTLED);

    let sums = sums(&process);
    let taken = upstream.taken.lock().unwrap();
    for (key, fates) in [("counted-first", &first), ("counted-behind", &behind)] {
        let counted = fates.counted.lock().unwrap();
        let expected = (counted.len() as u64, counted.len() as i128 * 1_010_000_000);
        assert_eq!(sums.get(key), Some(&expected), "{key}");
        assert!(counted.len() > 100, "{} of {key} is no traffic", counted.len());
        assert!(fates.again.load(Ordering::Relaxed) > 0, "no kill hit a message of {key} that was under way");
    }
    // What is counted behind the upstream, the upstream has taken; what is sent again it may take twice.
    let behind = behind.counted.lock().unwrap();
    assert!(behind.iter().all(|line| taken.contains_key(line)), "counted, and the upstream has not taken it");
    assert!(behind.iter().any(|line| taken[line] > 1), "no kill hit a message between the upstream and the queue");
    // What is counted before it, it may never have seen.
    assert!(first.failed_behind.load(Ordering::Relaxed) > 0, "the upstream never failed behind a message");
    assert!(first.left_alone.load(Ordering::Relaxed) > 0, "nothing was left alone");
    assert!(process.stop().success(), "{}", process.last_words());
}

/// Count and sum, in units of 10^-9, by key.
fn sums(process: &Process) -> BTreeMap<String, (u64, i128)> {
    let today = Day::of_unix_millis(jiff::Timestamp::now().as_millisecond());
    let mut sums: BTreeMap<String, (u64, i128)> = BTreeMap::new();
    for (at, row) in Ledger::of(process).store(&[today.plus(-1), today, today.plus(1)]) {
        let sum = sums.entry(at.key).or_default();
        sum.0 += row.count;
        sum.1 += row.sum.units();
    }
    sums
}
