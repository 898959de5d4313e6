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
    /// A log, in this folder.
    Embedded(PathBuf),
    /// RabbitMQ.
    #[cfg(feature = "servers")]
    Amqp(AmqpOptions),
}

const FOLDER: &str = "queue";
const PARKED_FOLDER: &str = "parked";
#[cfg(feature = "servers")]
const QUEUE: &str = "tallygate.transactions";

impl QueueOptions {
    /// Where messages are parked that the stream refuses: beside the queue.
    pub(crate) fn parked(&self) -> Self {
        match self {
            Self::Embedded(folder) => Self::Embedded(folder.with_file_name(PARKED_FOLDER)),
            #[cfg(feature = "servers")]
            Self::Amqp(amqp) => Self::Amqp(amqp.parked()),
        }
    }
}

/// None when something is wrong that a problem was noted for.
pub(super) fn read(root: &Table<'_>, data_dir: &Path) -> Option<QueueOptions> {
    let embedded = QueueOptions::Embedded(data_dir.join(FOLDER));
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
    } else if options.parked().check().is_err() {
        let parked = &options.parked().queue;
        let problem =
            format!("is too long: beside it there is \"{parked}\", and at most 255 bytes of that would be right");
        table.document().also(&table.path_of("queue"), problem);
    }
    Some(options)
}
