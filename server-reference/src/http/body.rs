//! Reads a request's body within its limits.

use axum::body::{Body, Bytes};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;

use crate::problem::{Code, Problem};

/// How much of a body that is too large is still read, so that its sender gets to read the answer instead of a reset.
const DRAINED: usize = 16 << 20;

/// Reads a body of at most `limit` bytes, in at most `timeout`.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    timeout: std::time::Duration,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let keep = announced.is_none_or(|length| length <= limit);
    match tokio::time::timeout(timeout, collect(body, limit, keep)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let detail = format!(
                "The request did not arrive within {} seconds. Send it again.",
                timeout.as_secs()
            );
            Err(closing(Problem::new(Code::RequestTimeout, detail)))
        }
    }
}

async fn collect(mut body: Body, limit: usize, mut keep: bool) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(closing(Problem::new(
                Code::MalformedRequest,
                "The body was cut off. Send it again.",
            )));
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen += data.len();
        if seen > limit {
            keep = false;
            bytes = Vec::new();
        }
        if seen > limit + DRAINED {
            break;
        }
        if keep {
            bytes.extend_from_slice(&data);
        }
    }
    if keep {
        return Ok(bytes.into());
    }
    let detail = format!(
        "The body is larger than {} MiB. Split the request.",
        limit >> 20
    );
    let problem = Problem::new(Code::PayloadTooLarge, detail);
    Err(if seen > limit + DRAINED {
        closing(problem)
    } else {
        problem
    })
}

/// What follows on the connection cannot be told from the rest of the body.
fn closing(problem: Problem) -> Problem {
    problem.with_header(http::header::CONNECTION, HeaderValue::from_static("close"))
}
