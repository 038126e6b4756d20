//! Answers that break off: what tests of clients need, with `--dev` only.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Breaks the connection of the request that carries it.
#[derive(Debug, Clone, Default)]
pub struct Breaker(Arc<AtomicBool>);

/// In an answer's extensions: no answer at all.
#[derive(Debug, Clone, Copy)]
pub struct NoAnswer;

/// Why a connection ended.
#[derive(Debug)]
pub struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off, as a test asked for")
    }
}

impl std::error::Error for Broken {}

impl Breaker {
    /// An answer that is none: the connection is reset before a byte of it.
    pub fn reset(&self) -> Response {
        self.0.store(true, Ordering::SeqCst);
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(NoAnswer);
        response
    }

    /// The same answer with the length that it had, but the connection ends after `bytes` of its body.
    pub async fn truncate(&self, response: Response, bytes: usize) -> Response {
        let (mut head, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => Bytes::new(),
        };
        // What has no body cannot be cut in it: it promises a byte that never comes.
        let promised = body.len().max(bytes + 1);
        head.headers
            .insert(http::header::CONTENT_LENGTH, promised.into());
        let cut = CutBody {
            first: Some(body.slice(..bytes.min(body.len()))),
            flushed: false,
        };
        Response::from_parts(head, Body::new(cut))
    }
}

/// Some bytes, a moment for them to leave, then an error, which makes hyper close the connection.
struct CutBody {
    first: Option<Bytes>,
    flushed: bool,
}

impl hyper::body::Body for CutBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if !self.flushed {
            // hyper flushes when the body has nothing for it, and drops what is not flushed when the body fails.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Broken)))
    }
}

/// The router behind a connection that can be broken.
pub struct Breakable {
    inner: TowerToHyperService<Router>,
    breaker: Breaker,
}

impl Breakable {
    /// This router, for the connection of this breaker.
    pub fn new(router: Router, breaker: Breaker) -> Self {
        Self {
            inner: TowerToHyperService::new(router),
            breaker,
        }
    }
}

impl Service<Request<Incoming>> for Breakable {
    type Response = Response;
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Broken>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.breaker.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let Ok(response) = answer.await;
            match response.extensions().get::<NoAnswer>() {
                Some(NoAnswer) => Err(Broken),
                None => Ok(response),
            }
        })
    }
}

/// A connection that ends with a reset rather than in order, where its breaker says so.
pub struct Resettable {
    stream: TcpStream,
    breaker: Breaker,
}

impl Resettable {
    /// This connection.
    pub fn new(stream: TcpStream, breaker: Breaker) -> Self {
        Self { stream, breaker }
    }
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.breaker.0.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        // An orderly end would come before the reset.
        if self.breaker.0.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
