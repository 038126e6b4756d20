//! Errors as plain fields, out of which each language makes its exception.

use std::ops::Deref;

use approute::{Error, ErrorKind, Outcome};
use bytes::Bytes;
use serde::Serialize;

use crate::answer::headers_of;

/// An error of the tree that all SDKs share. It dereferences to its [`Details`].
#[derive(Debug, Clone, Serialize)]
pub struct Failure(Box<Details>);

impl Deref for Failure {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl Failure {
    /// What it says, to be taken apart.
    pub fn into_details(self) -> Details {
        *self.0
    }
}

/// Everything that an error says.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    /// The name of its class, such as `NotFoundError`. `ApprouteError` alone is a fault of the SDK itself.
    pub class: &'static str,
    /// What happened, without status, tries and request id.
    pub message: String,
    /// The one line that the error prints as.
    pub text: String,
    /// The answer's status, where there was an answer.
    pub status: Option<u16>,
    /// The API's code.
    pub code: Option<String>,
    /// The fields that the server refused.
    pub errors: Vec<FieldProblem>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// The answer's headers in order; names are in lower case.
    pub headers: Vec<(String, String)>,
    /// The answer's body.
    #[serde(skip)]
    pub body: Bytes,
    /// Tries that were started.
    pub attempts: u32,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// The key that every try carried.
    pub idempotency_key: Option<String>,
    /// `not_sent`, `rejected`, `applied` or `unknown`.
    pub outcome: &'static str,
    /// What a person has to confirm, on a `ConfirmationRequiredError`.
    pub confirmation: Option<RequiredConfirmation>,
    /// Why a webhook was refused: `no_signature`, `malformed`, `no_match`, `too_old` or `in_future`.
    pub webhook_failure: Option<&'static str>,
    /// On a `ConfigurationError`: which of the language's own errors it is too.
    pub language_type: LanguageType,
}

/// Which of a language's own errors a bad argument is as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LanguageType {
    /// It is no bad argument.
    None,
    /// Of the wrong type, unknown or missing: TypeError.
    Type,
    /// Of the right type with a value that cannot be: ValueError, RangeError, ArgumentError.
    Value,
}

/// A field that the server refused.
#[derive(Debug, Clone, Serialize)]
pub struct FieldProblem {
    /// Where it is: a JSON pointer, or `query:<name>`.
    pub pointer: String,
    /// A stable word for what is wrong.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

/// What a person has to confirm.
#[derive(Debug, Clone, Serialize)]
pub struct RequiredConfirmation {
    /// The token that lets the call through.
    pub token: String,
    /// How many links it would delete.
    pub delete_count: i64,
    /// Until when the token works, RFC 3339.
    pub expires_at: String,
}

impl Failure {
    /// An argument that cannot be used.
    pub fn bad_argument(language_type: LanguageType, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            language_type,
            ..Details::local("ConfigurationError", message.into())
        }))
    }

    /// A fault of the SDK itself, such as a panic.
    pub fn internal(message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            // It may have happened after the request was sent.
            outcome: Outcome::Unknown.as_str(),
            ..Details::local("ApprouteError", message.into())
        }))
    }

    /// All fields but the body as JSON, for languages that read an object out of text fastest.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of them: nothing in it can fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Details {
    fn local(class: &'static str, message: String) -> Self {
        Self {
            class,
            text: message.clone(),
            message,
            status: None,
            code: None,
            errors: Vec::new(),
            request_id: None,
            headers: Vec::new(),
            body: Bytes::new(),
            attempts: 0,
            retryable: false,
            idempotency_key: None,
            outcome: Outcome::NotSent.as_str(),
            confirmation: None,
            webhook_failure: None,
            language_type: LanguageType::None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        Self(Box::new(Details {
            class: class_of(kind),
            message: error.message().to_owned(),
            text: error.to_string(),
            status: error.status().map(|status| status.as_u16()),
            code: error.code().map(str::to_owned),
            errors: error
                .errors()
                .iter()
                .map(|field| FieldProblem {
                    pointer: field.pointer.clone(),
                    code: field.code.to_string(),
                    message: field.message.clone(),
                })
                .collect(),
            request_id: error.request_id().map(str::to_owned),
            headers: headers_of(error.headers()),
            body: Bytes::copy_from_slice(error.body()),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
            idempotency_key: error.idempotency_key().map(str::to_owned),
            outcome: error.outcome().as_str(),
            confirmation: error.confirmation().map(|asked| RequiredConfirmation {
                token: asked.token.clone(),
                delete_count: asked.delete_count,
                expires_at: asked
                    .expires_at
                    .to_rfc3339_opts(approute::chrono::SecondsFormat::AutoSi, true),
            }),
            webhook_failure: error.webhook_failure().map(|failure| failure.as_str()),
            language_type: match kind {
                ErrorKind::Configuration => LanguageType::Value,
                _ => LanguageType::None,
            },
        }))
    }
}

/// The class that a kind is in every language.
fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Connection => "APIConnectionError",
        ErrorKind::Timeout => "APITimeoutError",
        ErrorKind::Decode => "DecodeError",
        ErrorKind::Configuration => "ConfigurationError",
        ErrorKind::WebhookVerification => "WebhookVerificationError",
        ErrorKind::BadRequest => "BadRequestError",
        ErrorKind::Authentication => "AuthenticationError",
        ErrorKind::PermissionDenied => "PermissionDeniedError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::Conflict => "ConflictError",
        ErrorKind::ConfirmationRequired => "ConfirmationRequiredError",
        ErrorKind::PreconditionFailed => "PreconditionFailedError",
        ErrorKind::UnprocessableEntity => "UnprocessableEntityError",
        ErrorKind::RateLimit => "RateLimitError",
        ErrorKind::Server => "ServerError",
        _ => "APIError",
    }
}
