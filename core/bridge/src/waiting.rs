//! Calls that block the calling thread, and can be interrupted.

use std::time::Duration;

use approute::bridge::{RawResponse, block_on};

use crate::client::PendingCall;
use crate::failure::Failure;
use crate::guarding::guard;
use crate::notice::Listener;

/// Carries a call out on the calling thread, together with whoever else is waiting.
///
/// Every `tick`, `interrupted` is asked on this thread; once it says yes, the call is dropped, which closes its
/// connection, and `None` is returned. The listener is called on this thread too.
///
/// # Errors
/// Those of the call.
pub fn wait<T: Send>(
    call: PendingCall,
    listener: Option<Listener>,
    tick: Duration,
    mut interrupted: impl FnMut() -> bool + Send,
    read: impl FnOnce(RawResponse) -> Result<T, Failure> + Send,
) -> Result<Option<T>, Failure> {
    guard(move || {
        // In a box, since whatever takes it by value from here on would copy all of it.
        let mut call = Box::pin(call.carry_out(listener, read));
        block_on(async move {
            let ticks = async {
                loop {
                    tokio::time::sleep(tick).await;
                    if interrupted() {
                        return;
                    }
                }
            };
            let ended = tokio::select! {
                biased;
                result = &mut call => Some(result),
                () = ticks => None,
            };
            if ended.is_none() {
                drop(call);
                // Its connection is closed by a task of the runtime, which needs a turn or two.
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
            }
            Ok(ended)
        })?
        .transpose()
    })
}
