//! Passwords: argon2 hashes, checked a few at a time and taking as long for a name that nobody has.

use std::collections::HashMap;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::limits::{PASSWORD_BYTES, PASSWORD_CHECKS};

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct User {
    name: String,
    hash: String,
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
    /// Somebody with a name and the PHC hash of a password.
    ///
    /// # Errors
    /// [`BadHash`] when it is none, or not one of argon2.
    pub fn new(name: impl Into<String>, hash: impl Into<String>) -> Result<Self, BadHash> {
        let hash = hash.into().trim().to_owned();
        let parsed = PasswordHash::new(&hash).map_err(|error| BadHash(error.to_string()))?;
        if !parsed.algorithm.as_str().starts_with("argon2") || parsed.hash.is_none() {
            return Err(BadHash("it is of another kind, or has no hash".to_owned()));
        }
        Ok(Self { name: name.into(), hash })
    }
}

/// Checks passwords.
pub(super) struct Passwords {
    hashes: HashMap<String, Arc<str>>,
    /// What the password of a name that nobody has is checked against.
    nobody: Arc<str>,
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(users: Vec<User>) -> Self {
        let nobody = users.first().map_or_else(|| "".into(), |user| user.hash.as_str().into());
        Self {
            hashes: users.into_iter().map(|user| (user.name, user.hash.into())).collect(),
            nobody,
            permits: Arc::new(Semaphore::new(PASSWORD_CHECKS)),
        }
    }

    /// Whether this is the password of this name.
    pub(super) async fn check(&self, name: &str, password: &str) -> bool {
        if password.len() > PASSWORD_BYTES {
            return false;
        }
        let known = self.hashes.get(name);
        let hash = known.unwrap_or(&self.nobody).clone();
        let Ok(permit) = self.permits.clone().acquire_owned().await else {
            return false;
        };
        let password = password.to_owned();
        let checked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let hash = PasswordHash::new(&hash)?;
            Argon2::default().verify_password(password.as_bytes(), &hash)
        });
        matches!(checked.await, Ok(Ok(()))) && known.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn takes_the_password_of_the_name_alone() {
        let ana = User::new("ana", hash_password("correct horse").unwrap()).unwrap();
        let ivo = User::new("ivo", hash_password("battery staple").unwrap()).unwrap();
        let passwords = Passwords::new(vec![ana, ivo]);
        assert!(passwords.check("ana", "correct horse").await);
        assert!(!passwords.check("ana", "battery staple").await);
        assert!(!passwords.check("nobody", "correct horse").await);
        assert!(!passwords.check("ana", &"x".repeat(PASSWORD_BYTES + 1)).await);
    }

    #[test]
    fn refuses_what_is_no_argon2_hash() {
        for text in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1"] {
            assert!(User::new("ana", text).is_err(), "{text}");
        }
    }
}
