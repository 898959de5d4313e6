//! Which pages of other origins may call a route from a browser: the CORS protocol of the Fetch standard (3.3).

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};

use crate::invalid::Problems;

/// Which pages of other origins may call a route, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOptions {
    /// The origins as browsers send them, such as `https://shop.example`; `*` alone is any.
    pub origins: Vec<String>,
    /// The methods that pages may use; none: those that the route takes.
    pub methods: Vec<Method>,
    /// The header fields that pages may set beyond those that the Fetch standard lets any page set.
    pub headers: Vec<HeaderName>,
    /// How long a browser may remember the answer; none: as long as it does by itself.
    pub max_age: Option<Duration>,
    /// Whether pages may send the browser's own credentials: cookies, client certificates.
    pub credentials: bool,
}

/// A route's rule about pages of other origins.
#[derive(Debug)]
pub(crate) struct Cors {
    /// None: any.
    origins: Option<HashSet<String>>,
    /// None: the one that is asked for.
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
    credentials: bool,
}

/// The method that a browser asks about before it calls from a page of another origin, if that is what the request is.
pub(crate) fn preflight(parts: &Parts) -> Option<Method> {
    let method = parts.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    let asks = parts.method == Method::OPTIONS && parts.headers.contains_key(ORIGIN);
    asks.then(|| Method::from_bytes(method.as_bytes()).ok()).flatten()
}

impl Cors {
    /// The rule of a route, whose methods and key are given; problems are noted.
    pub(crate) fn new(options: &CorsOptions, methods: &[Method], key: &str, problems: &mut Problems) -> Self {
        let any = options.origins.iter().any(|origin| origin == "*");
        if options.origins.is_empty() {
            problems.note(format!("{key}.cors"), "needs \"origins\", such as [\"https://shop.example\"]");
        }
        for (index, origin) in options.origins.iter().enumerate() {
            let problem = match &**origin {
                "*" if options.origins.len() > 1 => Some("\"*\" is any origin, and would stand alone".to_owned()),
                "*" if options.credentials => {
                    Some("\"*\" does not go with credentials, which browsers refuse".to_owned())
                }
                "*" => None,
                origin => not_an_origin(origin),
            };
            if let Some(problem) = problem {
                problems.note(format!("{key}.cors.origins[{index}]"), problem);
            }
        }
        for (index, method) in options.methods.iter().enumerate() {
            if !methods.is_empty() && !methods.contains(method) {
                let problem = format_args!("the route does not take {method}, its \"methods\" would have to");
                problems.note(format!("{key}.cors.methods[{index}]"), problem);
            }
        }
        let methods = if options.methods.is_empty() { methods } else { &options.methods };
        Self {
            origins: (!any).then(|| options.origins.iter().cloned().collect()),
            methods: list(methods.iter().map(Method::as_str)),
            headers: list(options.headers.iter().map(HeaderName::as_str)),
            max_age: options.max_age.map(|age| age.as_secs().into()),
            credentials: options.credentials,
        }
    }

    /// The answer to a browser that asks about this method; none where the page's origin is not one of the rule's.
    pub(crate) fn answer(&self, asked: &Method, request: &HeaderMap) -> Option<Response<Bytes>> {
        self.allowed(request)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let asked = HeaderValue::from_str(asked.as_str()).ok();
        let fields = [
            (ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone().or(asked)),
            (ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone()),
            (ACCESS_CONTROL_MAX_AGE, self.max_age.clone()),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        response.headers_mut().extend(fields);
        Some(response)
    }

    /// Says in a response whether the page that asked may read it, whatever the server behind says.
    pub(crate) fn complete(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
        response.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        if let Some(origin) = self.allowed(request) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if self.credentials {
                response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
        if self.origins.is_some() {
            response.append(VARY, HeaderValue::from_static("origin"));
        }
    }

    /// The origin as a response allows it.
    fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = request.get_all(ORIGIN).iter();
        let origin = origins.next().filter(|_| origins.next().is_none())?;
        match &self.origins {
            None => Some(HeaderValue::from_static("*")),
            Some(known) => origin.to_str().is_ok_and(|origin| known.contains(origin)).then(|| origin.clone()),
        }
    }
}

/// What is wrong with an origin that no browser sends.
fn not_an_origin(origin: &str) -> Option<String> {
    if origin == "null" {
        return Some(
            "\"null\" is the origin of any page in a sandbox, such as \"https://shop.example\" would be right".into(),
        );
    }
    if origin.contains('*') {
        return Some(format!(
            "{origin:?} is no origin as browsers send it: each stands whole, such as \"https://shop.example\", or \"*\" alone for any"
        ));
    }
    let parsed: Option<Uri> = origin.parse().ok();
    let (scheme, authority) = parsed.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?))).unzip();
    let (Some(scheme), Some(authority)) = (scheme, authority) else {
        return Some(format!("{origin:?} is no origin, such as \"https://shop.example\""));
    };
    let usual = [("https", 443), ("http", 80)].contains(&(scheme, authority.port_u16().unwrap_or_default()));
    let port = authority.port().filter(|_| !usual).map_or_else(String::new, |port| format!(":{port}"));
    let right = format!("{scheme}://{}{port}", authority.host()).to_ascii_lowercase();
    (right != origin).then(|| format!("{origin:?} is no origin as browsers send it, {right:?} would be right"))
}

