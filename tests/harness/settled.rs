//! When the line has come to rest, and whether its own books balance then.

use std::time::Duration;

use serde_json::Value;
use tallygate::config::Config;
use tallygate_stream::Topic;

use super::eventually::eventually;
use super::process::Process;

/// Waits until `reconcile` says that the books balance, and returns its report.
pub fn until_balanced(process: &Process, journals: &[&Process], within: Duration) -> Value {
    let mut arguments = vec!["reconcile".to_owned(), "--json".to_owned()];
    for other in journals {
        arguments.extend(["--journal".to_owned(), other.data.join("journal").display().to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    eventually("the books balance", within, || {
        let output = process.command(&arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"));
        }
        Err(format!("{}{}", what_is_off(&said), String::from_utf8_lossy(&output.stderr)))
    })
}

/// Of a report what does not balance, in one line.
fn what_is_off(report: &str) -> String {
    let Ok(mut report) = serde_json::from_str::<Value>(report) else { return report.to_owned() };
    if let Some(groups) = report["groups"].as_array_mut() {
        groups.retain(|group| group["difference"]["count"] != 0 || group["difference"]["sum"] != "0.00");
    }
    if let Some(report) = report.as_object_mut() {
        let is_nothing = |found: &Value| found == 0 || found.as_array().is_some_and(Vec::is_empty);
        report.retain(|_, found| !is_nothing(found));
    }
    report.to_string()
}

/// Waits until nothing is on its way any more, whether the books balance or not.
pub fn until_drained(process: &Process, within: Duration) {
    let config = Config::load(&process.config).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stream = tallygate::parts::read_stream(&config).unwrap();
    eventually("everything is through", within, || {
        runtime.block_on(async {
            let depth = tallygate::parts::queue_depth(&config).await.map_err(|e| e.to_string())?;
            let bounds = stream.bounds(Topic::Transactions).await.map_err(|e| e.to_string())?;
            let lag: u64 = bounds.iter().map(|b| b.high.saturating_sub(b.committed)).sum();
            if depth + lag == 0 { Ok(()) } else { Err(format!("{depth} in the queue, {lag} not folded")) }
        })
    });
}

/// Messages in the queue, waiting or leased.
pub fn queue_depth(process: &Process) -> u64 {
    let config = Config::load(&process.config).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(tallygate::parts::queue_depth(&config)).unwrap()
}
