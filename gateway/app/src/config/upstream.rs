//! `[upstreams.…]`: where proxy routes lead.

use tallygate_front::UpstreamOptions;

use super::table::Table;

pub(super) fn read(name: String, table: &Table<'_>) -> UpstreamOptions {
    let targets = table.all_parsed("targets", |text| format!("{text:?} is no target, such as http://127.0.0.1:9000"));
    let ca = table.content("ca").map(|ca| ca.value);
    let response_time = table.duration("response_time");
    table.close();
    UpstreamOptions { name, targets, ca, response_time }
}
