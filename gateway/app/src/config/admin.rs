//! `[admin]`: where operators connect, and what each of them may do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use tallygate_console::admin::{Role, Token, User};
use tallygate_front::{Fingerprint, InvalidOption};

use super::document::Located;
use super::table::Table;
use super::{address, server_tls};

/// The fewest bytes of a token: a shorter one can be guessed, and an empty one needs no guessing.
const TOKEN_BYTES: usize = 16;
/// The most letters of a name.
const NAME_CHARS: usize = 64;
/// Who the token without a name of its own stands for.
const TOKEN_NAME: &str = "token";

/// Where operators connect, and who they are.
pub struct AdminOptions {
    /// The address.
    pub address: SocketAddr,
    /// The server's certificate and key.
    pub tls: Arc<ServerConfig>,
    /// The people.
    pub users: Vec<User>,
    /// The programs, with the one that sends [`token`](Self::token).
    pub tokens: Vec<Token>,
    /// The token of the command line, which may do everything.
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
    let users = users(table);
    let token = secret(table, "token");
    let tokens = tokens(table, token.as_ref());
    if users.is_empty() && tokens.is_empty() {
        let problem = "has neither users nor tokens, so nobody could get in; users = [{ name = \"…\", password_hash = \"…\" }] or a \
                       token would be right, or no [admin] at all";
        table.document().also("admin", problem);
    }
    let ca = table.file("ca").map(|ca| ca.value).or(certificate);
    table.close();
    let token = token.map(|token| token.value);
    Some(AdminOptions { address: address?, tls: server?, users, tokens, token, ca: ca? })
}

fn users(table: &Table<'_>) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    for table in table.tables("users") {
        let (name, hash, role) = (name(&table), table.required("password_hash"), role(&table));
        table.close();
        let (Some(name), Some(hash), Some(role)) = (name, hash, role) else { continue };
        if users.iter().any(|known| known.name() == name.value) {
            table.document().problem_with(&name, format_args!("there is a user {:?} already", name.value));
            continue;
        }
        let wrong = |problem| table.document().problem(&hash.key, problem);
        users.extend(User::new(name.value, hash.value.clone(), role).map_err(wrong));
    }
    users
}

/// The programs' tokens, after the one without a name.
fn tokens(table: &Table<'_>, nameless: Option<&Located<String>>) -> Vec<Token> {
    let mut tokens: Vec<Token> =
        nameless.iter().map(|token| Token::from_text(TOKEN_NAME, &token.value, Role::default())).collect();
    for table in table.tables("tokens") {
        let (name, role, text) = (name(&table), role(&table), secret(&table, "token"));
        let hash = table.parsed::<Fingerprint>("token_sha256");
        if table.has("token") == table.has("token_sha256") {
            table.problem("needs one of \"token\" and \"token_sha256\"");
        }
        table.close();
        let (Some(name), Some(role)) = (name, role) else { continue };
        let token = match (text, hash) {
            (Some(text), _) => Token::from_text(&name.value, &text.value, role),
            (None, Some(hash)) => Token::from_sha256(&name.value, hash.value.0, role),
            (None, None) => continue,
        };
        if name.value == TOKEN_NAME || tokens.iter().any(|known| known.name() == token.name()) {
            table.document().problem_with(&name, format_args!("there is a token {:?} already", name.value));
        } else if let Some(known) = tokens.iter().find(|known| known.is_same(&token)) {
            table.problem(format_args!("is the token of {:?} too, another one would be right", known.name()));
        } else {
            tokens.push(token);
        }
    }
    tokens
}

/// A name that reads the same wherever it is logged. One with a colon could never log in with a request (RFC 7617, 2).
fn name(table: &Table<'_>) -> Option<Located<String>> {
    let name = table.required("name")?;
    let plain = |letter: char| !letter.is_control() && letter != ':';
    if (1..=NAME_CHARS).contains(&name.value.chars().count()) && name.value.chars().all(plain) {
        return Some(name);
    }
    let problem = format_args!("must be 1 to {NAME_CHARS} characters, without control characters and colons");
    table.document().problem_with(&name, problem);
    None
}

/// What somebody may do: everything, unless it says less.
fn role(table: &Table<'_>) -> Option<Role> {
    match table.has("role") {
        true => table.parsed::<Role>("role").map(|role| role.value),
        false => Some(Role::default()),
    }
}

/// A token as it is sent.
fn secret(table: &Table<'_>, key: &str) -> Option<Located<String>> {
    let token = table.string(key)?;
    if token.value.len() < TOKEN_BYTES {
        let problem =
            format_args!("has {} bytes, at least {TOKEN_BYTES} random ones would be right", token.value.len());
        table.document().problem_with(&token, problem);
    }
    Some(token)
}
