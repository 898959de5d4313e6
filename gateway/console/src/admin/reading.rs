//! What the API reads: status, sums, dead letters.

use http::{Method, StatusCode};

use super::Reading;
use super::body::json;
use super::problem::Problem;
use super::query::Query;
use super::route::{Answer, Call};
use tallygate_reading::dead_letters::{self, Filter, Position};
use tallygate_reading::limits::{DEAD_LETTERS, DEAD_LETTERS_MOST};

impl super::State {
    /// Store and stream, where this process has them.
    pub(super) fn reading(&self) -> Result<&Reading, Problem> {
        self.reading.as_ref().ok_or_else(|| Problem::absent("store and stream", "console"))
    }
}

/// How the appliance does.
pub(super) async fn status(call: Call) -> Answer {
    call.known(&Method::GET).await?;
    let source = call.state.status.as_ref().ok_or_else(|| Problem::absent("status", "console"))?;
    Ok(json(StatusCode::OK, &source.status().await))
}

/// A day's totals and top keys, or one key's sums.
pub(super) async fn sums(call: Call) -> Answer {
    call.known(&Method::GET).await?;
    let query = Query::read(call.request.uri().query(), &["day", "key", "currency", "order", "top"])?;
    let reading = call.state.reading()?;
    let day = query.day()?.unwrap_or_else(|| reading.live.today());
    match query.text("key") {
        Some(key) => Ok(json(StatusCode::OK, &reading.reader.key(day, key).await?)),
        None => Ok(json(StatusCode::OK, &reading.reader.day(day, query.top()?).await?)),
    }
}

/// The newest dead letters.
pub(super) async fn dead_letters(call: Call) -> Answer {
    call.known(&Method::GET).await?;
    let query = Query::read(call.request.uri().query(), &["day", "partner", "reason", "most"])?;
    let most = query.get("most")?.unwrap_or(DEAD_LETTERS);
    if most > DEAD_LETTERS_MOST {
        return Err(Problem::bad(format!("most: must be at most {DEAD_LETTERS_MOST}, is {most}")));
    }
    let filter = Filter {
        day: query.day()?,
        partner: query.text("partner").map(str::to_owned),
        reason: query.text("reason").map(str::to_owned),
        most,
    };
    let stream = &call.state.reading()?.stream;
    Ok(json(StatusCode::OK, &dead_letters::list(&**stream, &filter).await?))
}

/// One dead letter, whole.
pub(super) async fn dead_letter(call: Call, text: &str) -> Answer {
    call.known(&Method::GET).await?;
    let position: Position = text.parse().map_err(Problem::bad)?;
    let stream = &call.state.reading()?.stream;
    match dead_letters::show(&**stream, position).await? {
        Some(shown) => Ok(json(StatusCode::OK, &shown)),
        None => Err(Problem::not_found(format!("no dead letter stands at {position}, nor one from there in the log"))),
    }
}
