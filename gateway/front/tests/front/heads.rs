//! Heads that could be read in two ways: refused, or read in the one way that the standard has.

use http::Method;
use http_body_util::Full;
use tallygate_front::ClientAuth;
use tokio::io::AsyncWriteExt;

use crate::limits::{connected, rest};
use crate::play::Mood;
use crate::proxy::upstream;
use crate::site::{Served, Site, line};

/// The statuses of all answers to these bytes, until the gateway closes.
async fn statuses(served: &Served, sent: &str) -> Vec<u16> {
    let answers = rest(connected(served.address(), sent).await).await;
    let heads = answers.split("HTTP/1.").skip(1);
    heads.map(|head| head.get(2..5).and_then(|status| status.parse().ok()).expect("a status")).collect()
}

fn served() -> Served {
    let mut site = Site::plain();
    // What is kept open is closed soon, so that all answers can be read to the end.
    site.options.limits.idle_time = std::time::Duration::from_millis(200);
    site.serve()
}

const NEXT: &str = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_request_names_one_host_or_the_connection_ends() {
    let served = served();
    let with = |hosts: &str| format!("POST /echo HTTP/1.1\r\n{hosts}content-length: 0\r\n\r\n{NEXT}");
    for one in ["a", "a:8443", "a:", "A.example.", "[::1]:80", "127.0.0.1", "x_y~z"] {
        assert_eq!(statuses(&served, &with(&format!("host: {one}\r\n"))).await, [200, 200], "{one}");
    }
    assert_eq!(statuses(&served, &with("")).await, [400]);
    assert_eq!(statuses(&served, &with("host: a\r\nhost: a\r\n")).await, [400]);
    assert_eq!(statuses(&served, &with("host: a\r\nHOST: a\r\n")).await, [400]);
    for none in
        ["", "good.example, evil.example", "a,b", "u@a", "u:p@a", "a:b", "a:65536", "::1", "a/b", "a b", "%61", "a..b"]
    {
        assert_eq!(statuses(&served, &with(&format!("host: {none}\r\n"))).await, [400], "{none}");
    }
    // Not in a target either, and the field is needed beside that.
    for head in ["u@a/echo HTTP/1.1\r\nhost: a", "a/echo HTTP/1.1\r\nx: y", "a/echo HTTP/1.1\r\nhost: u@a"] {
        let sent = format!("POST http://{head}\r\ncontent-length: 0\r\n\r\n{NEXT}");
        assert_eq!(statuses(&served, &sent).await, [400], "{head}");
    }
    // The version before did not have it yet.
    assert_eq!(statuses(&served, "POST /echo HTTP/1.0\r\ncontent-length: 0\r\n\r\n").await, [200]);
    assert_eq!(statuses(&served, "POST /echo HTTP/1.0\r\nhost: u@a\r\ncontent-length: 0\r\n\r\n").await, [400]);
}

#[tokio::test]
async fn over_http_2_a_host_is_one_too() {
    let served = Site::tls(ClientAuth::None).serve();
    let port = served.address().port();
    let caller = served.tls_caller(None, true);
    let post = async |host: Option<&str>| {
        let mut request = caller.request(Method::POST, "/echo");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        caller.send(request.body(Full::from("x")).unwrap()).await.status
    };
    assert_eq!(post(None).await, 200);
    assert_eq!(post(Some(&format!("127.0.0.1:{port}"))).await, 200);
    assert_eq!(post(Some("b.example")).await, 400);
    let with_user = format!("https://u:p@127.0.0.1:{port}/echo");
    let request = http::Request::post(with_user).body(Full::from("x")).unwrap();
    assert_eq!(caller.send(request).await.status, 400);
}

