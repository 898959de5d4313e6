//! A component, and its configuration, out of the body of a push.

use std::convert::Infallible;

use axum::body::Bytes;
use futures::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;
use utoipa::ToSchema;

use super::problem::Problem;

/// What the parts of a form may take beyond their contents, in bytes.
pub(super) const FORM_BYTES: usize = 4096;

/// What is pushed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) component: Bytes,
    pub(super) config: Option<String>,
}

/// A component with its configuration, as `multipart/form-data`.
#[derive(ToSchema)]
#[allow(dead_code, reason = "for the document alone")]
pub(super) struct UploadForm {
    /// The component's bytes.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    component: Vec<u8>,
    /// Its configuration, a JSON object. Without it: the active version's, else the file's, else an empty one.
    #[schema(value_type = Object, required = false)]
    config: Option<String>,
}

/// Reads a form, or takes the whole body for a component.
pub(super) async fn read(headers: &HeaderMap, body: Bytes, most_config: usize) -> Result<Upload, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let upload = if kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        form(kind, body).await?
    } else {
        Upload { component: body, config: None }
    };
    if upload.component.is_empty() {
        return Err(Problem::bad("the component is empty, the bytes of one would be right"));
    }
    if upload.config.as_ref().is_some_and(|config| config.len() > most_config) {
        return Err(Problem::too_large(most_config));
    }
    Ok(upload)
}

async fn form(kind: &str, body: Bytes) -> Result<Upload, Problem> {
    let broken = |error: multer::Error| Problem::bad(format!("the form cannot be read: {error}"));
    let boundary = multer::parse_boundary(kind).map_err(broken)?;
    let mut parts = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let (mut component, mut config) = (None, None);
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let content = part.bytes().await.map_err(broken)?;
        let twice = match &*name {
            "component" => component.replace(content).is_some(),
            "config" => {
                let text = String::from_utf8(content.into()).map_err(|_| Problem::bad("the config is no UTF-8"))?;
                config.replace(text).is_some()
            }
            other => {
                let problem = format!("the form has a part {other:?}; component and config would be right");
                return Err(Problem::bad(problem));
            }
        };
        if twice {
            return Err(Problem::bad(format!("the form has two parts {name:?}, one would be right")));
        }
    }
    let component = component.ok_or_else(|| Problem::bad("the form has no part \"component\""))?;
    Ok(Upload { component, config })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    async fn read_form(body: &str) -> Result<Upload, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=b"));
        read(&headers, body.replace('|', "\r\n").into(), 8).await
    }

    #[tokio::test]
    async fn a_form_has_a_component_and_perhaps_a_configuration() {
        let component = "--b|content-disposition: form-data; name=\"component\"; filename=\"c.wasm\"||bytes|";
        let config = "--b|content-disposition: form-data; name=\"config\"||{}|";
        let both = read_form(&format!("{config}{component}--b--|")).await.unwrap();
        assert_eq!((&both.component[..], both.config.as_deref()), (&b"bytes"[..], Some("{}")));
        assert_eq!(read_form(&format!("{component}--b--|")).await.unwrap().config, None);
        let long = config.replace("{}", "{\"a\": 10}");
        for wrong in [
            format!("{config}--b--|"),
            format!("{component}{component}--b--|"),
            component.to_owned(),
            format!("{component}{}--b--|", config.replace("config", "confog")),
            format!("{component}{long}--b--|"),
            "--b--|".to_owned(),
        ] {
            assert!(read_form(&wrong).await.is_err(), "{wrong}");
        }
    }
}
