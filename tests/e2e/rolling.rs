//! Another version beside this one: the processes of a line change over one by one under traffic, there and back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::line::Line;
use crate::harness::process::{Process, TALLYGATE};
use crate::harness::sender::Senders;
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(180);
const TRANSACTIONS: u64 = 2_000;
const PACE: u64 = 40;

/// The other version's program.
const OTHER: &str = "TALLYGATE_OTHER";

#[test]
#[ignore = "needs the program of another version; make soak builds that of the main branch, and runs it"]
fn a_line_of_two_versions_is_exact_while_its_processes_change_over_one_by_one() {
    let other = std::env::var_os(OTHER).unwrap_or_else(|| panic!("{OTHER} must name the other version's program"));
    let other = PathBuf::from(other).canonicalize().unwrap_or_else(|error| panic!("{OTHER}: {error}"));
    let servers = Servers::start();
    for spread in SPREADS {
        changes_over(&Site::real(&servers).spread_by(spread), &other);
    }
}

fn changes_over(site: &Site, other: &Path) {
    let this = Path::new(TALLYGATE);
    let line = Line::of(site);
    // The other version has made what is there: topics, queue, keyspace, the log's number.
    line.processes().for_each(|process| process.becomes(other));
    line.processes().for_each(Process::start);
    line.processes().for_each(Process::wait_until_up);
    let senders = Arc::new(Senders::new(&site.certs(), &line.ports()));
    let sending = senders.start(TRANSACTIONS, PACE);
    all_work(&line);
    let (first, second): (Vec<_>, Vec<_>) = line.processes().enumerate().partition(|(place, _)| place % 2 == 0);
    // Half and half, the halves exchanged, and all of this version.
    for (half, program) in [(&first, this), (&second, this), (&first, other), (&first, this)] {
        for (_, process) in half {
            let stopped = process.stop();
            assert!(stopped.success(), "{}: {}", process.name, process.last_words());
            process.becomes(program);
            process.start();
            process.wait_until_up();
        }
        all_work(&line);
    }
    sending.finish();

    let [gateway, other_gateway] = &line.gateways;
    until_balanced(gateway, &[other_gateway], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(gateway), &senders).differences(), Vec::<String>::new());
    assert!(senders.books.count() >= TRANSACTIONS);
    line.stop();
}

/// Each process takes part, of whatever version it is.
fn all_work(line: &Line) {
    let works = |process: &Process, metric: &str| {
        eventually(&format!("{} takes part", process.name), SETTLED, || {
            if process.metrics()?.value(metric, "") > 0 { Ok(()) } else { Err(process.last_words()) }
        });
    };
    line.gateways.iter().for_each(|gateway| works(gateway, "front_messages_total"));
    line.shippers.iter().for_each(|shipper| works(shipper, "shipper_records_total"));
    line.aggregators.iter().for_each(|aggregator| works(aggregator, "aggregator_partitions"));
}