#[tokio::test]
async fn a_host_is_compared_and_passed_on_in_one_form() {
    let upstream = upstream("a").await;
    let mut site = Site::plain();
    site.proxy("/", &[], &[upstream]);
    site.proxy("/", &[], &[upstream]);
    site.route("proxy0").host = Some("Narrow.example.".into());
    site.route("proxy0").policies = vec!["echo".into()];
    let served = site.serve();
    let get = async |host: &str| {
        let sent = format!("GET /x HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        rest(connected(served.address(), &sent).await).await
    };
    for host in ["narrow.example", "narrow.example.", "NARROW.example.:8443"] {
        assert!(get(host).await.ends_with("/x 1 0"), "{host}");
    }
    let told = get("Other.example.:8443").await;
    assert!(told.contains("x-forwarded-host=other.example:8443"), "{told}");
}

#[tokio::test]
async fn what_goes_to_an_upstream_is_the_path_that_was_matched() {
    let mut site = Site::plain();
    site.proxy("/", &[], &[upstream("a").await]);
    site.proxy("/open", &["tag"], &[upstream("b").await]);
    let served = site.serve();
    let get = async |path: &str| {
        let sent = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = rest(connected(served.address(), &sent).await).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let asked = body.split(' ').filter(|word| !word.starts_with("GET")).take(2).collect::<Vec<_>>().join(" ");
        if head.starts_with("HTTP/1.1 200") { asked } else { head.get(9..12).unwrap().to_owned() }
    };
    for (sent, asked) in [
        ("/x", "a /x"),
        // Encoded slashes and the like stay in their segments, and doubled slashes where they are.
        ("/api/%2f/queue%2Fname?a=%2f", "a /api/%2F/queue%2Fname?a=%2f"),
        ("/a//b;v=1", "a /a//b;v=1"),
        ("/%7Euser/%c3%a9", "a /~user/%C3%A9"),
        ("/{x}", "a /%7Bx%7D"),
        ("http://a/x", "a /x"),
        // Parameters and the like hide no route.
        ("/open;x/y", "b /open;x/y"),
        ("/%6fpen/y", "b /open/y"),
        ("//open//y?z", "b /open/y?z"),
        ("/x%2fopen", "a /x%2Fopen"),
        ("/open%2Fy", "400"),
        ("/open%3bx", "400"),
        ("/x/..%2fopen", "400"),
        ("/x/%2e%2e/open", "400"),
        ("/x\\..\\open", "400"),
    ] {
        assert_eq!(get(sent).await, asked, "{sent}");
    }
}

#[tokio::test]
async fn a_head_that_is_not_well_formed_is_400() {
    let served = served();
    for (what, header) in [
        ("a blank before the colon", "content-length : 0\r\n"),
        ("a folded line", "x-folded: one\r\n two\r\n"),
        ("a bare carriage return", "x-a: one\rx-b: two\r\n"),
        ("no colon", "nonsense\r\n"),
        ("a length that is none", "content-length: ten\r\n"),
        ("two lengths", "content-length: 1\r\ncontent-length: 2\r\n"),
        ("a coding that does not end in chunks", "transfer-encoding: gzip\r\n"),
    ] {
        let sent = format!("POST /echo HTTP/1.1\r\nhost: a\r\n{header}\r\n");
        assert_eq!(statuses(&served, &sent).await, [400], "{what}");
    }
}

#[tokio::test]
async fn a_length_beside_chunks_is_400_and_nothing_is_read_behind_it() {
    let served = served();
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\n";
    for fields in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "Content-Length: 0\r\nx: y\r\nTransfer-Encoding: chunked\r\n",
        "content-length: 5\r\ntransfer-encoding: gzip\r\n",
    ] {
        let doubtful = format!("{head}{fields}\r\n0\r\n\r\n{NEXT}");
        assert_eq!(statuses(&served, &doubtful).await, [400], "{fields}");
        // Wherever it stands among others, and however those are framed.
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nx-trailer: y\r\n\r\n");
        let sized = format!("{head}content-length: 4\r\n\r\n\r\n\r\n");
        assert_eq!(statuses(&served, &(chunked + &sized + &doubtful)).await, [200, 200, 400], "{fields}");
    }
    let sent = format!("{head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n");
    let answer = rest(connected(served.address(), &sent).await).await;
    assert!(answer.contains("connection: close") && answer.contains(":length-ambiguous"), "{answer}");
}

#[tokio::test]
async fn what_looks_like_a_doubtful_head_within_a_body_is_its_body() {
    let served = served();
    let inner = "POST /echo HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\ncontent-length: 5\r\n\r\n";
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\n";
    let sized = format!("{head}content-length: {}\r\n\r\n{inner}", inner.len());
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    assert_eq!(statuses(&served, &(sized + &chunked + NEXT)).await, [200, 200, 200]);
}

#[tokio::test]
async fn a_transfer_coding_that_is_not_exactly_chunked_is_refused_and_nothing_is_read_behind_it() {
    let served = served();
    let with =
        |version: &str, fields: &str| format!("POST /echo HTTP/{version}\r\nhost: a\r\n{fields}\r\n0\r\n\r\n{NEXT}");
    for fields in [
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: identity, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: , chunked\r\n",
        "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    ] {
        assert_eq!(statuses(&served, &with("1.1", fields)).await, [501], "{fields}");
    }
    // Of these the standard says that their end is nowhere, and the version before has no such field.
    assert_eq!(statuses(&served, &with("1.1", "transfer-encoding: chunked, gzip\r\n")).await, [400]);
    assert_eq!(statuses(&served, &with("1.0", "transfer-encoding: chunked\r\n")).await, [400]);
    assert_eq!(statuses(&served, &with("1.1", "transfer-encoding: Chunked\r\n")).await, [200, 200]);
}

