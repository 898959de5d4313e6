//! A log and an output that nobody reads, or no longer: they cost lines, and nothing else.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write, pipe};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::caller::Caller;
use crate::harness::eventually::eventually;
use crate::harness::process::{Process, tallygate};
use crate::harness::said::{Said, said};
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
/// Lines for some 64 KiB, which a pipe holds, and several times as many again.
const REQUESTS: usize = 1_200;
/// What a process may take to end: nothing is under way.
const ENDED_WITHIN: Duration = Duration::from_secs(20);

fn ends_well(process: &Process) {
    let began = Instant::now();
    process.terminate();
    let status = process.ended(ENDED_WITHIN);
    assert!(status.success(), "{status} after {:?}", began.elapsed());
}

/// A process whose log goes there.
fn up(site: &Site, log: impl Into<Stdio>) -> Process {
    let process = site.process("all", ALL);
    process.start_logging_to(log.into());
    process.wait_until_up();
    process
}

/// What a command says to an output that nobody reads.
fn unread(process: &Process, arguments: &[&str]) -> Said {
    let mut command = tallygate();
    command.args(arguments).arg("-c").arg(&process.config).env_remove("RUST_LOG");
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    saying_to(command, writer.into())
}

fn saying_to(mut command: Command, out: Stdio) -> Said {
    let done = command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    Said { code: done.status.code().unwrap_or(-1), out: String::new(), err }
}

#[test]
fn a_gateway_whose_log_has_lost_its_reader_goes_on() {
    let site = Site::embedded();
    let (reader, writer) = pipe().unwrap();
    let process = up(&site, writer);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    let mut line = String::new();
    let mut reader = BufReader::new(reader);
    reader.read_line(&mut line).unwrap();
    drop(reader);
    for id in 0..50 {
        caller.transact(&format!("unread-{id}"), "unread", "1.00");
    }
    eventually("lines are counted as dropped", Duration::from_secs(20), || {
        match process.metrics()?.value("log_lines_dropped_total", "") {
            0..50 => Err("fewer than there were requests".to_owned()),
            _ => Ok(()),
        }
    });
    ends_well(&process);
}

#[test]
fn a_gateway_whose_log_nobody_reads_answers_and_is_scraped_and_stops() {
    let site = Site::embedded();
    let (reader, writer) = pipe().unwrap();
    let process = up(&site, writer);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    for id in 0..REQUESTS {
        caller.transact(&format!("unread-{id}"), "unread", "1.00");
    }
    let answered = process.metrics().unwrap().value("front_requests_total", "route=\"transactions\"");
    assert_eq!(answered as usize, REQUESTS);
    process.status().unwrap();
    ends_well(&process);
    drop(reader);
}

#[test]
fn a_log_that_is_read_again_goes_on_where_it_stopped() {
    let site = Site::embedded();
    let (mut reader, writer) = pipe().unwrap();
    let process = up(&site, writer);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    for id in 0..REQUESTS {
        caller.transact(&format!("late-{id}"), "late", "1.00");
    }
    let reading = std::thread::spawn(move || {
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        all
    });
    ends_well(&process);
    let all = reading.join().unwrap();
    assert_eq!(all.lines().filter(|line| line.contains("tallygate::access")).count(), REQUESTS);
    assert!(all.contains("stopping; a second signal ends at once"), "{all}");
}

#[test]
fn a_hangup_is_a_line_and_no_end() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    process.hang_up();
    eventually("the line is there", Duration::from_secs(20), || {
        let said = process.said();
        said.contains("SIGHUP: there is no reload yet").then_some(()).ok_or(said)
    });
    Caller::new(&site.certs(), "shop-1", process.partners_port).transact("after", "hangup", "1.00");
    ends_well(&process);
}

#[test]
fn a_hangup_while_the_configuration_is_read_is_no_end() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    // Its secret comes from a pipe into which nobody has written yet.
    let pipe = process.folder().join("late");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let config = std::fs::read_to_string(&process.config).unwrap();
    std::fs::write(&process.config, config.replace("certs/operator.token", "late")).unwrap();
    process.start();
    let mut writer = File::options().write(true).open(&pipe).unwrap();
    process.hang_up();
    std::thread::sleep(Duration::from_millis(200));
    writer.write_all(b"a-token-that-is-long-enough-to-be-one").unwrap();
    drop(writer);
    process.wait_until_up();
    ends_well(&process);
}

#[test]
fn a_command_whose_output_nobody_reads_ends_quietly() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    for arguments in
        [&["check"][..], &["sums"], &["sums", "--json"], &["reconcile"], &["policy", "list"], &["dead-letters", "list"]]
    {
        let said = unread(&process, arguments);
        assert_eq!((said.code, &*said.err), (141, ""), "{arguments:?}");
    }
}

#[test]
fn an_output_that_is_full_is_an_error_by_name_and_a_closed_one_is_none() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let mut check = tallygate();
    check.args(["check", "-c"]).arg(&process.config);
    let full = saying_to(check, File::options().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.code, 1);
    assert!(full.err.starts_with("tallygate: cannot write to standard output: No space left"), "{}", full.err);
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$0\" check -c \"$1\" >&- 2>&-"]).arg(tallygate().get_program()).arg(&process.config);
    assert_eq!(said(closed).code, 0);
}

#[test]
fn a_configuration_that_is_bad_ends_with_its_own_code_though_nobody_reads_why() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut check = tallygate();
    check.args(["check", "-c"]).arg(process.folder().join("none.toml"));
    assert_eq!(check.stderr(writer).status().unwrap().code(), Some(78));
}
