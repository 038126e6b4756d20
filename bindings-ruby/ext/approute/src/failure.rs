//! From errors of the bridge to exceptions.

use approute_bridge::{Failure, LanguageType};
use magnus::value::{Lazy, ReprValue};
use magnus::{Error, Exception, Module, RModule, Ruby};

use crate::to_ruby::{bytes, string};

/// `Approute::Errors`, which knows the classes.
static ERRORS: Lazy<RModule> = Lazy::new(|ruby| {
    let found: Result<RModule, Error> = ruby
        .class_object()
        .const_get::<_, RModule>("Approute")
        .and_then(|module| module.const_get("Errors"));
    // `define` has found it before.
    found.unwrap_or_else(|_| ruby.module_kernel())
});

/// Loads the classes of errors: at the end of a process, when calls are ended, Ruby loads nothing any more.
pub(crate) fn define(ruby: &Ruby, approute: RModule) -> Result<(), Error> {
    approute.const_get::<_, RModule>("Errors")?;
    Lazy::force(&ERRORS, ruby);
    Ok(())
}

/// An error as an exception that a native method returns.
pub(crate) fn raised(ruby: &Ruby, failure: Failure) -> Error {
    let fields = string(ruby, &failure.to_json());
    let body = bytes(ruby, &failure.body);
    let built: Result<Exception, Error> = ruby.get_inner(&ERRORS).funcall("build", (fields, body));
    match built {
        Ok(exception) => exception.into(),
        Err(error) => error,
    }
}

/// An argument that this side cannot read.
pub(crate) fn bad_argument(ruby: &Ruby, message: impl Into<String>) -> Error {
    raised(ruby, Failure::bad_argument(LanguageType::Type, message))
}
