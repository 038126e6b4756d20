//! Passwords of links, kept as argon2id.

use std::collections::HashMap;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::problem::Failure;

/// Each hash takes 19 MiB for a moment; this many at once.
static PLACES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// Hashes every password of a body, before the transaction begins: hashing takes its time on purpose, and must not
/// hold up other writers. A password that a batch gives to many links is hashed once.
pub async fn hash_all(body: &Value) -> Result<HashMap<String, String>, Failure> {
    let mut hashes = HashMap::new();
    for password in passwords(body) {
        if !hashes.contains_key(password) {
            hashes.insert(password.to_owned(), hash(password.to_owned()).await?);
        }
    }
    Ok(hashes)
}

async fn hash(password: String) -> Result<String, Failure> {
    let hashed = aside(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    });
    hashed
        .await?
        .map_err(|error| Failure::Internal(format!("cannot hash a password: {error}")))
}

/// Whether a password belongs to a hash.
pub async fn verify(password: String, hash: String) -> Result<bool, Failure> {
    let verified =
        aside(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()));
    match verified.await? {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(Failure::Internal(format!(
            "a stored password cannot be read: {error}"
        ))),
    }
}

/// Does something slow where it holds up nobody.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let _place = PLACES.acquire().await;
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::Internal(format!("hashing a password failed: {error}")))
}

/// The passwords of a link, an update, or a batch of them.
fn passwords(body: &Value) -> impl Iterator<Item = &str> {
    let items = ["create", "update"]
        .into_iter()
        .filter_map(|list| body[list].as_array())
        .flatten();
    std::iter::once(body)
        .chain(items)
        .filter_map(|item| item["password"].as_str())
}
