//! `[queue]`: what stands between the gateway and the shipper.

use std::path::{Path, PathBuf};

use tallygate_queue::AmqpOptions;

use super::table::Table;
use super::{backend, client_tls};

/// The queue's backend.
pub enum QueueOptions {
    /// SQLite, in this file.
    Embedded(PathBuf),
    /// RabbitMQ.
    Amqp(AmqpOptions),
}

const FILE: &str = "queue.db";
const QUEUE: &str = "tallygate.transactions";

/// None when something is wrong that a problem was noted for.
pub(super) fn read(root: &Table<'_>, data_dir: &Path) -> Option<QueueOptions> {
    let embedded = QueueOptions::Embedded(data_dir.join(FILE));
    let Some(table) = root.table("queue") else { return Some(embedded) };
    let options = match backend::chosen(&table, ["embedded", "amqp"])? {
        "amqp" => amqp(&table).map(QueueOptions::Amqp),
        _ => Some(embedded),
    };
    table.close();
    options
}

fn amqp(table: &Table<'_>) -> Option<AmqpOptions> {
    let url = table.required("url");
    let queue = table.text("queue", QUEUE);
    let tls = table.table("tls").map(|tls| client_tls::read(&tls)).unwrap_or_default();
    let mut options = AmqpOptions::new(url?.value, queue);
    options.tls = tls;
    if let Err(bad) = options.check() {
        table.document().also(&table.path_of(bad.option), bad.problem);
    }
    Some(options)
}
