//! What every model has in Ruby, beside its fields.

use std::sync::Arc;

use approute_bridge::{Answer, Failure};
use magnus::value::ReprValue;
use magnus::{Error, RString, Ruby, TypedData, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::raised;
use crate::response::Response;
use crate::to_ruby::{frozen, string};
use crate::unsafe_parts::Shared;

/// A Ruby class around a model of the core.
pub(crate) trait Model: TypedData + Send + 'static {
    type Data: Serialize + DeserializeOwned + PartialEq + Send + Sync + 'static;

    fn new(data: Shared<Self::Data>, answer: Option<Arc<Answer>>) -> Self;
    fn data(&self) -> &Shared<Self::Data>;
    fn answer(&self) -> Option<&Arc<Answer>>;
}

/// A frozen Ruby object of a model.
pub(crate) fn object<M: Model>(
    ruby: &Ruby,
    data: Shared<M::Data>,
    answer: Option<Arc<Answer>>,
) -> Value {
    frozen(ruby.obj_wrap(M::new(data, answer)))
}

/// Defines on a model's class what every model has, and gives the class. A macro, since magnus needs concrete functions.
macro_rules! define {
    ($ruby:ident, $model:ty) => {{
        use magnus::{Module as _, Object as _};
        let class = <$model as magnus::TypedData>::class($ruby);
        class.define_method("==", magnus::method!($crate::model::equals::<$model>, 1))?;
        class.define_method("eql?", magnus::method!($crate::model::equals::<$model>, 1))?;
        class.define_method(
            "to_json",
            magnus::method!($crate::model::to_json::<$model>, -1),
        )?;
        class.define_method(
            "response",
            magnus::method!($crate::model::response::<$model>, 0),
        )?;
        class.define_singleton_method(
            "parse",
            magnus::function!($crate::model::parse::<$model>, 1),
        )?;
        class
    }};
}
pub(crate) use define;

pub(crate) fn equals<M: Model>(this: &M, other: Value) -> bool {
    <&M as magnus::TryConvert>::try_convert(other)
        .is_ok_and(|other| this.data().get() == other.data().get())
}

/// Takes the generator's state, as `JSON.generate` passes it, and has no use for it.
pub(crate) fn to_json<M: Model>(ruby: &Ruby, this: &M, _state: &[Value]) -> Result<RString, Error> {
    match serde_json::to_string(this.data().get()) {
        Ok(text) => Ok(ruby.str_new(&text)),
        Err(error) => Err(raised(ruby, Failure::internal(error.to_string()))),
    }
}

pub(crate) fn response<M: Model>(ruby: &Ruby, this: &M) -> Value {
    match this.answer() {
        Some(answer) => Response::object(ruby, Arc::clone(answer)),
        None => ruby.qnil().as_value(),
    }
}

/// Reads a model from JSON.
pub(crate) fn parse<M: Model>(ruby: &Ruby, text: RString) -> Result<Value, Error> {
    let text = text.to_bytes();
    match serde_json::from_slice::<M::Data>(&text) {
        Ok(data) => Ok(object::<M>(ruby, Shared::new(data), None)),
        Err(error) => {
            let class = M::class(ruby);
            let message = format!("this JSON is no {class}: {error}");
            let failure = Failure::bad_argument(approute_bridge::LanguageType::Value, message);
            Err(raised(ruby, failure))
        }
    }
}

/// The fields that this version does not know.
pub(crate) fn extra(ruby: &Ruby, extra: &approute::models::Extra) -> Value {
    let hash = ruby.hash_new();
    for (key, value) in extra {
        let _ = hash.aset(string(ruby, key), crate::to_ruby::json(ruby, value));
    }
    frozen(hash)
}
