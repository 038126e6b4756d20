//! A small HTTP client: it follows nothing, repeats nothing, asks no proxy, and holds every answer against the spec.

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::spec;

#[derive(Clone)]
pub struct Client(Pool<HttpConnector, Full<Bytes>>);

impl Client {
    pub fn new() -> Self {
        Self(Pool::builder(TokioExecutor::new()).build_http())
    }

    pub fn request(&self, method: Method, url: &str) -> Outgoing {
        Outgoing {
            pool: self.0.clone(),
            request: Request::builder().method(method).uri(url),
            body: Bytes::new(),
            checked: true,
        }
    }

    pub fn get(&self, url: &str) -> Outgoing {
        self.request(Method::GET, url)
    }
}

pub struct Outgoing {
    pool: Pool<HttpConnector, Full<Bytes>>,
    request: http::request::Builder,
    body: Bytes,
    checked: bool,
}

impl Outgoing {
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// For what is not the API, or does not behave as it does on purpose.
    pub fn unchecked(mut self) -> Self {
        self.checked = false;
        self
    }

    /// Sends it, and holds the answer against the spec.
    pub async fn send(self) -> Received {
        let request = self.request.body(Full::new(self.body)).unwrap();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.pool.request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let status = head.status.as_u16();
        if self.checked {
            spec::check(method.as_str(), &path, status, &head.headers, &body);
        }
        Received {
            status,
            headers: head.headers,
            body,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Received {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
