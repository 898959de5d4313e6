//! `[queue]`: what stands between the gateway and the shipper.

use std::path::{Path, PathBuf};

#[cfg(feature = "servers")]
use tallygate_queue::AmqpOptions;

use super::backend;
#[cfg(feature = "servers")]
use super::client_tls;
use super::table::Table;

/// The queue's backend.
pub enum QueueOptions {
    /// SQLite, in this file.
    Embedded(PathBuf),
    /// RabbitMQ.
    #[cfg(feature = "servers")]
    Amqp(AmqpOptions),
}

const FILE: &str = "queue.db";
#[cfg(feature = "servers")]
const QUEUE: &str = "tallygate.transactions";

/// None when something is wrong that a problem was noted for.
pub(super) fn read(root: &Table<'_>, data_dir: &Path) -> Option<QueueOptions> {
    let embedded = QueueOptions::Embedded(data_dir.join(FILE));
    let Some(table) = root.table("queue") else { return Some(embedded) };
    let options = match backend::chosen(&table, ["embedded", "amqp"])? {
        #[cfg(feature = "servers")]
        "amqp" => amqp(&table).map(QueueOptions::Amqp),
        _ => Some(embedded),
    };
    table.close();
    options
}

#[cfg(feature = "servers")]
fn amqp(table: &Table<'_>) -> Option<AmqpOptions> {
    let url = table.required("url");
    let queue = table.text("queue", QUEUE);
    let allow_unsafe = table.flag("allow_unsafe").unwrap_or(false);
    let tls = table.table("tls").map(|tls| client_tls::read(&tls)).unwrap_or_default();
    let mut options = AmqpOptions::new(url?.value, queue);
    options.tls = tls;
    options.allow_unsafe = allow_unsafe;
    if let Err(bad) = options.check() {
        table.document().also(&table.path_of(bad.option), bad.problem);
    }
    Some(options)
}
