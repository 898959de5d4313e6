//! One reading of a process's metrics.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// The metrics of a process at one time.
pub struct Metrics(String);

impl Metrics {
    /// Reads what is served on a port.
    pub fn read(port: u16) -> Result<Self, String> {
        let asked = || {
            let mut stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
            stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            std::io::Result::Ok(answer)
        };
        let answer = asked().map_err(|error| error.to_string())?;
        if answer.starts_with("HTTP/1.1 200") { Ok(Self(answer)) } else { Err(answer) }
    }

    /// The value of a metric with this label (`name="value"`), or of the one without any; 0 when it has not been counted.
    pub fn value(&self, metric: &str, label: &str) -> u64 {
        let of_metric = |line: &&str| {
            let labels = line.strip_prefix("tallygate_").and_then(|line| line.strip_prefix(metric));
            labels.is_some_and(|labels| labels.starts_with([' ', '{']) && labels.contains(label))
        };
        let line = self.0.lines().find(of_metric);
        let value = line.and_then(|line| line.rsplit(' ').next());
        value.map_or(0, |value| value.parse().unwrap_or_else(|error| panic!("{error}: {line:?}")))
    }
}
