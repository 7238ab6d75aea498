//! Passwords: made, hashed with argon2id, and checked.

use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use super::failure::Failure;

/// The fewest characters of a password that a clerk chooses.
pub const LENGTH_MIN: usize = 12;
/// The most characters.
pub const LENGTH_MAX: usize = 128;

/// Hashes passwords, a few at a time: each takes 19 MiB and a core for some 20 ms.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        const AT_ONCE: usize = 2;
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// What a password is checked against that nobody has, so that an unknown name takes as long as a known one.
static NOBODYS: LazyLock<Option<String>> =
    LazyLock::new(|| generate().ok().and_then(|password| hash(&password).ok()));

fn hash(password: &str) -> Result<String, Failure> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed
        .map(|hash| hash.to_string())
        .map_err(|error| Failure::Broken(format!("hashing a password: {error}")))
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

impl Passwords {
    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`Failure::Broken`] when the system has no randomness to give.
    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        self.work(move || hash(&password)).await?
    }

    /// Whether a password is the one of a hash. Without a hash it takes as long, and is none.
    ///
    /// # Errors
    /// [`Failure::Broken`] when it could not be checked.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Failure> {
        self.work(move || {
            let known = hash.is_some();
            let right = hash.as_ref().or(NOBODYS.as_ref()).is_some_and(|hash| verify(&password, hash));
            right && known
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::Broken(format!("a password's turn: {error}"));
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| broken(&error))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| broken(&error))
    }
}

/// A password to begin with: four groups of four letters and digits, none of which looks like another; 79 bits.
///
/// # Errors
/// [`Failure::Broken`] when the system has no randomness to give.
pub fn generate() -> Result<String, Failure> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let mut bytes = [0_u8; 16];
    random(&mut bytes)?;
    let mut password = String::new();
    for (at, byte) in bytes.into_iter().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            password.push('-');
        }
        let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'x');
        password.push(char::from(letter));
    }
    Ok(password)
}

/// Fills bytes with the system's randomness.
///
/// # Errors
/// [`Failure::Broken`] when it has none to give.
pub fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| Failure::Broken(format!("no randomness: {error}")))
}

/// What a password must be.
///
/// # Errors
/// One that is too short, too long or the clerk's own name.
pub fn check(password: &str, name: &str) -> Result<(), String> {
    let length = password.chars().count();
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
        return Err(format!("a password has {LENGTH_MIN} to {LENGTH_MAX} characters; this one has {length}"));
    }
    if password.to_lowercase().contains(&name.to_lowercase()) {
        return Err("a password does not contain the name".to_owned());
    }
    Ok(())
}
