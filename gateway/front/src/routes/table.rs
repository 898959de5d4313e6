//! The table of all routes.

use http::Method;

use super::path::{covers, plain};
use super::route::Route;
use crate::problem::Problem;

/// All routes, those that win first.
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    pub(crate) fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse((route.path.len(), route.host.is_some())));
        Self(routes)
    }

    /// The route of a request, or why there is none.
    pub(crate) fn find(&self, listener: usize, host: &str, path: &str, method: &Method) -> Result<&Route, Problem> {
        let path = plain(path).ok_or(Problem::Path)?;
        let host = without_port(host);
        let mut best: Option<(usize, bool)> = None;
        let mut allowed: Vec<&Method> = Vec::new();
        let mut elsewhere = false;
        for route in &self.0 {
            if !covers(&route.path, &path) || !route.is_for(host) {
                continue;
            }
            if !route.listeners.is_empty() && !route.listeners.contains(&listener) {
                elsewhere = true;
                continue;
            }
            let rank = (route.path.len(), route.host.is_some());
            if best.is_some_and(|best| best != rank) {
                break;
            }
            if route.methods.is_empty() || route.methods.contains(method) {
                return Ok(route);
            }
            best = Some(rank);
            allowed.extend(&route.methods);
        }
        if best.is_some() {
            let mut names: Vec<&str> = allowed.into_iter().map(Method::as_str).collect();
            names.sort_unstable();
            names.dedup();
            return Err(Problem::Method(names.join(", ")));
        }
        Err(if elsewhere { Problem::Misdirected } else { Problem::NoRoute })
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::histogram::Histogram;

    use super::*;
    use crate::access::WithoutCredential;
    use crate::metrics::RouteLabels;

    fn route(name: &str, host: Option<&str>, path: &str, methods: &[Method]) -> Route {
        Route {
            labels: RouteLabels { route: name.into() },
            listeners: Vec::new(),
            host: host.map(Into::into),
            path: path.trim_end_matches('/').into(),
            methods: methods.to_vec(),
            without_credential: WithoutCredential::Refused,
            policies: Vec::new(),
            upstream: None,
            seconds: Histogram::new([]),
        }
    }

    fn found(routes: &Routes, host: &str, path: &str, method: Method) -> Result<String, u16> {
        match routes.find(0, host, path, &method) {
            Ok(route) => Ok(route.labels.route.to_string()),
            Err(problem) => Err(problem.refusal().status),
        }
    }

    fn sample() -> Routes {
        let mut other = route("other-listener", None, "/hidden", &[]);
        other.listeners = vec![1];
        Routes::new(vec![
            route("invoices", None, "/invoices", &[Method::POST]),
            route("narrow", Some("a.example"), "/invoices", &[Method::POST, Method::PUT]),
            route("read", None, "/invoices", &[Method::GET]),
            route("deep", None, "/invoices/archive/", &[]),
            other,
        ])
    }

    #[test]
    fn the_longest_path_wins_on_whole_segments() {
        let routes = sample();
        let post = |path| found(&routes, "x", path, Method::POST);
        assert_eq!(post("/invoices").unwrap(), "invoices");
        assert_eq!(post("/invoices/").unwrap(), "invoices");
        assert_eq!(post("/invoices/7").unwrap(), "invoices");
        assert_eq!(post("/invoices/archive/7").unwrap(), "deep");
        assert_eq!(post("/invoices/archives").unwrap(), "invoices");
        assert_eq!(post("/invoices2"), Err(404));
        assert_eq!(post("/"), Err(404));
    }

    #[test]
    fn a_host_narrows_and_a_method_chooses_among_equals() {
        let routes = sample();
        assert_eq!(found(&routes, "A.example:8443", "/invoices", Method::POST).unwrap(), "narrow");
        assert_eq!(found(&routes, "b.example", "/invoices", Method::GET).unwrap(), "read");
        let refused = routes.find(0, "b.example", "/invoices", &Method::DELETE);
        assert!(matches!(refused, Err(Problem::Method(allow)) if allow == "GET, POST"));
    }

    #[test]
    fn a_route_of_another_listener_is_a_misdirected_request() {
        assert_eq!(found(&sample(), "x", "/hidden", Method::GET), Err(421));
    }

    #[test]
    fn a_path_cannot_slip_past_its_route() {
        let routes = sample();
        let get = |path| found(&routes, "x", path, Method::GET);
        assert_eq!(get("/%69nvoices").unwrap(), "read");
        assert_eq!(get("//invoices").unwrap(), "read");
        for path in [
            "/x/../invoices",
            "/x/%2e%2E/invoices",
            "/x/..;a/invoices",
            "/x%2finvoices",
            "/x\\invoices",
            "*",
            "/%zz",
            "/%c3%a9/.",
        ] {
            assert_eq!(get(path), Err(400), "{path}");
        }
    }

    #[test]
    fn routes_that_a_request_could_take_equally_well_clash() {
        let clash = |a: Route, b: Route| {
            let (one, other) = (a.clashes(&b), b.clashes(&a));
            assert_eq!(one, other);
            one
        };
        let post = |path| route("post", None, path, &[Method::POST]);
        assert!(clash(post("/a"), post("/a/")));
        assert!(!clash(post("/a"), post("/b")));
        assert!(!clash(post("/a"), route("get", None, "/a", &[Method::GET])));
        assert!(!clash(post("/a"), route("narrow", Some("a.example"), "/a", &[Method::POST])));
        // Whichever stood first would take the POST.
        assert!(clash(post("/a"), route("all", None, "/a", &[])));
        let on = |listener| Route { listeners: vec![listener], ..post("/a") };
        assert!(clash(on(0), post("/a")));
        assert!(!clash(on(0), on(1)));
    }
}
