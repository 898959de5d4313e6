//! What of policies would not start, `check` names before; `run` starts all the same, and refuses only what leads nowhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::checkout::policies;
use crate::harness::process::{Process, TALLYGATE};
use crate::harness::said::{with_config, with_environment};
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";

/// A component that imports a function of WASI and exports nothing.
const WASI: &[u8] = b"\0asm\x0d\0\x01\0\x07\x10\x01\x42\x02\x01\x40\0\x01\0\x04\0\x03now\x01\0\
    \x0a\x26\x01\0\x21wasi:clocks/monotonic-clock@0.2.0\x05\0";

/// A copy of a process's configuration with one text in place of another.
fn changed(process: &Process, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(&process.config).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    let file = process.folder().join("changed.toml");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    file
}

/// That this is all that is wrong, said by `check`, and where it stands.
fn assert_named(file: &Path, standing_at: &str, key: &str, why: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let line = 1 + text.lines().position(|line| line.contains(standing_at)).unwrap();
    let complaint = with_config(file, &["check"]).bad(78);
    let place = format!("{}:{line}: {key}: ", file.display());
    assert!(complaint.starts_with(&place) && complaint.contains(why), "{place} {why} is not {complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    complaint
}

#[test]
fn a_configuration_that_the_policy_refuses_is_told_by_its_key() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let component = "json.wasm\"\n";
    let config = format!("{component}[policies.json.config.fields]\nid = \"/id\"\namuont = \"/a\"\n");
    let file = changed(&process, component, &config);
    with_config(&file, &["check"]).bad(78);
    assert!(!process.data.exists(), "a check keeps nothing");
    assert_named(&file, "amuont =", "policies.json.config.fields.amuont", "refuses it: the key `amuont` is unknown");
    // Roles without policies have nothing against it.
    assert!(with_config(&file, &["check", "--roles", "console,shipper,aggregator"]).bad(78).contains("--roles"));
}

#[test]
fn a_component_that_is_none_or_wants_more_than_policies_get_is_told() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let json = format!("{}/json.wasm", policies());
    for (name, bytes, why) in
        [("old.xml", &b"<Racun/>"[..], "it is no WebAssembly"), ("wasi.wasm", WASI, "wasi:clocks/monotonic-clock")]
    {
        std::fs::write(process.folder().join(name), bytes).unwrap();
        assert_named(&changed(&process, &json, name), name, "policies.json.component", why);
    }
}

#[test]
fn a_key_that_the_policy_needs_and_does_not_have_is_told() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let file = changed(&process, ", jir = \"certs/jir.key\"", "");
    assert_named(&file, "keys = {", "policies.hr-racun.keys.jir", "jir");
    let file = changed(&process, "jir = \"certs/jir.key\"", "jir = \"certs/fiscal.pem\"");
    assert_named(&file, "keys = {", "policies.hr-racun.keys.jir", "HMAC");
}

#[test]
fn a_version_that_a_route_pins_and_that_is_not_there_is_told() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let file = changed(&process, "policies = [\"json\"]", "policies = [\"json@0badc0de\"]");
    let complaint = assert_named(&file, "json@0badc0de", "routes[0].policies[0]", "0badc0de");
    let run = with_config(&file, &["run"]).bad(78);
    assert!(run.ends_with(&complaint) && !run.contains("running"), "{run}");
}

#[test]
fn a_file_that_has_changed_is_a_version_of_its_own_and_the_active_one_stays() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    assert!(process.stop().success(), "{}", process.last_words());
    let json = format!("{}/json.wasm\"\n", policies());
    let file = changed(&process, &json, "json.wasm\"\nconfig = { greeting = \"hello\" }\n");
    std::fs::copy(Path::new(&policies()).join("json.wasm"), process.folder().join("json.wasm")).unwrap();
    assert_named(&file, "greeting =", "policies.json.config.greeting", "the key `greeting` is unknown");
    std::fs::copy(&file, &process.config).unwrap();
    process.start();
    process.wait_until_up();
    assert!(process.said().contains("the configured version is not taken in"), "{}", process.last_words());
    let caller = crate::harness::caller::Caller::new(&site.certs(), "shop-1", process.partners_port);
    caller.transact("it", "goes on", "1.01");
}

#[test]
fn what_ships_plants_no_fault_and_says_so() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    let complaint = with_environment(&process.config, &["run"], &[("TALLYGATE_FAULT", "without-fence")]).bad(1);
    assert!(complaint.contains("TALLYGATE_FAULT is set, but this build has no faults"), "{complaint}");
}

#[test]
fn a_limit_of_the_address_space_that_leaves_no_room_for_policies_is_named_with_what_would_be_right() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    for (command, code) in [("check", 78), ("run", 1)] {
        let limited = format!("ulimit -v 16777216 && exec {TALLYGATE} {command} --config {}", process.config.display());
        let ended = Command::new("sh").args(["-c", &limited]).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{command}: {said}");
        assert!(said.contains("16 GiB of them (RLIMIT_AS)") && said.contains("LimitAS=infinity"), "{command}: {said}");
    }
}
