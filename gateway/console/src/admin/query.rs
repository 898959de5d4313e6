//! The query of a request's address, typed.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::encoding;
use super::problem::Problem;

/// The query as a type, which denies names that it does not have.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        encoding::check(parts.uri.query().unwrap_or_default())?;
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        read.map(|axum::extract::Query(query)| Self(query)).map_err(|rejection| {
            // The rejection's own words are for programmers; its source names parameter and cause.
            Problem::bad(rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string))
        })
    }
}

/// Reads a parameter that may be left out or left empty.
pub(super) fn given<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    match &*Cow::<str>::deserialize(from)? {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default, deserialize_with = "given")]
        key: Option<String>,
        #[serde(default, deserialize_with = "given")]
        day: Option<tallygate_core::Day>,
    }

    async fn read(query: &str) -> Result<Asked, Problem> {
        let request = http::Request::builder().uri(format!("/?{query}")).body(()).unwrap();
        let Query(asked) = Query::from_request_parts(&mut request.into_parts().0, &()).await?;
        Ok(asked)
    }

    #[tokio::test]
    async fn decodes_what_browsers_encode_and_refuses_the_rest() {
        let asked = read("key=HR%201%2F%C5%BE+x&day=").await.unwrap();
        assert_eq!((asked.key.as_deref(), asked.day), (Some("HR 1/ž x"), None));
        for wrong in ["key=%4", "key=%zz", "key=%ff", "kex=1", "day=yesterday"] {
            assert!(read(wrong).await.is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn says_which_names_and_values_would_be_right() {
        let refused = format!("{:?}", read("kex=1").await.unwrap_err());
        assert!(refused.contains("unknown field `kex`, expected `key` or `day`"), "{refused}");
        let refused = format!("{:?}", read("day=yesterday").await.unwrap_err());
        assert!(refused.contains("\"day: "), "{refused}");
    }
}
