//! Reads a request body strictly: duplicate keys and deep nesting are refused, where serde_json would keep
//! the last key and give up only at 128 levels.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deeper than any document of the API; nothing that people write by hand gets there.
const MAX_DEPTH: usize = 16;
/// Integers stay exact in every language up to here.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// Parses `body`, or says where and why it is not acceptable JSON.
pub fn parse(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| {
        format!(
            "The body is not UTF-8: byte {} is wrong.",
            error.valid_up_to()
        )
    })?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err("The body is empty; send a JSON object.".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| format!("The body is not valid JSON: {error}."))?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!(
                "more than {MAX_DEPTH} levels of nesting"
            )));
        }
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // JSON Schema counts 5.0 among the integers, so it has to become one here.
        if value.fract() == 0.0 && value.abs() <= MAX_EXACT {
            return Ok(Value::Number((value as i64).into()));
        }
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key {key:?} occurs twice"
                )));
            }
            let value = map.next_value_seed(inner)?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_readers_disagree_about() {
        for (body, reason) in [
            (&b"{\"a\":1,\"a\":2}"[..], "occurs twice"),
            (b"{\"a\":1} x", "trailing"),
            (b"{\"a\":", "EOF"),
            (b"\xff\xfe{}", "not UTF-8"),
            (b"   ", "empty"),
            (b"{\"a\":1e999}", "out of range"),
            (b"{\"a\":\"\\ud800\"}", "hex escape"),
            (b"{'a':1}", "key must be a string"),
            (b"NaN", "expected"),
        ] {
            let error = parse(body).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        assert!(parse(deep.as_bytes()).unwrap_err().contains("levels"));
        let bottomless = "[".repeat(1_000_000);
        assert!(parse(bottomless.as_bytes()).is_err());
    }

    #[test]
    fn whole_floats_are_integers() {
        assert_eq!(
            parse(b"[5.0, 1e3, 0.5]").unwrap(),
            serde_json::json!([5, 1000, 0.5])
        );
    }
}
