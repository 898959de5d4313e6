//! The sums of a day, or of one key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tallygate_core::{Currency, Day};
use tallygate_reading::ledger::{DaySums, KeySums, Order, Top};
use utoipa::{IntoParams, ToSchema};

use crate::admin::problem::{Problem, ProblemDocument};
use crate::admin::query::{Query, given};
use crate::admin::shared::Shared;
use crate::limits::{TOP, TOP_MOST};

/// Which sums are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::admin) struct SumsQuery {
    /// The business day; today's unless given.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>, format = Date)]
    pub(in crate::admin) day: Option<Day>,
    /// One key.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>)]
    pub(in crate::admin) key: Option<String>,
    /// Top keys of this currency alone.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>)]
    currency: Option<Currency>,
    /// What makes a key a top key: its `count`, or its `sum` in one currency.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<String>, default = "count", pattern = "^(count|sum)$")]
    order: Option<Order>,
    /// How many top keys.
    #[serde(default, deserialize_with = "given")]
    #[param(value_type = Option<u32>, maximum = 200, default = 20)]
    top: Option<usize>,
}

/// A day's sums, or one key's when it was asked for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::admin) enum SumsAnswer {
    /// A day's.
    Day(DaySums),
    /// One key's.
    Key(KeySums),
}

/// A day's totals and top keys, or one key's sums.
#[utoipa::path(
    get,
    path = "/api/v1/sums",
    tag = "reading",
    params(SumsQuery),
    responses(
        (status = 200, description = "The day's sums, or the key's", body = SumsAnswer),
        (status = 400, response = ProblemDocument),
        (status = 401, response = ProblemDocument),
        (status = 404, response = ProblemDocument),
        (status = 429, response = ProblemDocument),
        (status = 503, response = ProblemDocument),
    )
)]
pub(in crate::admin) async fn sums(
    Query(query): Query<SumsQuery>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<SumsAnswer>, Problem> {
    let reading = shared.reading()?;
    let day = query.day.unwrap_or_else(|| reading.live.today());
    Ok(Json(match &query.key {
        Some(key) => SumsAnswer::Key(reading.reader.key(day, key).await?),
        None => SumsAnswer::Day(reading.reader.day(day, query.top()?).await?),
    }))
}

impl SumsQuery {
    /// The top keys that are asked for.
    pub(in crate::admin) fn top(&self) -> Result<Top, Problem> {
        let (order, most) = (self.order.unwrap_or_default(), self.top.unwrap_or(TOP));
        if most > TOP_MOST {
            return Err(Problem::bad(format!("top: must be at most {TOP_MOST}, is {most}")));
        }
        if order == Order::Sum && self.currency.is_none() {
            return Err(Problem::bad("order: by sum only keys of one currency can be told apart, name a currency too"));
        }
        Ok(Top { most, currency: self.currency, order })
    }
}
