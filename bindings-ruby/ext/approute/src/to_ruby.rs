//! From values of the core to Ruby's, all of them frozen.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use magnus::value::{Lazy, ReprValue};
use magnus::{IntoValue, RArray, RHash, Ruby, Value};

use crate::unsafe_parts::{In, freeze_new, utc_time};

/// What lists and maps without anything in them are. Most of a link's are empty, and what is frozen can be shared.
static EMPTY_LIST: Lazy<RArray> = Lazy::new(|ruby| {
    let list = ruby.ary_new();
    list.freeze();
    list
});
static EMPTY_MAP: Lazy<RHash> = Lazy::new(|ruby| {
    let map = ruby.hash_new();
    map.freeze();
    map
});

/// What a field can be.
pub(crate) trait ToRuby: Sized {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value;
}

impl ToRuby for String {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        string(ruby, this.get())
    }
}

impl ToRuby for i64 {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        this.get().into_value_with(ruby)
    }
}

impl ToRuby for f64 {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        this.get().into_value_with(ruby)
    }
}

impl ToRuby for bool {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        this.get().into_value_with(ruby)
    }
}

impl ToRuby for DateTime<Utc> {
    fn to_ruby(this: In<'_, Self>, _ruby: &Ruby) -> Value {
        time(this.get())
    }
}

impl ToRuby for serde_json::Value {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        json(ruby, this.get())
    }
}

impl ToRuby for serde_json::Map<String, serde_json::Value> {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        object(ruby, this.get())
    }
}

impl<T: ToRuby> ToRuby for Option<T> {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        match this.maybe(Option::as_ref) {
            Some(value) => T::to_ruby(value, ruby),
            None => ruby.qnil().as_value(),
        }
    }
}

impl<T: ToRuby> ToRuby for Vec<T> {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        let mut items = this.each();
        let length = items.len();
        if length == 0 {
            return ruby.get_inner(&EMPTY_LIST).as_value();
        }
        // Some at a time, by way of the stack, where the garbage collector sees them: each call that can raise costs as
        // much as a string.
        let array = ruby.ary_new_capa(length);
        let mut some = [ruby.qnil().as_value(); 16];
        loop {
            let mut taken = 0;
            for (place, item) in some.iter_mut().zip(&mut items) {
                *place = T::to_ruby(item, ruby);
                taken += 1;
            }
            if taken == 0 {
                return frozen(array);
            }
            // A new array is not frozen and has room.
            let _ = array.cat(&some[..taken]);
        }
    }
}

impl<T: ToRuby> ToRuby for BTreeMap<String, T> {
    fn to_ruby(this: In<'_, Self>, ruby: &Ruby) -> Value {
        if this.get().is_empty() {
            return ruby.get_inner(&EMPTY_MAP).as_value();
        }
        let hash = ruby.hash_new();
        for (key, value) in this.entries() {
            let _ = hash.aset(string(ruby, key), T::to_ruby(value, ruby));
        }
        frozen(hash)
    }
}

/// A frozen string.
pub(crate) fn string(ruby: &Ruby, text: &str) -> Value {
    frozen(ruby.str_new(text))
}

/// A frozen string, or nil.
pub(crate) fn optional_string(ruby: &Ruby, text: Option<&str>) -> Value {
    match text {
        Some(text) => string(ruby, text),
        None => ruby.qnil().as_value(),
    }
}

/// A frozen `Time` in UTC.
fn time(time: &DateTime<Utc>) -> Value {
    frozen(utc_time(time.timestamp(), time.timestamp_subsec_nanos()))
}

/// Any JSON; keys of objects are strings.
pub(crate) fn json(ruby: &Ruby, value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => ruby.qnil().as_value(),
        serde_json::Value::Bool(value) => value.into_value_with(ruby),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => integer.into_value_with(ruby),
            (_, Some(integer)) => integer.into_value_with(ruby),
            _ => number.as_f64().into_value_with(ruby),
        },
        serde_json::Value::String(text) => string(ruby, text),
        serde_json::Value::Array(items) => {
            let array = ruby.ary_new_capa(items.len());
            for item in items {
                let _ = array.push(json(ruby, item));
            }
            frozen(array)
        }
        serde_json::Value::Object(members) => object(ruby, members),
    }
}

fn object(ruby: &Ruby, members: &serde_json::Map<String, serde_json::Value>) -> Value {
    let hash = ruby.hash_new();
    for (key, value) in members {
        let _ = hash.aset(string(ruby, key), json(ruby, value));
    }
    frozen(hash)
}

/// Header names and values as a frozen hash.
pub(crate) fn headers(ruby: &Ruby, headers: &[(String, String)]) -> Value {
    let hash = ruby.hash_new();
    for (name, value) in headers {
        let _ = hash.aset(string(ruby, name), string(ruby, value));
    }
    frozen(hash)
}

/// Bytes without an encoding.
pub(crate) fn bytes(ruby: &Ruby, bytes: &[u8]) -> Value {
    frozen(ruby.str_from_slice(bytes))
}

/// Freezes a new value and forgets its type.
pub(crate) fn frozen(value: impl ReprValue) -> Value {
    let value = value.as_value();
    freeze_new(value);
    value
}
