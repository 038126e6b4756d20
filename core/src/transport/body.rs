//! Reading an answer's body: chunk by chunk, decompressed on the way, and no further than allowed.

use std::io::Write;

use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::classify::body_error;
use super::{TransportError, TransportErrorKind};

/// Asks for compression, unless the user's headers ask for something else.
pub(super) fn ask_for_gzip(headers: &mut HeaderMap) {
    headers
        .entry(ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("gzip"));
}

/// Reads a whole answer with a body of at most `max` bytes.
pub(super) async fn read(
    answer: http::Response<Incoming>,
    max: u64,
) -> Result<http::Response<Bytes>, TransportError> {
    let (mut head, mut body) = answer.into_parts();
    let compressed = head
        .headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip"));
    let mut sink = if compressed {
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
        Sink::Gzip(MultiGzDecoder::new(Limited {
            bytes: Vec::new(),
            max,
            over: false,
        }))
    } else {
        // Where the length is announced, nothing is read in vain.
        if body.size_hint().lower() > max {
            return Err(Refused::TooLarge.error(max, &head));
        }
        Sink::Plain(Plain::default())
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_error(error, &head))?;
        // Trailers are of no interest.
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        let announced = body.size_hint().lower();
        sink.take(chunk, announced, max)
            .map_err(|refused| refused.error(max, &head))?;
    }
    let bytes = sink.finish().map_err(|refused| refused.error(max, &head))?;
    Ok(http::Response::from_parts(head, bytes))
}

/// Why a body is not read to its end.
enum Refused {
    TooLarge,
    Corrupt(std::io::Error),
}

impl Refused {
    fn error(self, max: u64, head: &http::response::Parts) -> TransportError {
        let error = match self {
            Self::TooLarge => TransportError::new(
                TransportErrorKind::TooLarge,
                format!("the answer is larger than `max_response_bytes` ({max} bytes)"),
            ),
            Self::Corrupt(error) => TransportError::new(
                TransportErrorKind::Undecodable,
                format!("the answer cannot be decompressed: {error}"),
            )
            .with_source(error),
        };
        error.with_head(head.status, head.headers.clone())
    }
}

/// Where the chunks go.
enum Sink {
    Plain(Plain),
    Gzip(MultiGzDecoder<Limited>),
}

impl Sink {
    /// `left`: what is known to follow this chunk.
    fn take(&mut self, chunk: Bytes, left: u64, max: u64) -> Result<(), Refused> {
        match self {
            Self::Plain(plain) => plain.take(chunk, left, max),
            Self::Gzip(decoder) => match decoder.write_all(&chunk) {
                Ok(()) => Ok(()),
                Err(_) if decoder.get_ref().over => Err(Refused::TooLarge),
                Err(error) => Err(Refused::Corrupt(error)),
            },
        }
    }

    fn finish(self) -> Result<Bytes, Refused> {
        match self {
            Self::Plain(plain) => Ok(plain.finish()),
            Self::Gzip(mut decoder) => match decoder.try_finish() {
                Ok(()) => Ok(std::mem::take(&mut decoder.get_mut().bytes).into()),
                Err(_) if decoder.get_ref().over => Err(Refused::TooLarge),
                Err(error) => Err(Refused::Corrupt(error)),
            },
        }
    }
}

/// Most answers come in one chunk, which then needs no copy.
#[derive(Default)]
struct Plain {
    first: Bytes,
    all: Option<BytesMut>,
}

impl Plain {
    fn take(&mut self, chunk: Bytes, left: u64, max: u64) -> Result<(), Refused> {
        let so_far = self.all.as_ref().map_or(self.first.len(), BytesMut::len);
        let total = so_far as u64 + chunk.len() as u64;
        if total > max {
            return Err(Refused::TooLarge);
        }
        match &mut self.all {
            Some(all) => all.extend_from_slice(&chunk),
            None if self.first.is_empty() => self.first = chunk,
            None => {
                // What a server announces is believed up to a point.
                let room = total + left.min(max - total).min(8 << 20);
                let mut all = BytesMut::with_capacity(usize::try_from(room).unwrap_or_default());
                all.extend_from_slice(&self.first);
                all.extend_from_slice(&chunk);
                self.all = Some(all);
            }
        }
        Ok(())
    }

    fn finish(self) -> Bytes {
        self.all.map_or(self.first, BytesMut::freeze)
    }
}

/// A buffer that refuses what is too much: a bomb is noticed before it has gone off.
struct Limited {
    bytes: Vec<u8>,
    max: u64,
    over: bool,
}

impl Write for Limited {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        if (self.bytes.len() + buffer.len()) as u64 > self.max {
            self.over = true;
            return Err(std::io::Error::other("too large"));
        }
        self.bytes.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
