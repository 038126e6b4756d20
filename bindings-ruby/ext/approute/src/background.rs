//! Calls that run on the I/O thread while Ruby does something else: under a fiber scheduler, and pages that are fetched
//! ahead.

use std::io::Write;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

use approute_bridge::{Failure, PendingCall, Queue, What};
use magnus::block::Proc;
use magnus::value::ReprValue;
use magnus::{Error, Module, Ruby, TypedData, Value, method};

use crate::call::{Ready, tell};
use crate::failure::raised;
use crate::generated;

/// `Approute::Native::Background`.
#[magnus::wrap(
    class = "Approute::Native::Background",
    free_immediately,
    size,
    wb_protected
)]
pub(crate) struct Background {
    queue: Queue<Ready>,
    id: u64,
}

impl Background {
    pub(crate) fn start(
        ruby: &Ruby,
        call: PendingCall,
        operation: usize,
        tells: bool,
    ) -> Result<(Self, i32), Error> {
        // A pair of sockets rather than a pipe: writing to one that was closed meanwhile raises no SIGPIPE.
        let (ours, theirs) = UnixStream::pair()
            .and_then(|(ours, theirs)| {
                ours.set_nonblocking(true)?;
                theirs.set_nonblocking(true)?;
                Ok((ours, theirs))
            })
            .map_err(|error| {
                let message = format!("no socket for a call in the background can be had: {error}");
                raised(ruby, Failure::internal(message))
            })?;
        let queue = Queue::new(move || {
            // Full means that it is readable already; closed means that nobody waits.
            let _ = (&ours).write(&[1]);
        });
        let id = queue
            .submit(call, tells, move |raw| generated::read(operation, raw))
            .map_err(|failure| raised(ruby, failure))?;
        Ok((Self { queue, id }, theirs.into_raw_fd()))
    }

    /// What has come: `[value]`, or nil when that was no more than notices, which the listener has been told.
    fn take(ruby: &Ruby, this: &Self, listener: Option<Proc>) -> Result<Option<(Value,)>, Error> {
        for completion in this.queue.drain() {
            match completion.what {
                What::Notice(notice) => tell(ruby, listener, &[notice])?,
                What::Done(Ok(ready)) => return Ok(Some((ready(ruby),))),
                What::Done(Err(failure)) => return Err(raised(ruby, failure)),
            }
        }
        Ok(None)
    }

    /// Ends the call.
    fn cancel(ruby: &Ruby, this: &Self) -> Value {
        this.queue.cancel(this.id);
        ruby.qnil().as_value()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Nobody can take it any more.
        self.queue.cancel(self.id);
    }
}

pub(crate) fn define(ruby: &Ruby) -> Result<(), Error> {
    let class = Background::class(ruby);
    class.define_method("take", method!(Background::take, 1))?;
    class.define_method("cancel", method!(Background::cancel, 0))?;
    Ok(())
}
