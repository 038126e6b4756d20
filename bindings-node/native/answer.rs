//! What crosses to JavaScript when a call is over.

use approute::{RateLimit, Response};
use approute_bridge::{Failure, Notice, RawResponse, headers_of};
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::{Array, BufferSlice};
use serde::Serialize;

/// How JavaScript wants the body of a successful answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// As text, to be parsed there.
    Text,
    /// As bytes.
    Bytes,
    /// Not at all.
    Nothing,
}

impl Reading {
    pub(crate) fn of(number: u32) -> Self {
        match number {
            0 => Self::Text,
            1 => Self::Bytes,
            _ => Self::Nothing,
        }
    }

    /// Makes the answer's value, on whichever thread the answer came.
    pub(crate) fn read(self, raw: RawResponse) -> Result<Answer, Failure> {
        let body = match self {
            Self::Text if raw.body().is_ascii() => Body::Ascii(raw.body().clone()),
            Self::Text if std::str::from_utf8(raw.body()).is_ok() => Body::Utf8(raw.body().clone()),
            Self::Text => return Err(raw.undecodable("it is not UTF-8").into()),
            Self::Bytes => Body::Bytes(raw.body().clone()),
            Self::Nothing => Body::Nothing,
        };
        let facts = facts(raw);
        Ok(Answer { body, facts })
    }
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    /// The facts of the response, as JSON: read only by those who ask for them.
    facts: String,
}

#[derive(Debug)]
enum Body {
    /// One byte for each character, as V8 keeps it.
    Ascii(Bytes),
    Utf8(Bytes),
    Bytes(Bytes),
    Nothing,
}

#[derive(Serialize)]
struct Facts<'a> {
    status: u16,
    headers: Vec<(String, String)>,
    request_id: Option<&'a str>,
    rate_limit: Option<Limit>,
    attempts: u32,
    replayed: bool,
    idempotency_key: Option<String>,
}

#[derive(Serialize)]
struct Limit {
    limit: u64,
    remaining: u64,
    reset: u64,
}

fn facts(raw: RawResponse) -> String {
    let idempotency_key = raw.idempotency_key().map(str::to_owned);
    let response: Response<Bytes> = raw.into_response();
    let limit = |rate: RateLimit| Limit {
        limit: rate.limit,
        remaining: rate.remaining,
        reset: rate.reset.as_secs(),
    };
    let facts = Facts {
        status: response.status().as_u16(),
        headers: headers_of(response.headers()),
        request_id: response.request_id(),
        rate_limit: response.rate_limit().map(limit),
        attempts: response.attempts(),
        replayed: response.is_replayed(),
        idempotency_key,
    };
    // Strings, numbers and lists of them: nothing in it can fail.
    serde_json::to_string(&facts).unwrap_or_default()
}

/// What a slot of the array says that goes to JavaScript. The numbers are those of `src/native.ts`.
#[derive(Clone, Copy)]
enum Tag {
    Answered = 0,
    Failed = 1,
    Noticed = 2,
}

/// Writes what came of a call into three slots of an array: tag, text or bytes, and what belongs to it.
pub(crate) fn write(
    env: &Env,
    array: &mut Array<'_>,
    at: u32,
    result: Result<Answer, Failure>,
) -> napi::Result<()> {
    match result {
        Ok(answer) => {
            array.set(at, Tag::Answered as u32)?;
            match answer.body {
                Body::Ascii(bytes) => array.set(at + 1, env.create_string_latin1(bytes)?)?,
                // Checked when it was read.
                Body::Utf8(bytes) => {
                    array.set(at + 1, std::str::from_utf8(&bytes).unwrap_or_default())?;
                }
                Body::Bytes(bytes) => array.set(at + 1, &BufferSlice::copy_from(env, bytes)?)?,
                Body::Nothing => array.set(at + 1, ())?,
            }
            array.set(at + 2, answer.facts)
        }
        Err(failure) => {
            array.set(at, Tag::Failed as u32)?;
            array.set(at + 1, failure.to_json())?;
            array.set(at + 2, &BufferSlice::copy_from(env, &failure.body)?)
        }
    }
}

/// Writes what a hook is told, as [`write`] does.
pub(crate) fn write_notice(array: &mut Array<'_>, at: u32, notice: &Notice) -> napi::Result<()> {
    array.set(at, Tag::Noticed as u32)?;
    array.set(at + 1, notice.to_json())
}
