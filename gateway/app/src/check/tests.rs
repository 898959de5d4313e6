//! What `run` would refuse is found, each kind of it, with nothing left behind.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::runtime::small_runtime;

struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn config(&self, text: &str) -> Config {
        let file = self.path().join("tallygate.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(&file).unwrap()
    }

    /// Key, line and message of what is wrong for these roles.
    fn environs(&self, text: &str, roles: &str) -> Vec<(String, usize, String)> {
        said(environs(&self.config(text), &roles.parse().unwrap()))
    }
}

const ALL: &str = "gateway,shipper,aggregator,console";

fn said(problems: Vec<Problem>) -> Vec<(String, usize, String)> {
    problems.into_iter().map(|problem| (problem.key, problem.line, problem.message)).collect()
}

fn assert_one(problems: &[(String, usize, String)], key: &str, line: usize, text: &str) {
    let [(at, on, message)] = problems else { panic!("{problems:?}") };
    assert!(at == key && *on == line && message.contains(text), "{problems:?}");
}

#[test]
fn nothing_is_wrong_and_nothing_is_made() {
    let site = Site::new();
    assert_eq!(site.environs("", ALL), []);
    let there: Vec<_> = site.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(there, ["tallygate.toml"]);
}

#[test]
fn rule_15_refuses_roles_that_would_split_an_embedded_backend() {
    let site = Site::new();
    let kafka = "\n[stream]\nbackend = \"kafka\"\nbrokers = [\"127.0.0.1:9092\"]\n";
    assert_eq!(site.environs(kafka, ALL), []);
    let queue = format!("{kafka}[queue]\n");
    assert_one(&site.environs(&queue, "gateway"), "queue", 5, "the embedded queue serves one process");
    assert_one(&site.environs(kafka, "aggregator"), "sums", 1, "embedded sums");
    assert!("gatway".parse::<Roles>().is_err());
}

#[test]
fn refuses_two_sockets_at_one_address_where_one_process_has_both() {
    let site = Site::new();
    let text = |metrics: &str| {
        format!("[[listeners]]\nname = \"a\"\naddress = \"127.0.0.1:8443\"\n[metrics]\naddress = \"{metrics}\"\n")
    };
    let taken = site.environs(&text("127.0.0.1:8443"), ALL);
    assert_one(&taken, "metrics.address", 5, "taken by listeners[0].address");
    assert_one(&site.environs(&text("0.0.0.0:8443"), ALL), "metrics.address", 5, "taken by");
    assert_eq!(site.environs(&text("127.0.0.2:8443"), ALL), []);
    assert_eq!(site.environs(&text("127.0.0.1:8443"), "shipper,aggregator,console").len(), 1, "the queue alone");
}

#[test]
fn refuses_a_data_dir_that_cannot_be_made_or_written() {
    let site = Site::new();
    std::fs::write(site.path().join("file"), "").unwrap();
    assert_one(&site.environs("\ndata_dir = \"file/data\"\n", ALL), "data_dir", 2, "file is no folder");
    std::fs::create_dir_all(site.path().join("data")).unwrap();
    std::fs::write(site.path().join("data/journal"), "").unwrap();
    assert_one(&site.environs("", ALL), "data_dir", 1, "journal is no folder");
    // Whoever may do everything writes there all the same.
    if !rustix::process::geteuid().is_root() {
        assert_one(&site.environs("data_dir = \"/sys/data\"", ALL), "data_dir", 1, "cannot be written");
    }
}

#[test]
fn refuses_a_data_dir_that_is_everybodys() {
    let site = Site::new();
    let data = site.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let set = |mode| std::fs::set_permissions(&data, std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o755);
    assert_eq!(site.environs("", ALL), [], "what is this user's is mended at the start");
    set(0o1777);
    assert_one(&site.environs("\ndata_dir = \"data\"\n", ALL), "data_dir", 2, "everybody may write in it (mode 1777)");
}

#[test]
fn refuses_a_plan_that_the_embedded_log_was_not_made_for() {
    let site = Site::new();
    let four = site.config("");
    small_runtime().unwrap().block_on(async {
        crate::parts::stream(&four, &mut prometheus_client::registry::Registry::default()).unwrap();
        tallygate_sums::settle(&*crate::parts::sums(&four).unwrap(), four.plan.clone(), None, tallygate_core::LogId(1))
            .await
            .unwrap();
    });
    assert_eq!(site.environs("", ALL), []);
    assert_one(&site.environs("\n[stream]\npartitions = 8\n", ALL), "stream.partitions", 3, "is 8, but");
    assert_one(&site.environs("[aggregator]\nhorizon_days = 3\n", ALL), "aggregator.horizon_days", 2, "is 3, but");
    std::fs::remove_file(site.path().join("data/sums.db")).unwrap();
    assert_one(&site.environs("[stream]\npartitions = 8\n", ALL), "stream.partitions", 2, "4 would be right");
}

#[test]
fn refuses_components_that_are_none_and_keeps_nothing_of_them() {
    let site = Site::new();
    std::fs::write(site.path().join("old.xml"), "<xml/>").unwrap();
    let text = "[[routes]]\nname = \"r\"\npath = \"/\"\npolicies = [\"p\", \"p@deadbeef\"]\n[policies.p]\ncomponent = \"old.xml\"\n";
    let problems = said(components(&site.config(text)));
    assert_one(&problems[1..], "policies.p.component", 6, "it is no WebAssembly");
    assert_one(&problems[..1], "routes[0].policies[1]", 4, "no version");
    assert!(!site.path().join("data").exists());
}

#[test]
fn refuses_files_of_versions_that_are_damaged() {
    let site = Site::new();
    std::fs::write(site.path().join("c.wasm"), "").unwrap();
    std::fs::create_dir_all(site.path().join("data/policies/p")).unwrap();
    std::fs::write(site.path().join("data/policies/p/versions.json"), "{}").unwrap();
    let problems = said(components(&site.config("[policies.p]\ncomponent = \"c.wasm\"\n")));
    assert_one(&problems, "policies.p", 1, "versions.json");
}
