//! Everything that can go wrong with a call, in the one form that a caller sees: an RFC 9457 problem.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $status:literal,)*) => {
        /// What went wrong, as the spec's `ErrorCode` names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code that this server gives.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as it is sent.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The status that goes with the code.
            pub fn status(self) -> StatusCode {
                let status = match self { $(Code::$variant => $status,)* };
                StatusCode::from_u16(status).expect("the table holds statuses")
            }
        }
    };
}

codes! {
    MalformedRequest "malformed_request" 400,
    InvalidCursor "invalid_cursor" 400,
    InvalidHeader "invalid_header" 400,
    UnsupportedVersion "unsupported_version" 400,
    InvalidApiKey "invalid_api_key" 401,
    RevokedApiKey "revoked_api_key" 401,
    ReadOnlyKey "read_only_key" 403,
    PlanUpgradeRequired "plan_upgrade_required" 403,
    NotFound "not_found" 404,
    MethodNotAllowed "method_not_allowed" 405,
    NotAcceptable "not_acceptable" 406,
    RequestTimeout "request_timeout" 408,
    SlugTaken "slug_taken" 409,
    ExternalIdTaken "external_id_taken" 409,
    LinkDeleted "link_deleted" 409,
    IdempotencyInFlight "idempotency_in_flight" 409,
    IdempotencyResultGone "idempotency_result_gone" 409,
    RotationInProgress "rotation_in_progress" 409,
    ConfirmationRequired "confirmation_required" 409,
    PreconditionFailed "precondition_failed" 412,
    PayloadTooLarge "payload_too_large" 413,
    UnsupportedMediaType "unsupported_media_type" 415,
    ValidationFailed "validation_failed" 422,
    SlugReserved "slug_reserved" 422,
    BatchRejected "batch_rejected" 422,
    IdempotencyKeyReused "idempotency_key_reused" 422,
    RateLimited "rate_limited" 429,
    InternalError "internal_error" 500,
    ServiceUnavailable "service_unavailable" 503,
}

impl Code {
    /// The kind of problem in a few words: the code, spelled for people.
    fn title(self) -> String {
        let words = self
            .as_str()
            .replace('_', " ")
            .replace("api key", "API key");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }
}

macro_rules! field_codes {
    ($($variant:ident $name:literal,)*) => {
        /// What is wrong with one field, as the spec's `FieldErrorCode` names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum FieldCode { $($variant,)* }

        impl FieldCode {
            /// Every code that this server gives.
            pub const ALL: &'static [FieldCode] = &[$(FieldCode::$variant,)*];

            /// The code as it is sent.
            pub fn as_str(self) -> &'static str {
                match self { $(FieldCode::$variant => $name,)* }
            }
        }
    };
}

field_codes! {
    Required "required",
    UnknownField "unknown_field",
    UnknownParameter "unknown_parameter",
    RepeatedParameter "repeated_parameter",
    InvalidType "invalid_type",
    NotNull "not_null",
    TooShort "too_short",
    TooLong "too_long",
    TooSmall "too_small",
    TooLarge "too_large",
    TooFew "too_few",
    TooMany "too_many",
    Duplicate "duplicate",
    InvalidFormat "invalid_format",
    InvalidValue "invalid_value",
    InvalidUrl "invalid_url",
    InvalidCombination "invalid_combination",
    SlugReserved "slug_reserved",
    SlugTaken "slug_taken",
    ExternalIdTaken "external_id_taken",
    LinkDeleted "link_deleted",
    NotFound "not_found",
    PreconditionFailed "precondition_failed",
}

impl Serialize for FieldCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One field, parameter or item that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer into the body, or `query:<name>`, `header:<name>`.
    pub pointer: String,
    /// What is wrong.
    pub code: FieldCode,
    /// What to do about it.
    pub message: String,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn new(pointer: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            message: message.into(),
        }
    }

    /// The same error inside a larger document.
    pub fn below(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// What a caller needs in order to confirm many deletes.
#[derive(Debug, Clone, Serialize)]
pub struct Confirmation {
    /// Goes into `Approute-Confirmation`.
    pub token: String,
    /// How many links the call would delete.
    pub delete_count: usize,
    /// Until when the token works.
    #[serde(serialize_with = "rfc3339")]
    pub expires_at: DateTime<Utc>,
}

fn rfc3339<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// An answer that is an error.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// This occurrence, in words that say what to do.
    pub detail: Cow<'static, str>,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// The link that stands in the way, where it belongs to the same workspace.
    pub conflicting_link_id: Option<String>,
    /// How to confirm, for `confirmation_required`.
    pub confirmation: Option<Box<Confirmation>>,
    /// Headers that belong to this answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with this code; `detail` says what to do.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            conflicting_link_id: None,
            confirmation: None,
            headers: Vec::new(),
        }
    }

    /// Fields or parameters that are wrong (422).
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.message.clone().into(),
            _ => Cow::Borrowed("Several fields are wrong; each is named in `errors`."),
        };
        Self {
            errors,
            ..Self::new(Code::ValidationFailed, detail)
        }
    }

    /// One field that is wrong (422).
    pub fn field(pointer: &str, code: FieldCode, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldError::new(pointer, code, message)])
    }

    /// Nothing with this id in the workspace (404), another workspace's things included.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("There is no {what} with this id in the key's workspace."),
        )
    }

    /// The same problem with one more header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The body of the answer to request `request_id`.
    pub fn body(&self, request_id: &str) -> ProblemBody<'_> {
        let link = format!(
            "https://getapproute.com/docs/api/errors#{}",
            self.code.as_str()
        );
        ProblemBody {
            r#type: link.clone(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id: request_id.to_owned(),
            doc_url: link,
            errors: &self.errors,
            conflicting_link_id: self.conflicting_link_id.as_deref(),
            confirmation: self.confirmation.as_deref(),
        }
    }
}

/// A problem as it is sent.
#[derive(Debug, Serialize)]
pub struct ProblemBody<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: String,
    doc_url: String,
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicting_link_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<&'a Confirmation>,
}

/// Why a call ended without its normal answer.
#[derive(Debug)]
pub enum Failure {
    /// Something that the caller is told.
    Problem(Box<Problem>),
    /// The database failed; the caller is told no more than that, the log has the rest.
    Store(sqlx::Error),
    /// Another transaction was faster, so that this one has to be repeated.
    Conflict,
    /// Our own mistake, such as a stored document that no longer decodes.
    Internal(String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
