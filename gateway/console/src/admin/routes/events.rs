//! The live page's feed, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::Event;
use futures::{Stream, stream};
use tallygate_core::transaction;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::sums::SumsQuery;
use crate::admin::caller::{Caller, Credential};
use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::query::Query;
use crate::admin::shared::Shared;
use crate::live::{Message, Selection, Subscription};

/// How long a browser waits before it comes again.
const RETRY: Duration = Duration::from_secs(1);

/// One browser's connection.
struct Browser {
    shared: Arc<Shared>,
    caller: Caller,
    subscription: Subscription,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

/// The live page's feed: the whole state at first, then what changed, at the latest after a heartbeat. The event `bye`
/// ends it with its session, `turn` when today's page has to open another day.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "reading",
    params(SumsQuery),
    responses(
        (status = 200, description = "Server-sent events, each of one message", body = Message, content_type = "text/event-stream"),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn events(
    caller: Caller,
    Query(query): Query<SumsQuery>,
    State(shared): State<Arc<Shared>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let selection = Selection { day: query.day, top: query.top()?, key: query.key };
    if let Some(key) = &selection.key {
        transaction::name(key).map_err(|problem| Problem::bad(format!("key: {problem}")))?;
    }
    let Ok(permit) = shared.browsers.clone().try_acquire_owned() else {
        return Err(Problem::busy("as many pages follow as can, close one of them"));
    };
    let subscription = shared.reading()?.live.subscribe(selection)?;
    let browser = Browser { shared, caller, subscription, ended: false, _permit: permit };
    let events = stream::unfold(browser, |mut browser| async move {
        let event = browser.next().await?;
        Some((Ok(event), browser))
    });
    Ok(Sse::new(events))
}

impl Browser {
    /// The next event; none behind the last one.
    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        let message = tokio::select! {
            message = self.subscription.next() => message,
            () = self.shared.stop.cancelled() => return None,
        };
        let in_session = match &self.caller.credential {
            Credential::Session(id) => self.shared.access.sessions.look(id, Instant::now()).is_some(),
            Credential::Password | Credential::Token => true,
        };
        Some(match message {
            _ if !in_session => self.end("bye"),
            None => self.end("turn"),
            Some(message) => {
                self.shared.metrics.updates.inc();
                Event::default().retry(RETRY).data(serde_json::to_string(&message).unwrap_or_default())
            }
        })
    }

    /// The last event: `bye` when the session is over, `turn` when today's page has to open another day.
    fn end(&mut self, event: &str) -> Event {
        self.ended = true;
        Event::default().event(event).data("{}")
    }
}
