//! What the figures stand beside: the same libraries doing the bare minimum.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::measure::{Cost, process_cpu};

/// Runs the floor that the arguments name, in a process of its own.
pub fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.as_slice() {
        ["accept", address, certs] => runtime.block_on(accept(address.parse()?, Path::new(certs))),
        ["ship", url, queue, brokers, topic, messages] => {
            print(&runtime.block_on(ship(url, queue, brokers, topic, messages.parse()?))?);
            Ok(())
        }
        ["consume", brokers, topic, records] => {
            print(&consume(brokers, topic, records.parse()?)?);
            Ok(())
        }
        _ => bail!("no such floor: {arguments:?}"),
    }
}

fn print(cost: &Cost) {
    println!("{} {} {}", cost.units, cost.wall.as_nanos(), cost.cpu.as_nanos());
}

/// Reads what a floor printed.
pub fn cost(text: &str) -> Result<Cost> {
    let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [units, wall, cpu] = numbers[..] else { bail!("a floor printed {text:?}") };
    Ok(Cost { units, wall: Duration::from_nanos(wall), cpu: Duration::from_nanos(cpu) })
}

/// Bare hyper and rustls: reads the body, answers 202.
async fn accept(address: SocketAddr, certs: &Path) -> Result<()> {
    let chain = CertificateDer::pem_file_iter(certs.join("gateway.pem"))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certs.join("gateway.key"))?;
    let mut tls = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request: Request<Incoming>| async {
                let body = request.into_body().collect().await?.to_bytes();
                let mut response = Response::new(Full::new(Bytes::from_static(b"{\"accepted\":1}")));
                *response.status_mut() =
                    if body.is_empty() { hyper::StatusCode::BAD_REQUEST } else { hyper::StatusCode::ACCEPTED };
                Ok::<_, hyper::Error>(response)
            });
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn channel(url: &str, queue: &str) -> Result<Channel> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, arguments).await?;
    Ok(channel)
}

/// Raw lapin: so many 2 KB messages confirmed by a quorum queue, so many under way at one time.
pub async fn confirms(url: &str, messages: u64, in_flight: usize) -> Result<Cost> {
    let channel = channel(url, "bench-raw").await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let body = vec![b'x'; 2048];
    let (start, cpu) = (Instant::now(), process_cpu());
    let mut under_way = FuturesUnordered::new();
    for _ in 0..messages {
        if under_way.len() >= in_flight {
            under_way.next().await.transpose()?;
        }
        let properties = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        under_way.push(channel.basic_publish("".into(), "bench-raw".into(), options, &body, properties).await?);
    }
    while let Some(done) = under_way.next().await {
        done?;
    }
    Ok(Cost { units: messages, wall: start.elapsed(), cpu: process_cpu() - cpu })
}

struct Delivered(Arc<AtomicU64>);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Raw lapin and rdkafka: consume, produce as it is, acknowledge many at once when all before are delivered.
async fn ship(url: &str, queue: &str, brokers: &str, topic: &str, messages: u64) -> Result<Cost> {
    const BATCH: u64 = 500;
    let channel = channel(url, queue).await?;
    channel.basic_qos(2_000, BasicQosOptions::default()).await?;
    let delivered = Arc::new(AtomicU64::new(0));
    let producer: ThreadedProducer<Delivered> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .create_with_context(Delivered(delivered.clone()))?;
    let mut consumer = channel
        .basic_consume(queue.into(), "floor".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    let (start, cpu) = (Instant::now(), process_cpu());
    let (mut taken, mut last) = (0, 0);
    while taken < messages {
        let delivery = consumer.next().await.context("the consumer ended")??;
        while producer.send(BaseRecord::to(topic).key("key").payload(&delivery.data)).is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (taken, last) = (taken + 1, delivery.delivery_tag);
        if taken % BATCH == 0 {
            while delivered.load(Ordering::Relaxed) + BATCH < taken {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if taken > BATCH {
                channel.basic_ack(last - BATCH, BasicAckOptions { multiple: true }).await?;
            }
        }
    }
    producer.flush(Duration::from_secs(30))?;
    channel.basic_ack(last, BasicAckOptions { multiple: true }).await?;
    Ok(Cost { units: messages, wall: start.elapsed(), cpu: process_cpu() - cpu })
}

/// A plain consumer with a scanner that knows where the fields stand, and a hash map; no sinks, no deduplication.
fn consume(brokers: &str, topic: &str, records: u64) -> Result<Cost> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "floor")
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    let mut partitions = TopicPartitionList::new();
    for partition in metadata.topics().first().context("no topic")?.partitions() {
        partitions.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&partitions)?;
    let (start, cpu) = (Instant::now(), process_cpu());
    let mut sums: hashbrown::HashMap<Vec<u8>, (i128, u64)> = hashbrown::HashMap::new();
    let mut seen = 0;
    while seen < records {
        let Some(message) = consumer.poll(Duration::from_secs(30)) else { bail!("the log ended at {seen}") };
        let message = message?;
        let value = message.payload().unwrap_or_default();
        let (key, amount) = (scan(value, b"\"key\":\""), scan(value, b"\"amount\":\""));
        match sums.get_mut(key) {
            Some(sum) => *sum = (sum.0 + cents(amount), sum.1 + 1),
            None => drop(sums.insert(key.to_vec(), (cents(amount), 1))),
        }
        seen += 1;
    }
    Ok(Cost { units: records, wall: start.elapsed(), cpu: process_cpu() - cpu })
}

fn scan<'v>(value: &'v [u8], name: &[u8]) -> &'v [u8] {
    let Some(start) = memchr::memmem::find(value, name).map(|place| place + name.len()) else { return &[] };
    let end = memchr::memchr(b'"', &value[start..]).map_or(value.len(), |length| start + length);
    &value[start..end]
}

fn cents(amount: &[u8]) -> i128 {
    amount.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'))
}
