//! `Approute::Native::Client`.

use std::time::Duration;

use approute_bridge::{Client as Core, Config, Script};
use magnus::block::Proc;
use magnus::typed_data::Obj;
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
        Ok(ruby.obj_wrap(HostCall::new(call, operation, tells)))
    }

    /// Lets a wait pass on a clock for tests: whether it is held there, or nil where there is no such clock and the
    /// caller has to wait.
    fn wait(&self, seconds: f64) -> Option<bool> {
        if let Some(clock) = self.0.clock() {
            clock.advance(seconds * 1000.0);
            return Some(false);
        }
        let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.0.script().map(|script| script.record(time))
    }

    /// Whether that wait is held still.
    fn is_held(&self) -> bool {
        self.0.script().is_some_and(Script::is_held)
    }
}

pub(crate) fn define(ruby: &Ruby) -> Result<(), Error> {
    let class = Client::class(ruby);
    class.define_singleton_method("new", function!(Client::new, 1))?;
    class.define_method("base_url", method!(Client::base_url, 0))?;
    class.define_method("call", method!(Client::call, 3))?;
    class.define_method("background", method!(Client::background, 3))?;
    class.define_method("host_call", method!(Client::host_call, 3))?;
    class.define_method("wait", method!(Client::wait, 1))?;
    class.define_method("held?", method!(Client::is_held, 0))?;
    Ok(())
}
