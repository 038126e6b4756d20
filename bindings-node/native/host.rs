//! Calls whose I/O JavaScript does: with the user's own `fetch`, or with the mock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use approute_bridge::{HostAction, HostAnswer, HostCall, HostFailure, Listener, Notice};
use napi::Env;
use napi::bindgen_prelude::{Array, BufferSlice, Uint8Array};
use napi_derive::napi;

use crate::answer::{Reading, write, write_notice};
use crate::client::NativeClient;
use crate::thrown;

/// A call that does no I/O. Every method says what to do next.
#[napi(js_name = "HostCall")]
pub struct NativeHostCall {
    call: HostCall,
    reading: Reading,
    notices: Arc<Mutex<Vec<Notice>>>,
}

/// What JavaScript is to do. The numbers are those of `src/native.ts`.
#[derive(Clone, Copy)]
enum Step {
    Send = 0,
    Sleep = 1,
    Done = 2,
}

#[napi]
impl NativeHostCall {
    /// Makes a call; see `Queue.submit` for the arguments.
    ///
    /// # Errors
    /// A failure as JSON: an argument is wrong.
    #[napi(constructor)]
    pub fn new(
        client: &NativeClient,
        operation: u32,
        request: String,
        reading: u32,
        tells: bool,
    ) -> napi::Result<Self> {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let listener: Listener = Arc::new(move |notice| {
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(notice);
        });
        let call = client.start(operation, &request).map_err(thrown)?;
        Ok(Self {
            call: call.into_host_call(tells.then_some(listener)),
            reading: Reading::of(reading),
            notices,
        })
    }

    /// The first thing to do.
    ///
    /// # Errors
    /// When JavaScript has no memory left.
    #[napi]
    pub fn begin<'env>(&mut self, env: &'env Env) -> napi::Result<Array<'env>> {
        let action = self.call.begin();
        self.told(env, action)
    }

    /// The wait is over.
    ///
    /// # Errors
    /// When JavaScript has no memory left.
    #[napi]
    pub fn slept<'env>(&mut self, env: &'env Env) -> napi::Result<Array<'env>> {
        let action = self.call.slept();
        self.told(env, action)
    }

    /// An answer came. `headers` are names and values in turn.
    ///
    /// # Errors
    /// When JavaScript has no memory left.
    #[napi]
    pub fn answered<'env>(
        &mut self,
        env: &'env Env,
        status: u32,
        headers: Vec<String>,
        body: Uint8Array,
    ) -> napi::Result<Array<'env>> {
        let mut headers = headers.into_iter();
        let mut pairs = Vec::new();
        while let (Some(name), Some(value)) = (headers.next(), headers.next()) {
            pairs.push((name, value.into_bytes()));
        }
        let action = self.call.answered(HostAnswer {
            status: u16::try_from(status).unwrap_or_default(),
            headers: pairs,
            body: body.to_vec().into(),
        });
        self.told(env, action)
    }

    /// No answer came.
    ///
    /// # Errors
    /// When JavaScript has no memory left.
    #[napi]
    pub fn failed<'env>(
        &mut self,
        env: &'env Env,
        kind: String,
        message: String,
        sent: Option<bool>,
    ) -> napi::Result<Array<'env>> {
        let failure = HostFailure {
            kind,
            message,
            sent,
        };
        let action = self.call.failed(failure);
        self.told(env, action)
    }

    /// An action as an array: its number, what belongs to it, and from slot 6 on what hooks are to be told.
    fn told<'env>(&self, env: &'env Env, action: HostAction) -> napi::Result<Array<'env>> {
        let mut array = env.create_array(6)?;
        match action {
            HostAction::Send {
                method,
                url,
                headers,
                body,
                timeout,
                max_response_bytes,
            } => {
                array.set(0, Step::Send as u32)?;
                array.set(1, method)?;
                array.set(2, url)?;
                let headers: Vec<String> = headers
                    .into_iter()
                    .flat_map(|(name, value)| [name, value])
                    .collect();
                array.set(3, headers)?;
                array.set(4, &BufferSlice::copy_from(env, body)?)?;
                array.set(5, vec![milliseconds(timeout), max_response_bytes as f64])?;
            }
            HostAction::Sleep(time) => {
                array.set(0, Step::Sleep as u32)?;
                array.set(1, milliseconds(time))?;
            }
            HostAction::Done(result) => {
                array.set(0, Step::Done as u32)?;
                let result = result.and_then(|raw| self.reading.read(raw));
                write(env, &mut array, 1, result)?;
            }
        }
        let notices =
            std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner));
        for (at, notice) in (6..).step_by(2).zip(&notices) {
            write_notice(&mut array, at, notice)?;
        }
        Ok(array)
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
