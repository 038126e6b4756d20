//! Calls on the core's own connections, and what becomes of their answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use approute_bridge::{
    Client, Failure, Notice, Pause, PendingCall, RawResponse, Resumable, decode_binary,
    decode_empty, decode_json, split,
};
use magnus::block::Proc;
use magnus::{Error, Ruby, Value};

use crate::failure::raised;
use crate::generated;
use crate::model::{self, Model};
use crate::response::{Binary, Response};
use crate::to_ruby::string;
use crate::unsafe_parts::{Shared, check_interrupts, without_gvl};

/// A decoded answer, which becomes a Ruby object once there is the GVL.
pub(crate) type Ready = Box<dyn FnOnce(&Ruby) -> Value + Send>;

/// How often a thread that waits looks whether Ruby wants something of it.
const TICK: Duration = Duration::from_millis(10);

/// From so many bytes on, an answer has so many parts that giving them back takes longer than passing it on.
const LARGE: usize = 64 << 10;

/// An answer that is a model.
pub(crate) fn json<M: Model>(raw: RawResponse) -> Result<Ready, Failure> {
    let is_large = raw.body().len() > LARGE;
    let (data, answer) = split(decode_json::<M::Data>(raw)?);
    let data = if is_large {
        Shared::large(data)
    } else {
        Shared::new(data)
    };
    Ok(Box::new(move |ruby| {
        model::object::<M>(ruby, data, Some(Arc::new(answer)))
    }))
}

/// An answer that is bytes.
pub(crate) fn binary(raw: RawResponse) -> Result<Ready, Failure> {
    let (body, answer) = split(decode_binary(raw)?);
    Ok(Box::new(move |ruby| {
        Binary::object(ruby, body, Arc::new(answer))
    }))
}

/// An answer without a body.
pub(crate) fn empty(raw: RawResponse) -> Result<Ready, Failure> {
    let ((), answer) = split(decode_empty(raw)?);
    Ok(Box::new(move |ruby| {
        Response::object(ruby, Arc::new(answer))
    }))
}

/// Makes a call of an operation's number and its JSON.
pub(crate) fn start(
    ruby: &Ruby,
    client: &Client,
    operation: usize,
    request: &[u8],
) -> Result<PendingCall, Error> {
    client
        .start(operation, request)
        .map_err(|failure| raised(ruby, failure))
}

/// Carries a call out on this thread, without the GVL. `listener` is told of its notices, on this thread and with the
/// GVL.
///
/// Between two runs Ruby does what it wants of this thread. When that raises, or kills the thread, the call is
/// cancelled; when it was a signal handler that returns, the call goes on as if nothing had been.
pub(crate) fn perform(
    ruby: &Ruby,
    call: PendingCall,
    operation: usize,
    listener: Option<Proc>,
) -> Result<Value, Error> {
    let wanted = AtomicBool::new(false);
    let mut call = Resumable::new(call, listener.is_some(), move |raw| {
        generated::read(operation, raw)
    });
    loop {
        wanted.store(false, Ordering::Relaxed);
        let mut pause = Pause::Interrupted;
        without_gvl(&wanted, || {
            pause = call.run(TICK, || wanted.load(Ordering::Relaxed));
        });
        let left = match pause {
            Pause::Done(Ok(ready)) => return Ok(ready(ruby)),
            Pause::Done(Err(failure)) => return Err(raised(ruby, failure)),
            Pause::Notices(notices) => tell(ruby, listener, &notices),
            Pause::Interrupted => check_interrupts(),
        };
        if let Err(error) = left {
            call.cancel();
            return Err(error);
        }
    }
}

/// Calls the listener with each notice as JSON.
pub(crate) fn tell(ruby: &Ruby, listener: Option<Proc>, notices: &[Notice]) -> Result<(), Error> {
    let Some(listener) = listener else {
        return Ok(());
    };
    for notice in notices {
        let _: Value = listener.call((string(ruby, &notice.to_json()),))?;
    }
    Ok(())
}
