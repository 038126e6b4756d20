//! What hooks and loggers are told, on its way to the language.
//!
//! The core's hooks belong to a client, but a language wants to know in which call, and so in which thread or event
//! loop, something happened. Hooks run while a call is taken a step further, so whoever does that says for the time of
//! the step who listens.

use std::cell::RefCell;
use std::sync::Arc;

use approute::{ClientBuilder, LogLevel};
use serde::Serialize;

use crate::answer::headers_of;

/// Something that a call tells while it runs.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "hook", rename_all = "snake_case")]
pub enum Notice {
    /// A try begins.
    Request {
        /// Such as `links.create`.
        operation: &'static str,
        /// Such as `POST`.
        method: String,
        /// Where to.
        url: String,
        /// Without those that carry secrets.
        headers: Vec<(String, String)>,
        /// 1 for the first.
        attempt: u32,
    },
    /// A try has ended.
    Response {
        /// Such as `links.create`.
        operation: &'static str,
        /// Such as `POST`.
        method: String,
        /// Where to.
        url: String,
        /// 1 for the first.
        attempt: u32,
        /// How long the try took, in milliseconds.
        took: f64,
        /// `None` when there was no answer.
        status: Option<u16>,
        /// Without those that carry secrets.
        headers: Vec<(String, String)>,
        /// `X-Request-Id`.
        request_id: Option<String>,
        /// Why there was no answer.
        failure: Option<String>,
    },
    /// A wait before another try begins.
    Retry {
        /// Such as `links.create`.
        operation: &'static str,
        /// The try that failed.
        attempt: u32,
        /// How long it waits, in milliseconds.
        wait: f64,
        /// The failed try's status.
        status: Option<u16>,
        /// Why it failed.
        reason: String,
    },
    /// A line of the log.
    Log {
        /// `info` or `debug`.
        level: &'static str,
        /// The line.
        line: String,
    },
}

impl Notice {
    /// As JSON.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of them: nothing in it can fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Who is told.
pub type Listener = Arc<dyn Fn(Notice) + Send + Sync>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Takes a call a step further while this listener is told what happens.
pub(crate) fn listening<T>(listener: Option<&Listener>, step: impl FnOnce() -> T) -> T {
    struct Restore(Option<Listener>);
    impl Drop for Restore {
        fn drop(&mut self) {
            LISTENER.replace(self.0.take());
        }
    }
    let Some(listener) = listener else {
        return step();
    };
    let _restore = Restore(LISTENER.replace(Some(Arc::clone(listener))));
    step()
}

fn tell(notice: Notice) {
    // Taken out, not borrowed: what is told may itself make a call.
    let listener = LISTENER.with_borrow(Clone::clone);
    if let Some(listener) = listener {
        listener(notice);
    }
}

/// Registers the hooks that a facade asked for.
pub(crate) fn register(mut builder: ClientBuilder, hooks: &[String]) -> ClientBuilder {
    for hook in hooks {
        builder = match hook.as_str() {
            "request" => builder.on_request(|seen| {
                tell(Notice::Request {
                    operation: seen.operation,
                    method: seen.method.to_string(),
                    url: seen.url.clone(),
                    headers: headers_of(&seen.headers),
                    attempt: seen.attempt,
                });
            }),
            "response" => builder.on_response(|seen| {
                tell(Notice::Response {
                    operation: seen.operation,
                    method: seen.method.to_string(),
                    url: seen.url.clone(),
                    attempt: seen.attempt,
                    took: seen.took.as_secs_f64() * 1000.0,
                    status: seen.status.map(|status| status.as_u16()),
                    headers: headers_of(&seen.headers),
                    request_id: seen.request_id.clone(),
                    failure: seen.failure.clone(),
                });
            }),
            "retry" => builder.on_retry(|seen| {
                tell(Notice::Retry {
                    operation: seen.operation,
                    attempt: seen.attempt,
                    wait: seen.wait.as_secs_f64() * 1000.0,
                    status: seen.status.map(|status| status.as_u16()),
                    reason: seen.reason.clone(),
                });
            }),
            "log" => builder.logger(|level, line| {
                tell(Notice::Log {
                    level: if level == LogLevel::Debug {
                        "debug"
                    } else {
                        "info"
                    },
                    line: line.to_owned(),
                });
            }),
            _ => builder,
        };
    }
    builder
}
