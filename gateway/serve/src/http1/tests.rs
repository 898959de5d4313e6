//! What is asked over a connection that comes to rest at every moment at which it may.

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::task::noop_waker_ref;
use futures::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::service::service_fn;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::answer::{Answer, Unwritten};
use crate::exchange::Exchange;

/// A connection, and its caller.
struct Served {
    connection: Box<dyn Rests>,
    caller: DuplexStream,
    kept: Arc<Kept>,
}

/// What the service was given to keep.
#[derive(Default)]
struct Kept {
    body: Mutex<Option<Incoming>>,
    answer: Mutex<Option<UnboundedSender<Bytes>>>,
}

trait Rests: Driven {
    fn rests(&self) -> bool;
}

impl<I, S> Rests for Http1<'_, I, S>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming, ResBody: 'static>,
    <S::ResBody as Body>::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn rests(&self) -> bool {
        matches!(self.phase, Phase::Waits(..))
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap()
}

/// Says what it was asked; keeps the body of `/body` unread, and answers `/answer` piece by piece.
async fn answer(kept: &Kept, request: Request<Incoming>) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let (head, body) = request.into_parts();
    let mut answer = format!("<{} {}", head.method, head.uri.path()).into_bytes();
    match head.uri.path() {
        "/body" => *lock(&kept.body) = Some(body),
        "/answer" => {
            let (sender, pieces) = unbounded();
            *lock(&kept.answer) = Some(sender);
            return Response::new(StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))).boxed_unsync());
        }
        _ => answer.extend(body.collect().await.unwrap().to_bytes()),
    }
    answer.push(b'>');
    Response::new(Full::from(answer).boxed_unsync())
}

impl Served {
    /// It rests once it has had nothing to do for this time.
    fn after(settled_time: Duration) -> Self {
        let (caller, io) = duplex(1 << 20);
        let kept = Arc::<Kept>::default();
        let activity = Activity::new(false, Arc::new(AtomicBool::new(false)));
        let peer = ([127, 0, 0, 1], 1).into();
        let own = Arc::new(crate::connection::Connection { peer, own: (), activity: activity.clone() });
        let service = service_fn({
            let kept = kept.clone();
            move |request| {
                let (exchange, kept) = (Exchange::begin(&own), kept.clone());
                async move {
                    let answer = answer(&kept, request).await;
                    Ok::<_, Infallible>(Answer::over_http1(answer, Unwritten(exchange.into_connection())))
                }
            }
        });
        let limits = Box::leak(Box::<Limits>::default());
        let mut connection = Http1::new(io, activity, service, limits);
        connection.settled_time = settled_time;
        Self { connection: Box::new(connection), caller, kept }
    }

    /// Sends this and has it worked on.
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.caller.write_all(bytes.as_ref()).now_or_never().unwrap().unwrap();
        self.work();
    }

    /// Has it go on as far as it can, and rest if it may.
    fn work(&mut self) {
        let mut context = Context::from_waker(noop_waker_ref());
        for _ in 0..3 {
            assert!(self.connection.poll(&mut context).is_pending());
        }
        self.connection.checked();
        assert!(self.connection.poll(&mut context).is_pending());
    }

    /// The bodies of what came back.
    fn answers(&mut self) -> String {
        let mut came = vec![0; 1 << 20];
        let read = self.caller.read(&mut came).now_or_never().map_or(0, Result::unwrap);
        let came = String::from_utf8_lossy(&came[..read]).into_owned();
        came.split('<').skip(1).map(|piece| piece.split('>').next().unwrap()).collect::<Vec<_>>().join("|")
    }
}

