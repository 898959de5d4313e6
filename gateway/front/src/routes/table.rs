//! The table of all routes.

use std::borrow::Cow;
use std::ptr;

use http::Method;

use super::path::{RequestPath, covers, with_empty_segments};
use super::route::Route;
use crate::problem::Problem;

/// All routes, those that win first.
pub(crate) struct Routes(Vec<Route>);

/// A request's route, and its path as it was compared and goes on.
pub(crate) struct Found<'r, 'p> {
    pub(crate) route: &'r Route,
    pub(crate) path: Cow<'p, str>,
}

impl Routes {
    pub(crate) fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse((route.path.len(), route.host.is_some())));
        Self(routes)
    }

    /// The route of a request, or why there is none. `host` is a name without a port. However a server behind reads the
    /// path that goes on, it is this route's; a path of which that cannot be said is refused.
    pub(crate) fn find<'p>(
        &self,
        listener: usize,
        host: &str,
        path: &'p str,
        method: &Method,
    ) -> Result<Found<'_, 'p>, Problem> {
        let RequestPath { text, strict, loose, doubled } = RequestPath::read(path).ok_or(Problem::Path)?;
        let route = self.by_key(listener, host, &strict, method)?;
        let same = |key: &[u8]| self.by_key(listener, host, key, method).is_ok_and(|other| ptr::eq(other, route));
        if !loose.iter().all(|loose| same(loose)) {
            return Err(Problem::Path);
        }
        let path = match doubled {
            Some((with_empty, single)) if !same(&with_empty) => single.into(),
            _ => text,
        };
        if !with_empty_segments(&path).iter().all(|key| same(key)) {
            return Err(Problem::Path);
        }
        Ok(Found { route, path })
    }

    fn by_key(&self, listener: usize, host: &str, path: &[u8], method: &Method) -> Result<&Route, Problem> {
        let mut best: Option<(usize, bool)> = None;
        let mut allowed: Vec<&Method> = Vec::new();
        let mut elsewhere = false;
        for route in &self.0 {
            if !covers(&route.path, path) || !route.is_for(host) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;

    fn route(name: &str, host: Option<&str>, path: &str, methods: &[Method]) -> Route {
        Route { host: host.map(Into::into), methods: methods.to_vec(), ..Route::bare(name, path) }
    }

    fn found(routes: &Routes, host: &str, path: &str, method: Method) -> Result<String, u16> {
        match routes.find(0, Host::read(host).unwrap().name(), path, &method) {
            Ok(found) => Ok(found.route.labels.route.to_string()),
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
        assert_eq!(get("/invoices;v=1/7").unwrap(), "read");
        assert_eq!(get("/invoices/a%2Fb%3Bc%3F").unwrap(), "read");
        for path in [
            "/x/../invoices",
            "/x/%2e%2E/invoices",
            "/x/..;a/invoices",
            "/invoices/..%3ba/x",
            "/invoices/..%2fx",
            "/invoices/a%2f.%2fx",
            "/invoices/../x",
            "/invoices/archive%2f7",
            "/invoices/archive%3Fa",
            "/x\\invoices",
            "/invoices%5cx",
            "/invoices/%00",
            "*",
            "/%zz",
            "/%+f",
            "/%4",
            "/%c3%a9/.",
        ] {
            assert_eq!(get(path), Err(400), "{path}");
        }
        // These are the whole names of what is not there.
        for path in ["/x%2finvoices", "/invoices%2f7", "/invoices%3Ba", "/invoices%3fa"] {
            assert_eq!(get(path), Err(404), "{path}");
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