/// A list as a header field has it; none of nothing.
fn list<'i>(items: impl Iterator<Item = &'i str>) -> Option<HeaderValue> {
    let items: Vec<&str> = items.collect();
    (!items.is_empty()).then(|| HeaderValue::from_str(&items.join(", ")).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(origins: &[&str]) -> CorsOptions {
        CorsOptions { origins: origins.iter().map(|&origin| origin.into()).collect(), ..CorsOptions::default() }
    }

    fn told(options: &CorsOptions) -> Vec<String> {
        let mut problems = Problems::default();
        Cors::new(options, &[Method::POST], "routes[0]", &mut problems);
        problems.into_list().iter().map(ToString::to_string).collect()
    }

    fn request(origin: &str) -> HeaderMap {
        [(ORIGIN, HeaderValue::from_str(origin).unwrap())].into_iter().collect()
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_told_with_what_would_be_right() {
        assert_eq!(told(&options(&["https://shop.example", "http://localhost:8080", "app://localhost"])), [""; 0]);
        for (origin, right) in [
            ("https://shop.example/", "\"https://shop.example\" would be right"),
            ("https://Shop.example", "\"https://shop.example\" would be right"),
            ("https://shop.example:443", "\"https://shop.example\" would be right"),
            ("https://shop.example/page?a", "\"https://shop.example\" would be right"),
            ("https://me@shop.example", "\"https://shop.example\" would be right"),
            ("shop.example", "is no origin"),
            ("https://čaj.example", "is no origin"),
            ("null", "any page in a sandbox"),
            ("https://*.example", "each stands whole"),
        ] {
            let told = told(&options(&[origin]));
            assert!(told.len() == 1 && told[0].starts_with("routes[0].cors.origins[0]: "), "{origin}: {told:?}");
            assert!(told[0].contains(right), "{origin}: {told:?}");
        }
    }

    #[test]
    fn a_rule_that_browsers_do_not_follow_is_told() {
        assert!(told(&options(&[]))[0].starts_with("routes[0].cors: needs \"origins\""));
        assert!(told(&options(&["*", "https://a.example"]))[0].contains("would stand alone"));
        let with_credentials = CorsOptions { credentials: true, ..options(&["*"]) };
        assert!(told(&with_credentials)[0].contains("does not go with credentials"));
        let other = CorsOptions { methods: vec![Method::POST, Method::PUT], ..options(&["*"]) };
        assert!(told(&other)[0].starts_with("routes[0].cors.methods[1]: the route does not take PUT"));
    }

    #[test]
    fn a_response_says_who_may_read_it_whatever_the_server_behind_says() {
        let rule = |options: &CorsOptions| Cors::new(options, &[], "", &mut Problems::default());
        let completed = |rule: &Cors, request: &HeaderMap| {
            let mut response = HeaderMap::new();
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://behind.example"));
            rule.complete(request, &mut response);
            let field = |name| response.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
            (field(ACCESS_CONTROL_ALLOW_ORIGIN), field(ACCESS_CONTROL_ALLOW_CREDENTIALS), field(VARY))
        };
        let some = |text: &str| Some(text.to_owned());
        let one = rule(&CorsOptions { credentials: true, ..options(&["https://a.example"]) });
        assert_eq!(
            completed(&one, &request("https://a.example")),
            (some("https://a.example"), some("true"), some("origin"))
        );
        assert_eq!(completed(&one, &request("https://b.example")), (None, None, some("origin")));
        assert_eq!(completed(&one, &HeaderMap::new()), (None, None, some("origin")));
        assert_eq!(completed(&rule(&options(&["*"])), &request("https://b.example")), (some("*"), None, None));
    }
}
