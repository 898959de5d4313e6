//! What is measured and held against an aim, all in one table. Only CPU time is judged: wall time is the machine's as much as
//! the program's, and is printed.

/// A figure, and what it is to be.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub name: &'static str,
    /// Most CPU time of a unit, in microseconds.
    pub micros: Option<f64>,
    /// Most CPU time of a unit, in that of the floor of the same run; of a format beside what any call of a policy costs.
    pub floors: Option<f64>,
}

pub const RACUN: Line = line("(a) policy hr-racun, 2 KB").micros(15.0);
pub const RACUN_TWO: Line = line("(a) policy hr-racun, 2 KB, two threads");
pub const RACUN_SIGNED: Line = line("(a) policy hr-racun, 2 KB, signed reply");
pub const JSON: Line = line("(a) policy json, 2 KB").micros(8.0);
pub const HELLO: Line = line("(a) policy hello");
pub const EMPTY: Line = line("(a) an empty policy, no imports").micros(3.0);
pub const EMPTY_IMPORTS: Line = line("(a) an empty policy, host imports").micros(3.0);
pub const JAVASCRIPT: Line = line("(a) a policy in JavaScript").micros(1_500.0);
pub const UBL: Line = line("(a) policy ubl-cii, UBL").floors(3.0);
pub const CII: Line = line("(a) policy ubl-cii, CII").floors(3.0);
pub const PAIN: Line = line("(a) policy iso20022, pain").floors(3.0);
pub const CAMT: Line = line("(a) policy iso20022, camt.053").floors(3.0);
pub const XML_PAIN: Line = line("(a) policy xml, pain.001 by description").floors(5.0);
pub const XML_UBL: Line = line("(a) policy xml, UBL by description").floors(5.0);
pub const CSV: Line = line("(a) policy csv").floors(5.0);

pub const ACCEPT_1: Line = line("(b) accept, embedded queue, HTTP/1.1").floors(2.0);
pub const ACCEPT_2: Line = line("(b) accept, embedded queue, HTTP/2").floors(2.0);
pub const RABBIT_1: Line = line("(b) accept, RabbitMQ, HTTP/1.1").floors(2.2);
pub const RABBIT_2: Line = line("(b) accept, RabbitMQ, HTTP/2").floors(2.2);
pub const CHAIN: Line = line("(b) accept to sums and page, one process");
pub const PUBLISH: Line = line("(b) publish with confirm, RabbitMQ").floors(1.0);

pub const SHIP: Line = line("(c) queue to Kafka, 2 KB").floors(1.3);

pub const FOLD: Line = line("(d) fold in memory, records parsed").micros(1.0);
pub const ONE_PARTITION: Line = line("(d) aggregator in memory, one partition");
pub const IN_TURN: Line = line("(d) the same, four partitions in turn");
pub const SIDE_BY_SIDE: Line = line("(d) the same, four partitions side by side");
pub const SUMS: Line = line("(d) Kafka to Cassandra and Kafka, 100 k keys").micros(3.0).floors(2.0);

/// 0.9 x the rate of bare rustls.
pub const FULL: Line = line("(i) TLS handshake, full").floors(1.11);
pub const RESUMED: Line = line("(i) TLS handshake, resumed").floors(1.11);
/// Most memory of 10,000 connections on which nothing happens, in bytes.
pub const IDLE_BYTES: u64 = 250_000_000;

const fn line(name: &'static str) -> Line {
    Line { name, micros: None, floors: None }
}

impl Line {
    const fn micros(self, micros: f64) -> Self {
        Self { micros: Some(micros), ..self }
    }

    const fn floors(self, floors: f64) -> Self {
        Self { floors: Some(floors), ..self }
    }
}
