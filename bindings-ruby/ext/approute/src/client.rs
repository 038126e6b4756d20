//! `Approute::Native::Client`.

use approute_bridge::{Client as Core, Config};
use magnus::block::Proc;
use magnus::typed_data::Obj;
use magnus::value::ReprValue;
use magnus::{Error, IntoValue, Module, Object, RString, Ruby, TypedData, Value, function, method};

use crate::background::Background;
use crate::call;
use crate::failure::raised;
use crate::host::HostCall;
use crate::to_ruby::string;

/// The core's client.
#[magnus::wrap(
    class = "Approute::Native::Client",
    free_immediately,
    size,
    wb_protected
)]
pub(crate) struct Client(Core);

impl Client {
    /// `settings` is the bridge's JSON.
    fn new(ruby: &Ruby, settings: RString) -> Result<Obj<Self>, Error> {
        let made = Config::from_json(&settings.to_bytes()).and_then(Core::new);
        match made {
            Ok(client) => Ok(ruby.obj_wrap(Self(client))),
            Err(failure) => Err(raised(ruby, failure)),
        }
    }

    fn base_url(ruby: &Ruby, this: &Self) -> Value {
        string(ruby, this.0.base_url())
    }

    /// Carries a call out on this thread.
    fn call(
        ruby: &Ruby,
        this: &Self,
        operation: usize,
        request: RString,
        listener: Option<Proc>,
    ) -> Result<Value, Error> {
        let call = call::start(ruby, &this.0, operation, &request.to_bytes())?;
        call::perform(ruby, call, operation, listener)
    }

    /// Carries a call out on the I/O thread: `[background, fd]`. The descriptor belongs to the caller; it becomes
    /// readable when there is something to take.
    fn background(
        ruby: &Ruby,
        this: &Self,
        operation: usize,
        request: RString,
        tells: bool,
    ) -> Result<Value, Error> {
        let call = call::start(ruby, &this.0, operation, &request.to_bytes())?;
        let (background, descriptor) = Background::start(ruby, call, operation, tells)?;
        Ok((ruby.obj_wrap(background), descriptor).into_value_with(ruby))
    }

    /// A call whose I/O is the caller's.
    fn host_call(
        ruby: &Ruby,
        this: &Self,
        operation: usize,
        request: RString,
        tells: bool,
    ) -> Result<Obj<HostCall>, Error> {
        let call = call::start(ruby, &this.0, operation, &request.to_bytes())?;
        let clock = this.0.clock().cloned();
        Ok(ruby.obj_wrap(HostCall::new(call, operation, tells, clock)))
    }

    /// Moves the clock for tests, where there is one.
    fn advance(ruby: &Ruby, this: &Self, milliseconds: f64) -> Value {
        if let Some(clock) = this.0.clock() {
            clock.advance(milliseconds);
        }
        ruby.qnil().as_value()
    }
}

pub(crate) fn define(ruby: &Ruby) -> Result<(), Error> {
    let class = Client::class(ruby);
    class.define_singleton_method("new", function!(Client::new, 1))?;
    class.define_method("base_url", method!(Client::base_url, 0))?;
    class.define_method("call", method!(Client::call, 3))?;
    class.define_method("background", method!(Client::background, 3))?;
    class.define_method("host_call", method!(Client::host_call, 3))?;
    class.define_method("advance", method!(Client::advance, 1))?;
    Ok(())
}
