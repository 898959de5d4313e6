//! `Max-Forwards`: how many more servers may pass on a request that asks about the way it takes (RFC 9110, 7.6.2).

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, MAX_FORWARDS};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use crate::problem::Problem;

/// What `Allow` says of a route that takes all methods.
const ANY: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// The answer to an OPTIONS that may go no further, of a route with these methods; none where the request goes on, with one fewer
/// to pass it on. Other methods than OPTIONS and TRACE have no use for the field.
///
/// # Errors
/// Where the field is no number, or a TRACE may go no further: nothing of a request is ever told back here.
pub(crate) fn ends_here(parts: &mut Parts, methods: &[Method]) -> Result<Option<Response<Bytes>>, Problem> {
    let mut fields = parts.headers.get_all(MAX_FORWARDS).iter();
    let Some(field) = fields.next().filter(|_| [Method::OPTIONS, Method::TRACE].contains(&parts.method)) else {
        return Ok(None);
    };
    let digits = field.to_str().ok().map(str::trim).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.filter(|digits| !digits.is_empty() && fields.next().is_none()).ok_or(Problem::MaxForwards)?;
    // A number beyond what can be counted is as good as the largest.
    let left = digits.parse::<u64>().unwrap_or(u64::MAX);
    if let Some(left) = left.checked_sub(1) {
        parts.headers.insert(MAX_FORWARDS, left.into());
        return Ok(None);
    }
    let others = methods.iter().filter(|method| **method != Method::TRACE).map(Method::as_str).collect::<Vec<_>>();
    let allow = if methods.is_empty() { ANY.to_owned() } else { others.join(", ") };
    if parts.method == Method::TRACE {
        return Err(Problem::Method(allow));
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    Ok(Some(response))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// What becomes of a request: the status of the answer, or what the next server reads.
    fn becomes(method: Method, fields: &[&str]) -> Result<String, u16> {
        let mut request = Request::builder().method(method);
        for field in fields {
            request = request.header(MAX_FORWARDS, *field);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        match ends_here(&mut parts, &[]) {
            Ok(Some(response)) => Err(response.status().as_u16()),
            Ok(None) => {
                Ok(parts.headers.get(MAX_FORWARDS).map(|field| field.to_str().unwrap().to_owned()).unwrap_or_default())
            }
            Err(problem) => Err(problem.refusal().status),
        }
    }

    #[test]
    fn a_request_about_the_way_goes_on_as_far_as_it_says_and_no_further() {
        for method in [Method::OPTIONS, Method::TRACE] {
            assert_eq!(becomes(method.clone(), &[]), Ok(String::new()));
            assert_eq!(becomes(method.clone(), &["7"]), Ok("6".into()));
            assert_eq!(becomes(method.clone(), &["1"]), Ok("0".into()));
            let most = "9".repeat(40);
            assert_eq!(becomes(method.clone(), &[&most]), Ok((u64::MAX - 1).to_string()));
            for wrong in [&["-1"][..], &["x"], &[""], &["1", "0"]] {
                assert_eq!(becomes(method.clone(), wrong), Err(400), "{wrong:?}");
            }
        }
        assert_eq!(becomes(Method::OPTIONS, &["0"]), Err(204));
        assert_eq!(becomes(Method::TRACE, &["0"]), Err(405));
        assert_eq!(becomes(Method::GET, &["0"]), Ok("0".into()));
    }
}
