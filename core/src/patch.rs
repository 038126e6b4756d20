//! [`Patch`]: absent, null or a value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of an update, which has three states: leave it as it is, clear it, or set it.
///
/// ```
/// use approute::Patch;
///
/// let leave: Patch<String> = Patch::default();
/// assert!(leave.is_absent());
/// assert_eq!(Patch::from("new"), Patch::Value("new".to_owned()));
/// assert_eq!(Patch::from(None::<String>), Patch::Null);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Patch<T> {
    /// Is not sent: the field stays as it is.
    #[default]
    Absent,
    /// Is sent as null: the field is cleared, or goes back to its default.
    Null,
    /// Is sent: the field becomes this.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the field stays as it is.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the field is cleared.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// What the field becomes: `None` = stays, `Some(None)` = cleared, `Some(Some(value))` = set.
    pub fn into_change(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// The new value, where there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The same state with a reference to the value.
    pub const fn as_ref(&self) -> Patch<&T> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(value),
        }
    }

    /// The same state with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(f(value)),
        }
    }
}

/// `None` clears; to leave a field as it is, do not set it.
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl From<&str> for Patch<String> {
    fn from(value: &str) -> Self {
        Self::Value(value.to_owned())
    }
}

/// Absent cannot be written by itself: fields skip it with `skip_serializing_if = "Patch::is_absent"`. Where that was
/// forgotten it is written as null, which is what serde has for nothing.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

/// What is there is null or a value; absent comes from `#[serde(default)]` on the field.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

/// Reads an optional field that cannot be null: left out it says nothing, and null is a mistake that must not pass as
/// that.
pub(crate) fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Update {
        #[serde(default, skip_serializing_if = "Patch::is_absent")]
        title: Patch<String>,
        #[serde(default, skip_serializing_if = "Patch::is_absent")]
        limit: Patch<i64>,
    }

    #[test]
    fn the_three_states_survive_a_round_trip() {
        for (json, title) in [
            ("{}", Patch::Absent),
            (r#"{"title":null}"#, Patch::Null),
            (r#"{"title":"x"}"#, Patch::from("x")),
        ] {
            let update: Update = serde_json::from_str(json).unwrap();
            assert_eq!(
                update,
                Update {
                    title,
                    limit: Patch::Absent
                }
            );
            assert_eq!(serde_json::to_string(&update).unwrap(), json);
        }
    }

    #[test]
    fn a_wrong_type_is_refused() {
        assert!(serde_json::from_str::<Update>(r#"{"limit":"ten"}"#).is_err());
    }

    #[test]
    fn changes_are_applied_in_one_match() {
        assert_eq!(Patch::<i64>::Absent.into_change(), None);
        assert_eq!(Patch::<i64>::Null.into_change(), Some(None));
        assert_eq!(Patch::Value(1).into_change(), Some(Some(1)));
        assert_eq!(Patch::Value(1).map(|n| n + 1), Patch::Value(2));
        assert_eq!(Patch::Value(1).as_ref().value(), Some(&&1));
    }
}
