//! CPU time of one call: measure COMPONENT BODY [CONFIG] [THREADS]
use std::time::Instant;
use tallygate_host::*;

fn cpu() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let component = std::fs::read(&args[1]).unwrap();
    let body = std::fs::read(&args[2]).unwrap();
    let config = args.get(3).cloned().unwrap_or_default();
    let threads: usize = args.get(4).map_or(1, |n| n.parse().unwrap());
    let rounds: u32 = args.get(5).map_or(20000, |n| n.parse().unwrap());
    let engine = Engine::new(EngineLimits::default()).unwrap();
    let start = Instant::now();
    let policy = Policy::activate(
        &engine,
        PolicySpec {
            name: "p".into(),
            component,
            config_json: config,
            keys: Keys::throw_away().unwrap(),
            limits: Limits::default(),
        },
    )
    .unwrap();
    eprintln!("activated in {:?} {:?}", start.elapsed(), policy.about().name);
    let status = || {
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .find(|l| l.starts_with("VmRSS"))
            .unwrap()
            .to_string()
    };
    eprintln!("{}", status());
    let message = Message {
        id: "0190f000-0000-7000-8000-000000000000".into(),
        received: "2026-11-22T18:20:54.123Z".into(),
        route: "invoices".into(),
        policy: "p".into(),
        partner: Some("shop-1".into()),
        method: "POST".into(),
        target: "/invoices".into(),
        headers: [
            "host",
            "user-agent",
            "accept-encoding",
            "accept",
            "connection",
            "soapaction",
            "content-type",
            "content-length",
        ]
        .iter()
        .map(|n| Header { name: n.to_string(), value: b"some value of a header".to_vec() })
        .collect(),
        body,
        facts: vec![],
    };
    let begin = std::sync::Barrier::new(threads);
    let results: Vec<(f64, f64)> = std::thread::scope(|s| {
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                std::thread::Builder::new()
                    .name("run".into())
                    .spawn_scoped(s, || {
                        let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
                        let mut message = message.clone();
                        rt.block_on(async {
                            for i in 0..1000 {
                                let o = policy.handle(&mut message).await.unwrap();
                                if i == 0 {
                                    match &o {
                                        Outcome::Accept(a) => eprintln!(
                                            "accept {} {}",
                                            a.transactions.len(),
                                            String::from_utf8_lossy(&a.reply.body)
                                                .chars()
                                                .take(600)
                                                .collect::<String>()
                                        ),
                                        o => eprintln!("{o:?}"),
                                    }
                                }
                            }
                            begin.wait();
                            let mut best = f64::MAX;
                            let mut bestwall = f64::MAX;
                            for _ in 0..400 {
                                let (c, w) = (cpu(), Instant::now());
                                for _ in 0..rounds / 400 {
                                    std::hint::black_box(policy.handle(&mut message).await.unwrap());
                                }
                                best = best.min((cpu() - c) as f64 / f64::from(rounds / 400) / 1000.0);
                                bestwall =
                                    bestwall.min(w.elapsed().as_nanos() as f64 / f64::from(rounds / 400) / 1000.0);
                            }
                            (best, bestwall)
                        })
                    })
                    .unwrap()
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    for (c, w) in results {
        println!("best of 400 batches: {c:.2} us CPU, {w:.2} us wall");
    }
    eprintln!("{}", status());
}
