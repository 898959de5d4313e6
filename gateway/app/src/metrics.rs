//! The page that Prometheus reads.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rustls::ServerConnection;
use tallygate_serve::{Exchange, Incoming, Limits, Server, Service};
use tokio_util::sync::CancellationToken;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What scrapers get.
struct Page(Arc<Registry>);

/// Serves `/metrics` until told to stop.
///
/// # Errors
/// When the socket cannot be used, or its listener ends by itself.
pub(crate) async fn serve(socket: TcpListener, registry: Arc<Registry>, stop: CancellationToken) -> anyhow::Result<()> {
    let mut server = Server::new(limits());
    server.listen("metrics", socket, None, Page(registry))?;
    Ok(server.run(stop.cancelled_owned()).await?)
}

/// Scrapers are few and near; there are rarely more than two.
fn limits() -> Limits {
    let time = Duration::from_secs(5);
    // Whoever scrapes comes again within a minute; a connection kept until then would keep others out.
    Limits {
        connections: 16,
        header_time: time,
        idle_time: time,
        stalled_time: time,
        shutdown_time: time,
        ..Limits::default()
    }
}

impl Service for Page {
    type Connection = ();
    type Body = Full<Bytes>;

    fn connected(&self, _peer: SocketAddr, _tls: Option<&ServerConnection>) -> Option<()> {
        Some(())
    }

    async fn answer(&self, _: &Exchange<()>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        answer(&request, &self.0)
    }
}

fn answer(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let (status, kind, body) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            let mut text = String::new();
            match encode(&mut text, registry) {
                Ok(()) => (StatusCode::OK, OPEN_METRICS, text),
                Err(error) => {
                    (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", format!("cannot write the metrics: {error}\n"))
                }
            }
        }
        _ => (StatusCode::NOT_FOUND, "text/plain", "the metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// Adds what the process itself uses.
pub(crate) fn register_process(registry: &mut Registry) -> Gauge {
    let resident = Gauge::default();
    registry.register("process_resident_memory_bytes", "Resident memory of the process", resident.clone());
    let dropped = "Lines of the log that were dropped: nobody read it, or it could not be written";
    registry.register("log_lines_dropped", dropped, crate::logging::dropped());
    resident
}

/// Resident memory, in bytes, as the kernel counts it.
pub(crate) fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = status.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as i64)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use prometheus_client::metrics::counter::Counter;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::task::JoinSet;

    use super::*;

    struct Served {
        address: SocketAddr,
        _running: JoinSet<anyhow::Result<()>>,
    }

    fn served() -> Served {
        let mut registry = Registry::with_prefix("tallygate");
        let seen = Counter::<u64>::default();
        seen.inc_by(7);
        registry.register("seen", "What was seen", seen);
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let mut running = JoinSet::new();
        running.spawn(serve(socket, Arc::new(registry), CancellationToken::new()));
        Served { address, _running: running }
    }

    /// What comes for these bytes, until the other side closes.
    async fn sent(served: &Served, bytes: &str) -> String {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("not closed").unwrap();
        answer
    }

    #[tokio::test]
    async fn a_scrape_reads_the_registry() {
        let answer = sent(&served(), "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(&format!("content-type: {OPEN_METRICS}\r\n")), "{answer}");
        assert!(answer.contains("\ntallygate_seen_total 7\n") && answer.ends_with("# EOF\n"), "{answer}");
    }

    #[tokio::test]
    async fn another_path_or_method_is_404() {
        let served = served();
        for line in ["GET / HTTP/1.1", "GET /metrics/more HTTP/1.1", "POST /metrics HTTP/1.1"] {
            let answer = sent(&served, &format!("{line}\r\nhost: a\r\nconnection: close\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 404 "), "{line}: {answer}");
            assert!(answer.ends_with("the metrics are at /metrics\n"), "{line}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_scraper_that_stays_idle_is_let_go_of() {
        let served = served();
        let began = Instant::now();
        let answer = sent(&served, "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let time = limits().idle_time;
        assert!((time..time * 3).contains(&began.elapsed()), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
        let served = served();
        let began = Instant::now();
        assert_eq!(sent(&served, "GET /metrics HTTP/1.1\r\nhost: a\r\n").await, "");
        let time = limits().header_time;
        assert!((time..time * 3).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
}
