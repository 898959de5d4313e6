//! Passwords: argon2 hashes, checked a few at a time on threads that give way to requests, and taking as long for a name that
//! nobody has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rustix::process::setpriority_process;
use tallygate_serve::{Holder, Share, Shares};
use tokio::sync::{Semaphore, oneshot};

use super::role::Role;
use crate::limits::{PASSWORD_BYTES, PASSWORD_CHECKS, PASSWORD_NICE, PASSWORDS_WAITING};

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct User {
    name: String,
    hash: String,
    role: Role,
}

/// The text is no hash of a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an argon2 hash in PHC form, such as $argon2id$v=19$m=19456,t=2,p=1$…: {0}")]
pub struct BadHash(String);

/// Hashes a password with argon2id and a fresh salt, in PHC form.
///
/// # Errors
/// When it is empty or longer than [`PASSWORD_BYTES`].
pub fn hash_password(password: &str) -> Result<String, String> {
    if password.is_empty() || password.len() > PASSWORD_BYTES {
        return Err(format!("a password must have 1 to {PASSWORD_BYTES} bytes, has {}", password.len()));
    }
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

impl User {
    /// Somebody with a name, the PHC hash of a password, and what it may do.
    ///
    /// # Errors
    /// [`BadHash`] when it is none, or not one of argon2.
    pub fn new(name: impl Into<String>, hash: impl Into<String>, role: Role) -> Result<Self, BadHash> {
        let hash = hash.into().trim().to_owned();
        let parsed = PasswordHash::new(&hash).map_err(|error| BadHash(error.to_string()))?;
        if !parsed.algorithm.as_str().starts_with("argon2") || parsed.hash.is_none() {
            return Err(BadHash("it is of another kind, or has no hash".to_owned()));
        }
        Ok(Self { name: name.into(), hash, role })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }
}

/// Checks passwords.
pub(super) struct Passwords {
    hashes: HashMap<String, Arc<str>>,
    /// What the password of a name that nobody has is checked against.
    nobody: Arc<str>,
    permits: Arc<Semaphore>,
    /// Those that are checked or wait to be; each address has its share, and whoever got in from where it is before.
    turns: Arc<Shares>,
}

/// The right to wait until a password is checked.
pub(super) struct Turn(Share);

/// As many passwords are being checked as may be.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("as many passwords wait to be checked as may, try again in a moment")]
pub(super) struct Busy;

impl Passwords {
    pub(super) fn new(users: Vec<User>) -> Self {
        let nobody = users.first().map_or_else(|| "".into(), |user| user.hash.as_str().into());
        Self {
            hashes: users.into_iter().map(|user| (user.name, user.hash.into())).collect(),
            nobody,
            permits: Arc::new(Semaphore::new(PASSWORD_CHECKS)),
            turns: Shares::new(PASSWORDS_WAITING),
        }
    }

    /// A place among those that wait, for a name at an address that it got in from before, or that is as good as any other there.
    pub(super) fn turn(&self, address: IpAddr, name: &str, got_in_before: bool) -> Result<Turn, Busy> {
        let holder = match got_in_before {
            true => Holder::Known(format!("{name} {address}").into()),
            false => Holder::at(address),
        };
        self.turns.take(&holder, 1).map(Turn).map_err(|_| Busy)
    }

    /// Whether this is the password of this name.
    pub(super) async fn check(&self, turn: Turn, name: &str, password: &str) -> bool {
        if password.len() > PASSWORD_BYTES {
            return false;
        }
        let known = self.hashes.get(name);
        let hash = known.unwrap_or(&self.nobody).clone();
        let Ok(permit) = self.permits.clone().acquire_owned().await else {
            return false;
        };
        let password = password.to_owned();
        let (answer, answered) = oneshot::channel();
        // A thread of its own, since one that has given way cannot take that back; it costs little beside the check.
        let started = std::thread::Builder::new().name("password".into()).spawn(move || {
            // Held until it is checked, whoever still waits for it.
            let (_permit, _turn) = (permit, turn.0);
            step_back();
            let right = PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            // Nobody waits any more where this fails.
            let _ = answer.send(right);
        });
        if let Err(error) = started {
            tracing::error!("no thread to check a password: {error}");
        }
        answered.await.unwrap_or(false) && known.is_some()
    }
}

/// Gives this thread less of the processor than those of requests. On Linux a priority is each thread's own.
fn step_back() {
    if let Err(error) = setpriority_process(None, PASSWORD_NICE) {
        tracing::warn!("passwords are checked with the priority of requests: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    #[tokio::test]
    async fn takes_the_password_of_the_name_alone() {
        let user = |name: &str, password: &str| User::new(name, hash_password(password).unwrap(), Role::Admin).unwrap();
        let passwords = Passwords::new(vec![user("ana", "correct horse"), user("ivo", "battery staple")]);
        let check = async |name: &str, password: &str| {
            let turn = passwords.turn(HERE, "ana", false).unwrap();
            passwords.check(turn, name, password).await
        };
        assert!(check("ana", "correct horse").await);
        assert!(!check("ana", "battery staple").await);
        assert!(!check("nobody", "correct horse").await);
        assert!(!check("ana", &"x".repeat(PASSWORD_BYTES + 1)).await);
    }

    #[test]
    fn an_address_with_many_that_wait_is_refused_and_leaves_turns_to_others() {
        let passwords = Passwords::new(Vec::new());
        let waiting: Vec<Turn> = std::iter::from_fn(|| passwords.turn(HERE, "ana", false).ok()).collect();
        assert!(waiting.len() < PASSWORDS_WAITING, "{}", waiting.len());
        assert!(passwords.turn(THERE, "ana", false).is_ok());
        drop(waiting);
        assert!(passwords.turn(HERE, "ana", false).is_ok());
    }

    #[test]
    fn however_many_addresses_wait_who_got_in_before_has_a_turn() {
        let passwords = Passwords::new(Vec::new());
        let address = |n: u32| IpAddr::V4((0x0a00_0000 + n).into());
        let waiting: Vec<Turn> = (0..1000).filter_map(|n| passwords.turn(address(n), "root", false).ok()).collect();
        assert!(waiting.len() < PASSWORDS_WAITING, "{}", waiting.len());
        assert!(passwords.turn(address(2000), "ana", false).is_err());
        assert!(passwords.turn(address(2000), "ana", true).is_ok());
    }

    #[test]
    fn refuses_what_is_no_argon2_hash() {
        for text in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1"] {
            assert!(User::new("ana", text, Role::Admin).is_err(), "{text}");
        }
    }
}
