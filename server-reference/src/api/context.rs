//! What handlers work with.

use std::collections::HashMap;

use approute::Secret;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlx::AnyConnection;

use crate::app::App;
use crate::clock::Micros;
use crate::problem::{Code, Failure, Problem};
use crate::store::keys::Caller;
use crate::validate::items::Rejected;

/// A checked request, not yet decoded. It holds passwords and tokens, so that it has no `Debug`.
#[derive(Default)]
pub struct Input {
    /// Path parameters, in the order of the path.
    pub path: Vec<String>,
    /// Query and header parameters by name.
    pub parameters: Map<String, Value>,
    /// The body.
    pub body: Value,
    /// Items of a batch that broke the schema; they are no longer in the body.
    pub rejected: Rejected,
    /// Passwords of the body with their hashes, made before the transaction began.
    pub passwords: HashMap<String, String>,
    /// The token that confirms many deletes.
    pub confirmation: Option<String>,
}

impl Input {
    /// The path parameter at this place.
    pub fn path(&self, index: usize) -> String {
        self.path.get(index).cloned().unwrap_or_default()
    }

    /// The query and header parameters.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        decode(&Value::Object(self.parameters.clone()))
    }

    /// The body.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        decode(&self.body)
    }
}

/// What passed the schema decodes; where it does not, the caller is told rather than served a 500.
fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    T::deserialize(value).map_err(|error| {
        let detail = format!("The request cannot be read: {error}.");
        Problem::new(Code::ValidationFailed, detail).into()
    })
}

/// What a reading handler works with.
pub struct Read<'a> {
    /// The server.
    pub app: &'a App,
    /// Who calls.
    pub caller: &'a Caller,
    /// The database.
    pub connection: &'a mut AnyConnection,
    /// The time of the request.
    pub now: Micros,
    /// The request's headers.
    pub headers: &'a HeaderMap,
}

/// What a writing handler works with. Its transaction is committed together with the idempotency key, the answer and
/// the access log; where the handler fails, only its own writes are taken back.
pub struct Write<'a> {
    /// The server.
    pub app: &'a App,
    /// Who calls.
    pub caller: &'a Caller,
    /// The transaction.
    pub tx: &'a mut AnyConnection,
    /// The time of the request.
    pub now: Micros,
    /// The request's id.
    pub request_id: &'a str,
    /// The operation's id.
    pub operation: &'static str,
    /// The request.
    pub input: &'a Input,
    /// Whether the last try met something that nobody would have expected, so that this one looks first.
    pub careful: bool,
    /// What other parts have to know once it is committed.
    pub changes: Vec<Change>,
    /// A confirmation to store although the handler fails.
    pub confirmation: Option<PendingConfirmation>,
    /// A secret that the caller is shown, but that is not stored with the answer.
    pub reveal: Option<Reveal>,
}

/// A secret that belongs into an answer.
#[derive(Debug, Clone)]
pub struct Reveal {
    /// The webhook that it signs for.
    pub webhook_id: String,
    /// Which of the webhook's secrets it is.
    pub version: i64,
    /// The secret.
    pub secret: Secret,
}

/// What a write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The link at this domain and slug is not what it was.
    Link {
        /// Its domain.
        domain: String,
        /// Its slug, lower case.
        slug_key: String,
    },
    /// Deliveries are in the queue.
    Deliveries,
}

/// A token that was given out for many deletes.
#[derive(Debug, Clone)]
pub struct PendingConfirmation {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// SHA-256 of the exact ids.
    pub targets: Vec<u8>,
    /// The ids themselves, for the person who may have to approve it.
    pub ids: Vec<String>,
    /// How many links it is about.
    pub delete_count: i64,
    /// Until when it works.
    pub expires_at: Micros,
}
