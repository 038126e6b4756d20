//! The facts of an answer, and bodies that are bytes.

use std::sync::Arc;

use approute_bridge::{Answer, headers_of};
use magnus::value::ReprValue;
use magnus::{Error, IntoValue, Module, Ruby, TypedData, Value, method};

use crate::to_ruby::{bytes, frozen, headers, optional_string, string};

/// `Approute::Response`.
#[magnus::wrap(class = "Approute::Response", free_immediately, size, wb_protected)]
pub(crate) struct Response(Arc<Answer>);

impl Response {
    pub(crate) fn object(ruby: &Ruby, answer: Arc<Answer>) -> Value {
        frozen(ruby.obj_wrap(Self(answer)))
    }

    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn headers(ruby: &Ruby, this: &Self) -> Value {
        headers(ruby, &headers_of(this.0.headers()))
    }

    fn request_id(ruby: &Ruby, this: &Self) -> Value {
        optional_string(ruby, this.0.request_id())
    }

    fn attempts(&self) -> u32 {
        self.0.attempts()
    }

    fn is_replayed(&self) -> bool {
        self.0.is_replayed()
    }

    /// `[limit, remaining, reset]`, or nil.
    fn rate_limit(ruby: &Ruby, this: &Self) -> Value {
        match this.0.rate_limit() {
            Some(limit) => {
                (limit.limit, limit.remaining, limit.reset.as_secs()).into_value_with(ruby)
            }
            None => ruby.qnil().as_value(),
        }
    }
}

/// The body of an answer that is bytes, such as a QR code.
#[magnus::wrap(class = "Approute::Binary", free_immediately, size, wb_protected)]
pub(crate) struct Binary {
    body: approute::Binary,
    answer: Arc<Answer>,
}

impl Binary {
    pub(crate) fn object(ruby: &Ruby, body: approute::Binary, answer: Arc<Answer>) -> Value {
        frozen(ruby.obj_wrap(Self { body, answer }))
    }

    fn content_type(ruby: &Ruby, this: &Self) -> Value {
        string(ruby, this.body.content_type())
    }

    fn bytes(ruby: &Ruby, this: &Self) -> Value {
        bytes(ruby, this.body.bytes())
    }

    fn response(ruby: &Ruby, this: &Self) -> Value {
        Response::object(ruby, Arc::clone(&this.answer))
    }
}

pub(crate) fn define(ruby: &Ruby) -> Result<(), Error> {
    let class = Response::class(ruby);
    class.define_method("status", method!(Response::status, 0))?;
    class.define_method("headers", method!(Response::headers, 0))?;
    class.define_method("request_id", method!(Response::request_id, 0))?;
    class.define_method("attempts", method!(Response::attempts, 0))?;
    class.define_method("replayed?", method!(Response::is_replayed, 0))?;
    class.define_private_method("rate_limit_parts", method!(Response::rate_limit, 0))?;

    let class = Binary::class(ruby);
    class.define_method("content_type", method!(Binary::content_type, 0))?;
    class.define_method("bytes", method!(Binary::bytes, 0))?;
    class.define_method("response", method!(Binary::response, 0))?;
    Ok(())
}