#[tokio::test]
async fn it_rests_until_something_comes_and_again_once_that_is_answered() {
    let mut served = Served::after(Duration::ZERO);
    served.work();
    assert!(served.connection.rests(), "nothing came");
    served.send("G");
    assert!(!served.connection.rests(), "a head has begun");
    served.send("ET /a HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(served.connection.rests());
    served.send("GET /b HTTP/1.1\r\nhost: a\r\n\r\nGET /c HTTP/1.1\r\nhost: a\r\n\r\n\r\n");
    assert_eq!(served.answers(), "GET /a|GET /b|GET /c");
    assert!(served.connection.rests());
}

#[tokio::test]
async fn it_rests_only_after_a_while() {
    let mut served = Served::after(Duration::from_millis(200));
    served.send("GET /a HTTP/1.1\r\nhost: a\r\n\r\n");
    served.work();
    assert!(!served.connection.rests());
    tokio::time::sleep(Duration::from_millis(250)).await;
    served.work();
    assert!(served.connection.rests());
}

#[tokio::test]
async fn it_does_not_rest_while_somebody_may_still_read_a_body_that_came() {
    let mut served = Served::after(Duration::ZERO);
    // All of it is there, of which hyper hands on a part for as long as nobody reads.
    let body = format!("{:x}\r\n{}\r\n", 5, "GET /").repeat(10);
    served.send(format!("POST /body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\n"));
    assert!(!served.connection.rests());
    let mut body = lock(&served.kept.body).take().unwrap();
    for _ in 0..10 {
        served.work();
        let frame = body.frame().now_or_never().unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "GET /");
    }
    served.work();
    assert!(body.frame().now_or_never().unwrap().is_none());
    served.work();
    assert!(served.connection.rests());
    assert_eq!(served.answers(), "POST /body");
}

#[tokio::test]
async fn it_does_not_rest_while_an_answer_goes_on_though_nobody_says_that_it_is_in_progress() {
    let mut served = Served::after(Duration::ZERO);
    served.send("GET /answer HTTP/1.1\r\nhost: a\r\n\r\n");
    let sender = lock(&served.kept.answer).take().unwrap();
    for piece in ["<one>", "<two>"] {
        assert!(!served.connection.rests());
        sender.unbounded_send(Bytes::from_static(piece.as_bytes())).unwrap();
        served.work();
    }
    assert!(!served.connection.rests());
    drop(sender);
    served.work();
    assert_eq!(served.answers(), "one|two");
    assert!(served.connection.rests());
}

#[tokio::test]
async fn it_does_not_rest_while_its_caller_takes_nothing() {
    let mut served = Served::after(Duration::ZERO);
    served.send("GET /answer HTTP/1.1\r\nhost: a\r\n\r\n");
    let sender = lock(&served.kept.answer).take().unwrap();
    // More than there is room for on the way.
    sender.unbounded_send(Bytes::from(vec![b'x'; (1 << 20) + 1])).unwrap();
    drop(sender);
    served.work();
    assert!(!served.connection.rests());
    served.answers();
    served.work();
    served.work();
    assert!(served.connection.rests());
}

/// A request, and what is answered.
fn request() -> impl Strategy<Value = (String, String)> {
    let body = prop_oneof![Just(String::new()), "[a-zG\r\n ]{1,40}"];
    (prop::sample::select(vec!["GET", "POST", "HEAD"]), "/[a-z]{0,3}", body, any::<(bool, bool)>()).prop_map(
        |(method, path, body, (chunked, empty_line))| {
            let path = if matches!(&*path, "/body" | "/answer") { "/".to_owned() } else { path };
            let framed = match (&*body, chunked) {
                ("", false) => "\r\n".to_owned(),
                (body, false) => format!("content-length: {}\r\n\r\n{body}", body.len()),
                ("", true) => "transfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
                (body, true) => format!(
                    "transfer-encoding: chunked\r\n\r\n{:x};x=\"y\"\r\n{body}\r\n0\r\nname: value\r\n\r\n",
                    body.len()
                ),
            };
            let sent = format!("{method} {path} HTTP/1.1\r\nhost: a\r\n{framed}");
            let answer = if method == "HEAD" { String::new() } else { format!("{method} {path}{body}") };
            (if empty_line { sent + "\r\n" } else { sent }, answer)
        },
    )
}

proptest! {
    #[test]
    fn whenever_it_rests_each_request_is_answered_as_it_was_sent(
        requests in prop::collection::vec(request(), 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let sent: String = requests.iter().map(|(sent, _)| sent.as_str()).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(sent.len())).collect();
        cuts.sort_unstable();
        cuts.push(sent.len());
        let mut served = Served::after(Duration::ZERO);
        let mut begin = 0;
        for end in cuts {
            served.send(&sent.as_bytes()[begin..end]);
            begin = end;
        }
        for _ in 0..requests.len() {
            served.work();
        }
        // However it was left: behind an empty line a head is waited for.
        served.send("GET /end HTTP/1.1\r\nhost: a\r\n\r\n");
        let mut answers: Vec<_> = requests.iter().map(|(_, answer)| &**answer).filter(|answer| !answer.is_empty()).collect();
        answers.push("GET /end");
        prop_assert_eq!(served.answers(), answers.join("|"));
        prop_assert!(served.connection.rests());
    }
}
