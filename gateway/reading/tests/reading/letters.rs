//! Dead letters of four kinds.

use tallygate_stream::Topic;

use crate::log::Log;

fn put(log: &Log, partition: u32, origin: &str, partner: &str, day: &str, reason: &str) {
    let value =
        format!(r#"{{"id":"a","day":"{day}","key":"HR1","amount":"1.00","currency":"EUR","partner":"{partner}"}}"#);
    let headers = [("tallygate-number", "n"), ("tallygate-reason", reason), ("tallygate-origin", origin)];
    log.put(Topic::DeadLetters, partition, &headers, &value);
}

pub(crate) fn filled(log: &Log) {
    put(log, 0, "0/7", "shop-1", "2026-11-22", "conflict: a transaction of this identity is known");
    put(log, 1, "1/0", "shop-2", "2026-11-22", "conflict: a transaction of this identity is known");
    log.put(
        Topic::DeadLetters,
        0,
        &[("tallygate-reason", "unreadable: value"), ("tallygate-origin", "0/8")],
        "\u{1b}[2J no json",
    );
    put(log, 1, "1/4", "shop-1", "1999-01-01", "outside the horizon: its day is not within");
}