#[tokio::test]
async fn a_protocol_that_is_not_spoken_is_501_on_all_routes() {
    let mut site = Site::plain();
    site.proxy("/proxied", &[], &[upstream("a").await]);
    site.options.limits.idle_time = std::time::Duration::from_millis(200);
    let served = site.serve();
    let asking = |path: &str, upgrade: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: {upgrade}\r\n\r\n{NEXT}")
    };
    for path in ["/echo", "/proxied"] {
        for upgrade in ["websocket", "WebSocket", "h2c, websocket", "irc/6.9"] {
            assert_eq!(statuses(&served, &asking(path, upgrade)).await, [501], "{path} {upgrade}");
        }
        // Some clients offer this with every request, and go on without it.
        assert_eq!(statuses(&served, &asking(path, "h2c")).await, [200, 200], "{path}");
    }
    let told = rest(connected(served.address(), &asking("/echo", "websocket")).await).await;
    assert!(told.contains("a WebSocket (upgrade) cannot be had here"), "{told}");
    let connect = format!("CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n{NEXT}");
    assert_eq!(statuses(&served, &connect).await, [501]);
}

#[tokio::test]
async fn a_caller_that_begins_with_http_2_without_tls_is_told_to_use_http_1() {
    let served = served();
    let answer = rest(connected(served.address(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await);
    let answer = answer.await;
    assert!(answer.ends_with("without TLS this is HTTP/1.1"), "{answer:?}");
}

#[tokio::test]
async fn a_caller_that_offers_http_2_without_tls_is_answered_in_http_1() {
    let served = served();
    let url = format!("http://{}/echo", served.address());
    let curl = ["-s", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "-d", "x", "--http2", &url];
    let output = tokio::process::Command::new("curl").args(curl).output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200 1.1");
}

#[tokio::test]
async fn lines_may_end_without_a_carriage_return_as_the_standard_allows() {
    let sent = "POST /echo HTTP/1.1\nhost: a\ncontent-length: 0\n\n";
    assert_eq!(statuses(&served(), sent).await, [200]);
}

#[tokio::test]
async fn the_host_of_an_absolute_target_counts_and_the_header_does_not() {
    let mut site = Site::plain();
    site.options.limits.idle_time = std::time::Duration::from_millis(200);
    site.route("echo").host = Some("a.example".into());
    let served = site.serve();
    let post =
        |target: &str, host: &str| format!("POST {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(statuses(&served, &post("http://a.example/echo", "b.example")).await, [200]);
    assert_eq!(statuses(&served, &post("http://b.example/echo", "a.example")).await, [404]);
    assert_eq!(statuses(&served, &post("/echo", "a.example")).await, [200]);
}

#[tokio::test]
async fn a_target_that_is_no_path_is_400() {
    let served = served();
    let sent = "OPTIONS * HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(statuses(&served, sent).await, [400]);
}

#[tokio::test]
async fn parameters_of_a_path_hide_no_dot_segment() {
    let served = served();
    let post = |path: &str| format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(statuses(&served, &post("/echo/deeper;version=1")).await, [200]);
    for path in ["/x/..;/echo", "/x/.;a/echo", "/x/%2e%2e;a/echo"] {
        assert_eq!(statuses(&served, &post(path)).await, [400], "{path}");
    }
}

#[tokio::test]
async fn a_caller_that_ends_its_side_behind_a_whole_request_gets_its_answer() {
    let mut site = Site::plain();
    site.options.limits.stalled_time = std::time::Duration::from_millis(800);
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let ended = async |body: &str, announced: usize| {
        let sent = format!("POST /accept HTTP/1.1\r\nhost: a\r\ncontent-length: {announced}\r\n\r\n{body}");
        let mut stream = connected(served.address(), &sent).await;
        stream.shutdown().await.unwrap();
        stream
    };
    let one = line("1", "1");
    let waiting = ended(&one, one.len()).await;
    queue.wait_for(1).await;
    queue.released.add_permits(1);
    let answer = rest(waiting).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer:?}");
    // Not behind a part of one, and not for ever, as who is gone looks the same.
    assert!(!rest(ended(&one, one.len() + 1).await).await.starts_with("HTTP/1.1 202"));
    let gone = ended(&one, one.len()).await;
    queue.wait_for(2).await;
    assert_eq!(rest(gone).await, "");
}
