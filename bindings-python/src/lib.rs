//! The native part of `approute`, the AppRoute SDK for Python.
//!
//! It is thin: [`write`] turns arguments into the JSON that the bridge takes, the bridge makes the call, [`read`] and the
//! generated classes show its answer, [`errors`] makes exceptions. The facade beside it is Python.

mod answer;
mod background;
mod client;
mod errors;
#[rustfmt::skip]
mod generated;
mod host;
mod model;
mod queue;
mod read;
mod shared;
mod webhooks;
mod write;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("VERSION", approute_bridge::VERSION)?;
    module.add("API_VERSION", approute::API_VERSION)?;
    module.add("OPERATIONS", approute_bridge::OPERATIONS.to_vec())?;
    module.add("NOT_GIVEN", write::not_given(py)?.clone_ref(py))?;
    module.add_class::<write::NotGiven>()?;
    module.add_class::<client::NativeClient>()?;
    module.add_class::<answer::Response>()?;
    module.add_class::<answer::RateLimit>()?;
    module.add_class::<answer::Binary>()?;
    module.add_class::<queue::LoopQueue>()?;
    module.add_class::<background::BackgroundCall>()?;
    module.add_class::<host::NativeHostCall>()?;
    module.add_function(wrap_pyfunction!(webhooks::webhook_verify, module)?)?;
    module.add_function(wrap_pyfunction!(webhooks::webhook_unwrap, module)?)?;
    module.add_function(wrap_pyfunction!(webhooks::webhook_sign, module)?)?;
    generated::add_classes(module)
}
