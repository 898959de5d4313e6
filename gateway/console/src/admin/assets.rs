//! The page itself, from the binary. It holds nothing that needs a login.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response};

use super::body::full;
use super::route::{Answer, Call};

/// The page.
pub(super) fn page(call: &Call) -> Answer {
    asset(call, "text/html; charset=utf-8", include_bytes!("../../assets/console.html"))
}

/// Its looks.
pub(super) fn style(call: &Call) -> Answer {
    asset(call, "text/css; charset=utf-8", include_bytes!("../../assets/console.css"))
}

/// Its life.
pub(super) fn script(call: &Call) -> Answer {
    asset(call, "text/javascript; charset=utf-8", include_bytes!("../../assets/console.js"))
}

/// Its picture in the browser's tab.
pub(super) fn icon(call: &Call) -> Answer {
    asset(call, "image/svg+xml", include_bytes!("../../assets/icon.svg"))
}

fn asset(call: &Call, kind: &'static str, bytes: &'static [u8]) -> Answer {
    if call.request.method() != Method::HEAD {
        call.only(&Method::GET)?;
    }
    let mut response = Response::new(full(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}
