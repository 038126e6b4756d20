//! The I/O thread of the process, for event loops.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::Failure;

/// The runtime whose thread does the I/O of all queues of this process.
///
/// The child of a fork has the parent's memory and none of its threads, so it makes its own. The parent's is left as it
/// is: nothing in it can be stopped or closed from here without harm to the parent.
pub(crate) fn io_thread() -> Result<Handle, Failure> {
    static SHARED: Mutex<Option<(u32, Handle)>> = Mutex::new(None);
    let process = std::process::id();
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, handle)) = &*shared
        && *owner == process
    {
        return Ok(handle.clone());
    }
    let handle = spawn()?;
    if let Some(parents) = shared.replace((process, handle.clone())) {
        std::mem::forget(parents);
    }
    Ok(handle)
}

fn spawn() -> Result<Handle, Failure> {
    let failed =
        |error: std::io::Error| Failure::internal(format!("no thread for I/O can be had: {error}"));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    // It lasts as long as its process, and its thread needs no joining.
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    std::thread::Builder::new()
        .name("approute-io".to_owned())
        .spawn(|| runtime.block_on(std::future::pending::<()>()))
        .map_err(failed)?;
    Ok(runtime.handle().clone())
}
