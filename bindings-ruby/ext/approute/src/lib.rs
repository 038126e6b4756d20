//! The native part of the Ruby SDK, between Ruby and the bridge.
//!
//! Nothing here belongs to one operation or model: that is generated. The Ruby side calls it with JSON and gets frozen
//! objects back, which read the core's models where they lie.

#![allow(
    missing_docs,
    reason = "nobody links against this: Ruby loads it, and `Init_approute_ruby` is magnus's"
)]

mod background;
mod call;
mod client;
mod failure;
#[rustfmt::skip]
mod generated;
mod host;
mod model;
mod response;
mod to_ruby;
mod unsafe_parts;
mod webhooks;

use approute_bridge::{guard, panic_on_purpose};
use magnus::{Error, Module, Object, RModule, Ruby, Value, function};

/// Panics and survives it, for the test that shows that.
fn panic(ruby: &Ruby) -> Result<Value, Error> {
    guard(panic_on_purpose::<Value>).map_err(|failure| failure::raised(ruby, failure))
}

/// Called by Ruby when it loads the library, after the facade has defined its classes.
#[magnus::init]
fn init(ruby: &Ruby) -> Result<(), Error> {
    let approute: RModule = ruby.class_object().const_get("Approute")?;
    let native: RModule = approute.const_get("Native")?;
    native.const_set("VERSION", approute_bridge::VERSION)?;
    native.define_singleton_method("panic", function!(panic, 0))?;
    failure::define(ruby, approute)?;
    client::define(ruby)?;
    background::define(ruby)?;
    host::define(ruby)?;
    response::define(ruby)?;
    webhooks::define(native)?;
    generated::define(ruby)
}
