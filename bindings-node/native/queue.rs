//! Calls that the I/O thread carries out while the event loop does other things.

use std::sync::{Mutex, PoisonError};

use approute_bridge::{Queue, What};
use napi::bindgen_prelude::{Array, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;

use crate::answer::{Answer, Reading, write, write_notice};
use crate::client::NativeClient;
use crate::thrown;

/// A weak function does not keep the event loop alive; `hold` does, while calls are pending.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// The queue of one event loop.
#[napi(js_name = "Queue")]
pub struct NativeQueue {
    queue: Queue<Answer>,
    /// Never called. Apart from the one that is, so that nothing here waits for the I/O thread to be done with that.
    alive: Mutex<Wake>,
}

#[napi]
impl NativeQueue {
    /// A queue that calls `wake` on the event loop's thread when something has come.
    ///
    /// # Errors
    /// When the environment is shutting down.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> napi::Result<Self> {
        let weak = || {
            let built = wake.build_threadsafe_function::<()>();
            built.callee_handled::<false>().weak::<true>().build()
        };
        let (ring, alive) = (weak()?, Mutex::new(weak()?));
        let queue = Queue::new(move || {
            // It fails only when the environment is gone, and with it everybody who waits.
            let _ = ring.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        // A worker that ends takes its calls with it.
        env.add_env_cleanup_hook(queue.clone(), |queue| queue.close())?;
        Ok(Self { queue, alive })
    }

    /// Starts a call and gives its number. `reading` is how its body is wanted; `tells` whether hooks are to be told.
    ///
    /// # Errors
    /// A failure as JSON: an argument is wrong.
    #[napi]
    pub fn submit(
        &self,
        client: &NativeClient,
        operation: u32,
        request: String,
        reading: u32,
        tells: bool,
    ) -> napi::Result<f64> {
        let reading = Reading::of(reading);
        let call = client.start(operation, &request).map_err(thrown)?;
        let id = self.queue.submit(call, tells, move |raw| reading.read(raw));
        // Numbers count up from 1: 2^53 of them take longer than anybody waits.
        id.map(|id| id as f64).map_err(thrown)
    }

    /// Ends a call; nothing comes of it any more. Says whether it was still running.
    #[napi]
    pub fn cancel(&self, id: f64) -> bool {
        self.queue.cancel(id as u64)
    }

    /// Everything that has come: four slots for each, the call's number first.
    ///
    /// # Errors
    /// When JavaScript has no memory left.
    #[napi]
    pub fn drain<'env>(&self, env: &'env Env) -> napi::Result<Array<'env>> {
        let completions = self.queue.drain();
        let slots = u32::try_from(completions.len() * 4).unwrap_or(u32::MAX);
        let mut array = env.create_array(slots)?;
        for (at, completion) in (0..).step_by(4).zip(completions) {
            array.set(at, completion.id as f64)?;
            match completion.what {
                What::Done(result) => write(env, &mut array, at + 1, result)?,
                What::Notice(notice) => write_notice(&mut array, at + 1, &notice)?,
            }
        }
        Ok(array)
    }

    /// Keeps the event loop alive, or does no longer.
    ///
    /// # Errors
    /// When the environment is shutting down.
    #[napi]
    #[allow(
        deprecated,
        reason = "whether calls are pending changes all the time, and its replacement is fixed at creation"
    )]
    pub fn hold(&self, env: Env, on: bool) -> napi::Result<()> {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if on {
            alive.refer(&env)
        } else {
            alive.unref(&env)
        }
    }

    /// How many calls run.
    #[napi]
    pub fn running(&self) -> u32 {
        u32::try_from(self.queue.running()).unwrap_or(u32::MAX)
    }
}
