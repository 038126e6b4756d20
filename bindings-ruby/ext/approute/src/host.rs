//! Calls whose I/O Ruby does: with the user's Faraday connection, or with a mock.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};

use approute_bridge::{
    HostAction, HostAnswer, HostCall as Core, HostFailure, Listener, Notice, PendingCall,
};
use magnus::block::Proc;
use magnus::{
    Error, IntoValue, Module, RArray, RString, Ruby, TryConvert, TypedData, Value, method,
};

use crate::call::tell;
use crate::failure::{bad_argument, raised};
use crate::generated;
use crate::to_ruby::{bytes, string};

/// `Approute::Native::HostCall`.
#[magnus::wrap(
    class = "Approute::Native::HostCall",
    free_immediately,
    size,
    wb_protected
)]
pub(crate) struct HostCall {
    /// Taken out while it works.
    call: Cell<Option<Core>>,
    operation: usize,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl HostCall {
    pub(crate) fn new(call: PendingCall, operation: usize, tells: bool) -> Self {
        let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let listener = tells.then(|| {
            let notices = Arc::clone(&notices);
            let listener: Listener = Arc::new(move |notice| {
                let mut notices = notices.lock().unwrap_or_else(PoisonError::into_inner);
                notices.push(notice);
            });
            listener
        });
        Self {
            call: Cell::new(Some(call.into_host_call(listener))),
            operation,
            notices,
        }
    }

    fn begin(ruby: &Ruby, this: &Self) -> Result<Value, Error> {
        this.step(ruby, Core::begin)
    }

    fn slept(ruby: &Ruby, this: &Self) -> Result<Value, Error> {
        this.step(ruby, Core::slept)
    }

    fn answered(
        ruby: &Ruby,
        this: &Self,
        status: u16,
        headers: RArray,
        body: RString,
    ) -> Result<Value, Error> {
        let mut pairs = Vec::with_capacity(headers.len());
        for pair in headers {
            let (name, value) = <(String, RString)>::try_convert(pair)?;
            pairs.push((name, value.to_bytes().to_vec()));
        }
        let body = body.to_bytes();
        this.step(ruby, |call| {
            call.answered(HostAnswer {
                status,
                headers: pairs,
                body,
            })
        })
    }

    fn failed(
        ruby: &Ruby,
        this: &Self,
        kind: String,
        message: String,
        sent: Option<bool>,
    ) -> Result<Value, Error> {
        this.step(ruby, |call| {
            call.failed(HostFailure {
                kind,
                message,
                sent,
            })
        })
    }

    /// Tells the listener what there is to tell.
    fn tell(ruby: &Ruby, this: &Self, listener: Option<Proc>) -> Result<(), Error> {
        let notices = {
            let mut notices = this.notices.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *notices)
        };
        tell(ruby, listener, &notices)
    }

    /// `[:send, method, url, headers, body, seconds, bytes]`, `[:sleep, seconds]` or `[:done, value]`.
    fn step(
        &self,
        ruby: &Ruby,
        step: impl FnOnce(&mut Core) -> HostAction,
    ) -> Result<Value, Error> {
        let Some(mut call) = self.call.take() else {
            return Err(bad_argument(ruby, "this call has ended"));
        };
        let action = step(&mut call);
        match action {
            HostAction::Send {
                method,
                url,
                headers,
                body,
                timeout,
                max_response_bytes,
            } => {
                self.call.set(Some(call));
                let pairs = ruby.ary_new_capa(headers.len());
                for (name, value) in &headers {
                    pairs.push((string(ruby, name), string(ruby, value)))?;
                }
                Ok((
                    ruby.to_symbol("send"),
                    method,
                    url,
                    pairs,
                    bytes(ruby, &body),
                    timeout.as_secs_f64(),
                    max_response_bytes,
                )
                    .into_value_with(ruby))
            }
            HostAction::Sleep(time) => {
                self.call.set(Some(call));
                let seconds = time.as_secs_f64();
                Ok((ruby.to_symbol("sleep"), seconds).into_value_with(ruby))
            }
            HostAction::Done(result) => {
                let read = result.and_then(|raw| generated::read(self.operation, raw));
                match read {
                    Ok(ready) => Ok((ruby.to_symbol("done"), ready(ruby)).into_value_with(ruby)),
                    Err(failure) => Err(raised(ruby, failure)),
                }
            }
        }
    }
}

pub(crate) fn define(ruby: &Ruby) -> Result<(), Error> {
    let class = HostCall::class(ruby);
    class.define_method("begin", method!(HostCall::begin, 0))?;
    class.define_method("slept", method!(HostCall::slept, 0))?;
    class.define_method("answered", method!(HostCall::answered, 3))?;
    class.define_method("failed", method!(HostCall::failed, 3))?;
    class.define_method("tell", method!(HostCall::tell, 1))?;
    Ok(())
}
