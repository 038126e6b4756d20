//! What all builders of operations have in common: being sent.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::binary::Binary;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::operation::{Base, Operation};
use crate::options::CallOptions;
use crate::response::{RawResponse, Response};

/// A call as an operation's builder leaves it: what to send, and how to read the answer.
pub(crate) struct Prepared<T> {
    pub(crate) operation: &'static Operation,
    pub(crate) request: Result<http::Request<Bytes>, Error>,
    pub(crate) options: CallOptions,
    pub(crate) decode: Decode<T>,
}

pub(crate) type Decode<T> = fn(RawResponse) -> Result<Response<T>, Error>;

/// A builder of an operation, whatever its client.
pub(crate) trait Request {
    type Output;

    fn prepare(self, base: &Base) -> Prepared<Self::Output>;
}

/// Sends a request and decodes its answer.
pub(crate) async fn send<R: Request>(
    client: Client,
    request: R,
) -> Result<Response<R::Output>, Error> {
    let (call, decode) = start(&client, request)?;
    decode(client.drive(call).await?)
}

/// Sends a request and leaves its answer as it is.
pub(crate) async fn send_raw<R: Request>(
    client: Client,
    request: R,
) -> Result<Response<Bytes>, Error> {
    let (call, _) = start(&client, request)?;
    Ok(client.drive(call).await?.into_response())
}

/// The call of a request, for those who send it themselves, and what reads its answer.
pub(crate) fn start<R: Request>(
    client: &Client,
    request: R,
) -> Result<(Call, Decode<R::Output>), Error> {
    let prepared = request.prepare(client.base());
    let decode = prepared.decode;
    Ok((client.call(prepared)?, decode))
}

/// Reads a JSON answer.
pub fn json<T: DeserializeOwned>(answer: RawResponse) -> Result<Response<T>, Error> {
    match serde_json::from_slice(&answer.body) {
        Ok(value) => Ok(with_value(value, answer)),
        Err(error) => Err(Error::undecodable(&answer, reason(&answer, &error)).with_source(error)),
    }
}

/// What went wrong, told so that a proxy's HTML is recognised as what it is.
fn reason(answer: &RawResponse, error: &serde_json::Error) -> String {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    match content_type {
        _ if answer.body.is_empty() => "it is empty".to_owned(),
        Some(other) if !other.contains("json") => format!("it is {other}, not JSON"),
        // The position and the expectation, never the data: it may be a secret.
        _ => match error.classify() {
            serde_json::error::Category::Data => format!(
                "its JSON does not fit at line {} column {}",
                error.line(),
                error.column()
            ),
            _ => format!(
                "its JSON is broken at line {} column {}",
                error.line(),
                error.column()
            ),
        },
    }
}

/// Ignores the body of an answer that has none.
pub fn empty(answer: RawResponse) -> Result<Response<()>, Error> {
    Ok(with_value((), answer))
}

/// Keeps the body as it is, with its content type.
pub fn binary(answer: RawResponse) -> Result<Response<Binary>, Error> {
    let content_type = answer
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream");
    let value = Binary::new(content_type, answer.body.clone());
    Ok(with_value(value, answer))
}

fn with_value<T>(value: T, answer: RawResponse) -> Response<T> {
    Response::new(value, answer.status, answer.headers, answer.attempts)
}

/// The ways to send a builder: `.await`, `send`, `send_raw`, and the same without `async`.
macro_rules! sendable {
    ($builder:ident, $output:ty) => {
        impl $builder<$crate::Client> {
            /// Sends the request. `.await` on the builder does the same.
            ///
            /// # Errors
            /// Every failure is an [`Error`](crate::Error): its kind says what happened, its outcome what that means for
            /// the data.
            pub async fn send(self) -> Result<$crate::Response<$output>, $crate::Error> {
                let client = self.client.clone();
                $crate::request::send(client, self).await
            }

            /// Sends the request and returns the answer's body untouched. Statuses that are not a success are errors
            /// here too.
            ///
            /// # Errors
            /// As [`send`](Self::send), but for those of decoding.
            pub async fn send_raw(
                self,
            ) -> Result<$crate::Response<$crate::bytes::Bytes>, $crate::Error> {
                let client = self.client.clone();
                $crate::request::send_raw(client, self).await
            }

            /// The call, to be driven by hand.
            #[doc(hidden)]
            pub fn into_call(self) -> Result<$crate::bridge::Call, $crate::Error> {
                let client = self.client.clone();
                $crate::request::start(&client, self).map(|(call, _)| call)
            }
        }

        impl ::std::future::IntoFuture for $builder<$crate::Client> {
            type Output = Result<$crate::Response<$output>, $crate::Error>;
            type IntoFuture = $crate::time::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }

        #[cfg(feature = "blocking")]
        impl $builder<$crate::blocking::Client> {
            /// Sends the request and waits for its answer.
            ///
            /// # Errors
            /// Every failure is an [`Error`](crate::Error): its kind says what happened, its outcome what that means for
            /// the data.
            pub fn send(self) -> Result<$crate::Response<$output>, $crate::Error> {
                let client = self.client.inner().clone();
                $crate::blocking::wait($crate::request::send(client, self))
            }

            /// Sends the request, waits, and returns the answer's body untouched. Statuses that are not a success are
            /// errors here too.
            ///
            /// # Errors
            /// As [`send`](Self::send), but for those of decoding.
            pub fn send_raw(self) -> Result<$crate::Response<$crate::bytes::Bytes>, $crate::Error> {
                let client = self.client.inner().clone();
                $crate::blocking::wait($crate::request::send_raw(client, self))
            }
        }
    };
}
pub(crate) use sendable;
