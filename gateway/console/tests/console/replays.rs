//! Dead letters on their way back, through the API.

use std::sync::{Arc, Mutex};

use http::Method;
use tallygate_console::replays::{RefusedLine, Replay, ReplayError, Replayed, Replayer};

use crate::site::{Answer, Site, TOKEN};

/// Remembers what it is given, and refuses the second line of everything.
#[derive(Default)]
pub(crate) struct Remembers(Mutex<Vec<(Replay, String)>>);

#[async_trait::async_trait]
impl Replayer for Remembers {
    async fn replay(&self, request: Replay, by: &str) -> Result<Replayed, ReplayError> {
        if request.lines[0].1 == "away" {
            return Err(ReplayError::Away("the stream is away".into()));
        }
        let refused = request.lines.get(1).map(|(line, _)| RefusedLine {
            line: *line,
            at: Some("0/7".into()),
            field: "transaction.day".into(),
            problem: "must lie elsewhere".into(),
        });
        let replayed = Replayed { replayed: 1, refused: refused.into_iter().collect(), ..Replayed::default() };
        self.0.lock().unwrap().push((request, by.to_owned()));
        Ok(replayed)
    }
}

async fn post(site: &Site, query: &str, body: impl Into<bytes::Bytes>) -> Answer {
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", authorization.as_str())];
    site.send(Method::POST, &format!("/api/v1/replays{query}"), &headers, body).await
}

#[tokio::test]
async fn lines_go_to_the_replayer_with_their_numbers_and_with_who_asks() {
    let replays = Arc::new(Remembers::default());
    let site = Site::replaying(Some(replays.clone())).await;
    let answer = post(&site, "?dry_run=true", "{\"at\":\"0/6\"}\n\n{\"at\":\"0/7\"}\n").await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!((&json["replayed"], &json["refused"][0]["line"]), (&1.into(), &3.into()), "{json}");
    let asked = replays.0.lock().unwrap().pop().unwrap();
    let lines = vec![(1, "{\"at\":\"0/6\"}".to_owned()), (3, "{\"at\":\"0/7\"}".to_owned())];
    assert_eq!(asked, (Replay { lines, as_is: false, dry_run: true }, "cli".to_owned()));
    assert_eq!(post(&site, "", "away").await.status, 503);
}

#[tokio::test]
async fn nothing_is_replayed_for_strangers_other_sites_or_without_bounds() {
    let replays = Arc::new(Remembers::default());
    let site = Site::replaying(Some(replays.clone())).await;
    let send = async |headers: &[(&str, &str)]| site.send(Method::POST, "/api/v1/replays", headers, "{}").await.status;
    assert_eq!(send(&[]).await, 401);
    let cookie = site.log_in().await;
    assert_eq!(send(&[("cookie", &cookie)]).await, 403, "a browser names the origin");
    assert_eq!(send(&[("cookie", &cookie), ("origin", "https://elsewhere")]).await, 403);
    assert_eq!(post(&site, "", "").await.status, 400);
    assert_eq!(post(&site, "", "{}\n".repeat(1_001)).await.status, 400);
    assert_eq!(post(&site, "", "x".repeat((8 << 20) + 1)).await.status, 413);
    assert_eq!(post(&site, "?as_is=perhaps", "{}").await.status, 400);
    assert_eq!(replays.0.lock().unwrap().len(), 0);
    assert_eq!(send(&[("cookie", &cookie), ("origin", &site.origin())]).await, 200);
    assert_eq!(replays.0.lock().unwrap()[0].1, "operator");
}

#[tokio::test]
async fn a_process_without_a_queue_says_so() {
    let answer = post(&Site::replaying(None).await, "", "{}").await;
    assert_eq!(answer.status, 404);
    assert!(answer.json()["detail"].as_str().unwrap().contains("no queue"), "{:?}", answer.body);
}
