//! `[admin]`: where operators connect.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use tallygate_console::admin::User;
use tallygate_front::InvalidOption;

use super::table::Table;
use super::{address, server_tls};

/// The fewest bytes of a token: a shorter one can be guessed, and an empty one needs no guessing.
const TOKEN_BYTES: usize = 16;

/// Where operators connect, and who they are.
pub struct AdminOptions {
    /// The address.
    pub address: SocketAddr,
    /// The server's certificate and key.
    pub tls: Arc<ServerConfig>,
    /// The people.
    pub users: Vec<User>,
    /// The token of programs such as the command line.
    pub token: Option<String>,
    /// The authority by which the command line knows the server, PEM; the server's own certificate when none is named.
    pub ca: PathBuf,
}

/// None when something is wrong that a problem was noted for.
pub(super) fn read(table: &Table<'_>) -> Option<AdminOptions> {
    let address = address::read(table);
    table.must_have("tls", ": passwords go over HTTPS alone");
    let tls = table.table("tls");
    let certificate = tls.as_ref().and_then(|tls| tls.path("certificate")).map(|certificate| certificate.value);
    let files = tls.and_then(|tls| server_tls::read(&tls));
    let server = files.as_ref().and_then(|files| {
        let wrong = |wrong: InvalidOption| {
            table.document().problem(&table.path_of(&format!("tls.{}", wrong.key)), wrong.message);
        };
        files.server().map_err(wrong).ok()
    });
    let users = table.tables("users").iter().filter_map(user).collect();
    let token = table.string("token");
    if let Some(short) = token.as_ref().filter(|token| token.value.len() < TOKEN_BYTES) {
        let problem =
            format_args!("has {} bytes, at least {TOKEN_BYTES} random ones would be right", short.value.len());
        table.document().problem_with(short, problem);
    }
    let token = token.map(|token| token.value);
    let ca = table.file("ca").map(|ca| ca.value).or(certificate);
    table.close();
    Some(AdminOptions { address: address?, tls: server?, users, token, ca: ca? })
}

fn user(table: &Table<'_>) -> Option<User> {
    let (name, hash) = (table.required("name"), table.required("password_hash"));
    table.close();
    let (name, hash) = (name?, hash?);
    let wrong = |problem| table.document().problem(&hash.key, problem);
    User::new(name.value, hash.value.clone()).map_err(wrong).ok()
}
