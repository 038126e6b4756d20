//! The client's own log, for when there is no `tracing` subscriber: `APPROUTE_LOG=info` writes a line for each call to
//! stderr, `APPROUTE_LOG=debug` one for each try and each wait as well.
//!
//! Lines name operations and path templates, never ids, headers or bodies.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::error::Error;
use crate::operation::Operation;
use crate::response::{RawResponse, request_id};

/// How much a client logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum LogLevel {
    /// Nothing.
    #[default]
    Off,
    /// One line for each call.
    Info,
    /// One line for each call, each try and each wait.
    Debug,
}

impl FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.trim().to_ascii_lowercase().as_str() {
            "off" | "" => Ok(Self::Off),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            _ => Err(()),
        }
    }
}

pub(crate) type Logger = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    pub(crate) logger: Option<Logger>,
}

impl Log {
    pub(crate) fn wants_calls(&self) -> bool {
        self.level >= LogLevel::Info
    }

    pub(crate) fn wants_attempts(&self) -> bool {
        self.level >= LogLevel::Debug
    }

    pub(crate) fn attempt(
        &self,
        operation: &Operation,
        attempt: u32,
        took: Duration,
        status: Option<StatusCode>,
        failure: Option<&str>,
    ) {
        if self.wants_attempts() {
            let end = status.map_or_else(
                || failure.unwrap_or_default().to_owned(),
                |status| status.as_u16().to_string(),
            );
            let (name, took) = (Name(operation), took.as_millis());
            self.write(
                LogLevel::Debug,
                format_args!("{name} try {attempt}: {end} in {took} ms"),
            );
        }
    }

    pub(crate) fn retry(&self, operation: &Operation, attempt: u32, wait: Duration, error: &Error) {
        if self.wants_attempts() {
            let (name, wait) = (Name(operation), wait.as_millis());
            self.write(
                LogLevel::Debug,
                format_args!("{name} try {attempt} failed, next in {wait} ms: {error}"),
            );
        }
    }

    pub(crate) fn call(
        &self,
        operation: &Operation,
        attempts: u32,
        took: Duration,
        result: &Result<RawResponse, Error>,
    ) {
        if self.wants_calls() {
            let (name, took) = (Name(operation), took.as_millis());
            let tries = if attempts == 1 { "try" } else { "tries" };
            match result {
                Ok(answer) => self.write(
                    LogLevel::Info,
                    format_args!(
                        "{name}: {} in {took} ms, {attempts} {tries}, request id {}",
                        answer.status.as_u16(),
                        request_id(&answer.headers).unwrap_or("none")
                    ),
                ),
                Err(error) => self.write(
                    LogLevel::Info,
                    format_args!("{name}: failed in {took} ms, {attempts} {tries}: {error}"),
                ),
            }
        }
    }

    fn write(&self, level: LogLevel, line: fmt::Arguments<'_>) {
        match &self.logger {
            Some(logger) => logger(level, &line.to_string()),
            None => {
                use std::io::Write;
                // A closed stderr is no reason to fail a call.
                let _ = writeln!(std::io::stderr(), "approute: {line}");
            }
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.level, f)
    }
}

struct Name<'a>(&'a Operation);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.0.id, self.0.method, self.0.path)
    }
}
