//! Bounds as English phrases, so that every language documents them in the same words.

use crate::spec::{Kind, Limits, Schema};

/// The bounds of a schema (references already followed), as phrases without a full stop.
pub fn phrases(schema: &Schema) -> Vec<String> {
    match &schema.kind {
        Kind::Text { limits, .. } => {
            let mut list: Vec<_> = size(limits, "character").into_iter().collect();
            list.extend(
                limits
                    .pattern
                    .as_ref()
                    .map(|pattern| format!("matching `{pattern}`")),
            );
            list
        }
        Kind::Integer(limits) | Kind::Number(limits) => numbers(limits),
        Kind::List { limits, .. } => {
            let mut list: Vec<_> = size(limits, "item").into_iter().collect();
            list.extend(limits.unique.then(|| "each item once".to_owned()));
            list
        }
        Kind::Map { limits, keys, .. } => {
            let mut list: Vec<_> = size(limits, "entry").into_iter().collect();
            if let Some(keys) = keys {
                list.extend(
                    phrases(keys)
                        .into_iter()
                        .map(|phrase| format!("keys: {phrase}")),
                );
            }
            list
        }
        Kind::Object { limits, .. } => size(limits, "field").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn size(limits: &Limits, unit: &str) -> Option<String> {
    let units = |count: u64| match (count, unit) {
        (1, _) => unit.to_owned(),
        (_, "entry") => "entries".to_owned(),
        _ => format!("{unit}s"),
    };
    match (limits.min_size.filter(|&min| min > 0), limits.max_size) {
        (None, None) => None,
        (Some(min), None) => Some(format!("at least {min} {}", units(min))),
        (None, Some(max)) => Some(format!("at most {max} {}", units(max))),
        (Some(min), Some(max)) if min == max => Some(format!("exactly {max} {}", units(max))),
        (Some(min), Some(max)) => Some(format!("{min} to {max} {}", units(max))),
    }
}

/// The largest integer that JSON readers agree on. A bound of this size says nothing about the field.
const SAFE_INTEGER: u64 = 9_007_199_254_740_991;

fn numbers(limits: &Limits) -> Vec<String> {
    let maximum = limits
        .maximum
        .as_ref()
        .filter(|max| max.as_u64() != Some(SAFE_INTEGER));
    let mut list = Vec::new();
    match (&limits.minimum, maximum) {
        (Some(min), Some(max)) => list.push(format!("{min} to {max}")),
        (Some(min), None) => list.push(format!("at least {min}")),
        (None, Some(max)) => list.push(format!("at most {max}")),
        (None, None) => {}
    }
    list.extend(
        limits
            .above
            .as_ref()
            .map(|bound| format!("more than {bound}")),
    );
    list.extend(
        limits
            .below
            .as_ref()
            .map(|bound| format!("less than {bound}")),
    );
    list.extend(
        limits
            .multiple_of
            .as_ref()
            .map(|step| format!("a multiple of {step}")),
    );
    list
}
