//! Whatever a server behind makes of the path that it gets, it is a path of the route that was taken.

use http::Method;
use proptest::prelude::*;
use proptest::sample::select;

use super::path::of_route;
use super::route::Route;
use super::table::Routes;

/// What a server does with a path before it looks what is there.
#[derive(Clone, Copy, Debug)]
struct Server {
    /// Before it splits the path into segments, else within each of them.
    decodes_first: bool,
    /// `//` is `/` to it.
    merges_slashes: bool,
    /// A query begins at a question mark that it has decoded.
    cuts_queries: bool,
    /// And a fragment at such a number sign.
    cuts_fragments: bool,
}

impl Server {
    fn all() -> impl Iterator<Item = Self> {
        (0..16).map(|bits| Self {
            decodes_first: bits & 1 != 0,
            merges_slashes: bits & 2 != 0,
            cuts_queries: bits & 4 != 0,
            cuts_fragments: bits & 8 != 0,
        })
    }

    /// The segments of what it would serve.
    fn resolved(self, path: &str) -> Vec<String> {
        let mut path = path.to_owned();
        if self.decodes_first {
            path = decoded(&path);
            if self.cuts_queries {
                path = path.split('?').next().unwrap().to_owned();
            }
            if self.cuts_fragments {
                path = path.split('#').next().unwrap().to_owned();
            }
        }
        let mut resolved: Vec<String> = Vec::new();
        for segment in path.split('/').skip(1) {
            let segment = segment.split(';').next().unwrap();
            let segment = if self.decodes_first { segment.to_owned() } else { decoded(segment) };
            match &*segment {
                "." => {}
                ".." => _ = resolved.pop(),
                "" if self.merges_slashes => {}
                _ => resolved.push(segment),
            }
        }
        while resolved.last().is_some_and(String::is_empty) {
            resolved.pop();
        }
        resolved
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// The route of these segments, by its path: of those that they begin with, the longest.
fn route_of<'r>(paths: &'r [&str], segments: &[String]) -> Option<&'r str> {
    let begins = |path: &&str| {
        let own: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        segments.len() >= own.len() && own.iter().zip(segments).all(|(own, segment)| own == segment)
    };
    paths.iter().copied().filter(begins).max_by_key(|path| path.len())
}

fn route(path: &str) -> Route {
    Route::bare(path, path)
}

const ROUTES: [&str; 7] = ["/", "/a", "/a/b", "/a/b/c", "/b", "/admin", "/a/admin"];

const PIECES: [&str; 34] = [
    "/", "/", "/", "/", "a", "a", "b", "b", "c", "admin", "%61", "%62", "ad%6Din", ".", "..", "%2e", "%2E%2e", ";",
    ";x", ";x=1", "%3b", "%3Bx", "%2f", "%2F", "%5c", "\\", "%3f", "%3Fx", "%23", "%25", "%252e", "%252f", "{",
    "\u{e9}",
];

/// What was found once, and is looked at each time.
#[test]
fn an_encoded_slash_beside_a_plain_one_hides_no_route() {
    let routes = Routes::new(["/", "/a/b"].map(route).into());
    for path in ["/a;%2f/b", "/a%2F/b", "/a/%2fb"] {
        assert!(routes.find(0, "x", path, &Method::GET).is_err(), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn what_was_matched_is_what_a_server_behind_resolves(
        chosen in proptest::sample::subsequence(&ROUTES[..], 1..=7),
        pieces in proptest::collection::vec(select(&PIECES[..]), 0..10),
    ) {
        let routes = Routes::new(chosen.iter().map(|path| route(path)).collect());
        let sent = format!("/{}", pieces.concat());
        let Ok(found) = routes.find(0, "x", &sent, &Method::GET) else {
            return Ok(());
        };
        let taken = &*found.route.labels.route;
        for server in Server::all() {
            let resolved = server.resolved(&found.path);
            prop_assert_eq!(route_of(&chosen, &resolved), Some(taken), "{} as {} by {:?}", sent, found.path, server);
        }
        // What goes on is settled: looked at again, it is the same.
        let again = routes.find(0, "x", &found.path, &Method::GET);
        prop_assert!(again.is_ok_and(|again| again.path == found.path && &*again.route.labels.route == taken));
    }

    #[test]
    fn a_plain_path_is_taken_as_it_is(
        segments in proptest::collection::vec("[a-z0-9_~:@!$&'()*+,=-]{1,8}", 1..6),
        parameters in "(;[a-z]=[0-9]){0,2}",
    ) {
        let routes = Routes::new(vec![route("/")]);
        let sent = format!("/{}{parameters}", segments.join("/"));
        let found = routes.find(0, "x", &sent, &Method::GET).map(|found| found.path.into_owned());
        prop_assert_eq!(found.ok(), Some(sent));
    }
}

#[test]
fn a_path_that_no_request_has_is_no_routes() {
    for (path, right) in [
        ("b", "must begin with \"/\""),
        ("/a?b=c", "must be a path alone"),
        ("/a/../b", "must be plain"),
        ("/a//b", "must be plain"),
        ("/a%2Fb", "must be plain"),
        ("/a%3bb", "must be plain"),
        ("/a\\b", "must be plain"),
        ("/a%zz", "must be plain"),
        ("/a;v=1", "must be without parameters"),
        ("/%7Ea", "must be written as it is compared, \"/~a\""),
        ("/%c3%a9", "must be written as it is compared, \"/%C3%A9\""),
        ("/\u{e9}", "must be written as it is compared, \"/%C3%A9\""),
        ("/a/{id}", "there are no patterns"),
        ("/a/*", "there are no patterns"),
    ] {
        let said = of_route(path).unwrap_err();
        assert!(said.starts_with(&format!("{path:?}")) && said.contains(right), "{said}");
    }
    for path in ["/", "/a/", "/a/b", "/.well-known", "/%C3%A9", "/a%20b", "/a%2A", "/a%7Bb%7D", "/a:b@c"] {
        let routes = Routes::new(vec![route(path)]);
        assert!(routes.find(0, "x", path, &Method::GET).is_ok(), "{path}");
    }
}
