//! What the API can do, done for a person: by its own pipeline, so that its rules and its log have one place.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::session::Person;
use crate::api::Raw;
use crate::app::SharedApp;
use crate::generated::api::Operation;
use crate::http::pipeline;
use crate::problem::{Failure, FieldCode, FieldError, Problem};
use crate::store::keys::Caller;

/// A call of an operation.
pub struct Call {
    app: SharedApp,
    caller: Caller,
    operation: Operation,
    path: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Option<Value>,
    rehearsal: bool,
}

/// Why the API does not do it, for the page to show.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub code: String,
    #[serde(default, rename = "errors")]
    fields: Vec<RefusedField>,
    #[serde(default)]
    pub confirmation: Option<Confirmation>,
}

#[derive(Debug, Deserialize)]
struct RefusedField {
    pointer: String,
    message: String,
}

/// The token of many deletes.
#[derive(Debug, Deserialize)]
pub struct Confirmation {
    pub token: String,
    pub delete_count: i64,
}

impl Refusal {
    /// What is wrong, field by field; as a whole where no field is named.
    pub fn errors(&self) -> Vec<FieldError> {
        let error = |pointer: &str, message: &str| {
            FieldError::new(pointer, FieldCode::InvalidValue, message)
        };
        if self.fields.is_empty() {
            return vec![error("", &self.detail)];
        }
        let fields = self.fields.iter();
        fields
            .map(|field| error(&field.pointer, &field.message))
            .collect()
    }
}

impl Person {
    /// Calls an operation with these values in its path.
    pub fn call(&self, operation: Operation, path: &[&str]) -> Call {
        Call::new(self.app.clone(), self.caller.clone(), operation, path)
    }
}

impl Call {
    /// A call as this caller.
    pub fn new(app: SharedApp, caller: Caller, operation: Operation, path: &[&str]) -> Self {
        Self {
            app,
            caller,
            operation,
            path: path.iter().map(|&value| value.to_owned()).collect(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            rehearsal: false,
        }
    }

    /// Only to see what would come of it: nothing is stored, and nothing is logged.
    pub fn rehearsal(mut self) -> Self {
        self.rehearsal = true;
        self
    }

    /// With this in the query, unless it is empty.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.query.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With this body.
    pub fn body(mut self, body: Value) -> Self {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Some(body);
        self
    }

    /// With this header, unless it is empty.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::try_from(value)) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Carries it out; gives the answer as it would be sent.
    pub async fn raw(self) -> Result<Raw, Failure> {
        let mut path = String::new();
        let mut values = self.path.iter();
        for segment in self.operation.segments() {
            let value = match segment {
                Some(fixed) => (*fixed).to_owned(),
                None => {
                    let value = values.next().map_or("", String::as_str);
                    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
                }
            };
            path.push('/');
            path.push_str(&value.replace("%5F", "_"));
        }
        if !self.query.is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            path.push('?');
            path.push_str(&query.extend_pairs(self.query).finish());
        }
        let request = Request::builder().method(self.operation.method()).uri(path);
        let Ok(request) = request.body(()) else {
            return Err(Problem::not_found("thing").into());
        };
        let (mut parts, ()) = request.into_parts();
        parts.headers = self.headers;
        let body = self
            .body
            .map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let asked = pipeline::Asked {
            operation: self.operation,
            path: self.path,
            parts,
            body,
            rehearsal: self.rehearsal,
        };
        pipeline::act(self.app, self.caller, asked).await
    }

    /// Carries it out; what the API refuses is for the page to show, except what is not there.
    pub async fn outcome(self) -> Result<Result<Raw, Refusal>, Failure> {
        let raw = match self.raw().await {
            Ok(raw) if raw.status.as_u16() < 400 => return Ok(Ok(raw)),
            Ok(raw) => raw,
            Err(Failure::Problem(problem)) => Raw::problem(&problem, ""),
            Err(failure) => return Err(failure),
        };
        if raw.status == StatusCode::NOT_FOUND {
            return Err(Problem::not_found("thing").into());
        }
        Ok(Err(serde_json::from_slice(&raw.body)?))
    }

    /// Carries it out and reads the answer.
    pub async fn told<T: DeserializeOwned>(self) -> Result<Result<T, Refusal>, Failure> {
        match self.outcome().await? {
            Ok(raw) => Ok(Ok(serde_json::from_slice(&raw.body)?)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Reads something that is there.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let raw = self.raw().await?;
        Ok(serde_json::from_slice(&raw.body)?)
    }
}
