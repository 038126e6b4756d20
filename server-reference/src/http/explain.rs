//! What a caller is told of a failure.

use http::HeaderValue;
use http::header::RETRY_AFTER;

use crate::problem::{Code, Failure, Problem};
use crate::store;

/// A failure that is nobody else's business.
pub(super) fn internal() -> Problem {
    Problem::new(
        Code::InternalError,
        "Something went wrong on our side. Try again; name the request id if it stays.",
    )
}

/// What the caller is told; the log gets the rest.
pub(crate) fn explain(failure: Failure, request_id: &str) -> Problem {
    match failure {
        Failure::Problem(problem) => *problem,
        Failure::Store(error) if store::is_unavailable(&error) => {
            tracing::error!(request_id, %error, "the database takes no requests");
            Problem::new(
                Code::ServiceUnavailable,
                "The database takes no requests at the moment. Try again shortly.",
            )
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
        }
        Failure::Store(error) => {
            tracing::error!(request_id, %error, "the database refused a query");
            internal()
        }
        Failure::Conflict => {
            tracing::error!(request_id, "other transactions were faster each time");
            Problem::new(
                Code::ServiceUnavailable,
                "Too many writes meet here at the moment. Try again shortly.",
            )
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
        }
        Failure::Internal(reason) => {
            tracing::error!(request_id, reason, "internal error");
            internal()
        }
    }
}
