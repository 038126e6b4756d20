//! What a case gives to a call.

use std::path::PathBuf;
use std::time::Duration;

use approute::CallOptions;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The arguments of a call, and how it goes through a list.
pub struct Arguments {
    values: Map<String, Value>,
    how: List,
}

/// How a call goes through a list.
#[derive(Clone)]
pub enum List {
    /// One page.
    Page,
    /// Page by page.
    Pages,
    /// Item by item.
    Items {
        stop_after: Option<usize>,
        prefetch: bool,
        /// The file to wait for before stopping: the page ahead is under way then.
        sign: PathBuf,
    },
}

impl Arguments {
    pub fn of(step: &Value) -> Self {
        let how = match &step["list"] {
            Value::String(word) if word == "pages" => List::Pages,
            Value::String(word) if word == "all" || word == "prefetch" => List::Items {
                stop_after: None,
                prefetch: word == "prefetch",
                sign: PathBuf::new(),
            },
            Value::Object(stop) => List::Items {
                stop_after: stop["stop_after"]
                    .as_u64()
                    .and_then(|number| usize::try_from(number).ok()),
                prefetch: stop.get("prefetch").is_some(),
                sign: PathBuf::new(),
            },
            _ => List::Page,
        };
        Self {
            values: step["args"].as_object().cloned().unwrap_or_default(),
            how,
        }
    }

    pub fn how(&self) -> List {
        self.how.clone()
    }

    pub fn stop_when_appears(&mut self, file: &str) {
        if let List::Items {
            stop_after: Some(_),
            prefetch: true,
            sign,
        } = &mut self.how
        {
            *sign = file.into();
        }
    }

    pub fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        let value = self.values.remove(name);
        let value =
            value.map(|value| serde_json::from_value(value).map_err(|e| format!("{name}: {e}")));
        value.transpose()
    }

    pub fn list<T: DeserializeOwned>(&mut self, name: &str) -> Result<Vec<T>, String> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, String> {
        self.optional(name)?
            .ok_or_else(|| format!("the case gives no {name}"))
    }
}

/// The options of a call.
pub fn call_options(step: &Value) -> CallOptions {
    let given = &step["options"];
    let mut options = CallOptions::new();
    for (name, value) in given["headers"].as_object().into_iter().flatten() {
        options = options.header(name, value.as_str().unwrap_or_default());
    }
    for (name, value) in given["query"].as_object().into_iter().flatten() {
        options = options.query(name, value.as_str().unwrap_or_default());
    }
    if let Some(time) = given["timeout"].as_u64() {
        options = options.timeout(Duration::from_millis(time));
    }
    if let Some(time) = given["attempt_timeout"].as_u64() {
        options = options.attempt_timeout(Duration::from_millis(time));
    }
    if let Some(retries) = given["max_retries"].as_u64() {
        options = options.max_retries(u32::try_from(retries).unwrap_or(u32::MAX));
    }
    if let Some(key) = given["idempotency_key"].as_str() {
        options = options.idempotency_key(key);
    }
    if let Some(token) = given["confirmation"].as_str() {
        options = options.confirmation(token);
    }
    options
}
