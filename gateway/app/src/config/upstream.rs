//! `[upstreams.…]`: where proxy routes lead.

use tallygate_front::UpstreamOptions;

use super::table::Table;

pub(super) fn read(name: String, table: &Table<'_>) -> UpstreamOptions {
    let targets = table.all_parsed("targets", no_target);
    let ca = table.content("ca").map(|ca| ca.value);
    let response_time = table.some_time("response_time");
    table.close();
    UpstreamOptions { name, targets, ca, response_time }
}

fn no_target(text: &str) -> String {
    // Where a port may end an IPv6 address nothing tells whether it is one, so such addresses have brackets.
    let bracketed = text.split_once("://").and_then(|(scheme, host)| {
        let (address, port) = host.trim_end_matches('/').rsplit_once(':')?;
        (address.contains(':') && !address.contains('[')).then(|| format!("{scheme}://[{address}]:{port}"))
    });
    match bracketed {
        Some(right) => format!("{text:?} is no target: an IPv6 address stands in brackets, such as {right}"),
        None => format!("{text:?} is no target, such as http://127.0.0.1:9000"),
    }
}
