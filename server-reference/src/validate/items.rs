//! A batch's items are judged one by one: an item that breaks the schema fails by itself, like one that breaks a rule.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::problem::FieldError;

/// The items of a batch that cannot be carried out: list, index, and what is wrong (pointers within the item).
pub type Rejected = BTreeMap<(String, usize), Vec<FieldError>>;

/// Takes the items that break the schema out of `body`. Returns them, or `errors` where the batch itself is wrong.
pub fn split(
    body: &mut Value,
    errors: Vec<FieldError>,
    check: impl Fn(&Value) -> Vec<FieldError>,
) -> Result<Rejected, Vec<FieldError>> {
    let mut rejected = Rejected::new();
    if errors.is_empty() {
        return Ok(rejected);
    }
    if errors.iter().any(|error| item_of(&error.pointer).is_none()) {
        return Err(errors);
    }
    for list in ["create", "update", "delete"] {
        let Some(Value::Array(items)) = body.get_mut(list) else {
            continue;
        };
        let mut index = 0;
        items.retain(|item| {
            let at = index;
            index += 1;
            // Each item is checked as a batch of its own, so that its errors are not cut off by those of others.
            let prefix = format!("/{list}/0");
            let found = check(&serde_json::json!({ list: [item] }));
            if found.is_empty() {
                return true;
            }
            let strip = |mut error: FieldError| {
                error.pointer = error
                    .pointer
                    .strip_prefix(&prefix)
                    .map(str::to_owned)
                    .unwrap_or(error.pointer);
                error
            };
            rejected.insert(
                (list.to_owned(), at),
                found.into_iter().map(strip).collect(),
            );
            false
        });
    }
    // What is left may still be wrong, where the list of errors was cut off before it said so.
    let rest = check(body);
    if rest.is_empty() {
        Ok(rejected)
    } else {
        Err(rest)
    }
}

fn item_of(pointer: &str) -> Option<(&str, usize)> {
    let mut parts = pointer.strip_prefix('/')?.split('/');
    let list = parts
        .next()
        .filter(|list| matches!(*list, "create" | "update" | "delete"))?;
    Some((list, parts.next()?.parse().ok()?))
}
