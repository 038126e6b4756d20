//! Ways to break what is right.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Texts that have broken programs before.
const TEXTS: [&str; 16] = [
    "",
    " ",
    "\0",
    "a\0b",
    "null",
    "\u{202e}txt.exe",
    "\u{feff}",
    "\u{10ffff}",
    "e\u{301}\u{301}\u{301}",
    "../../etc/passwd",
    "javascript:alert(1)",
    "http://[::1]:99999/",
    "https://user:pass@example.com/",
    "' OR 1=1 --",
    "2026-02-30T25:61:61Z",
    "lnk_00000000000000000000000000",
];

/// Breaks JSON in one to three places.
pub fn value(value: &mut Value, random: &mut Rng) {
    for _ in 0..random.usize(1..=3) {
        let nodes = count(value);
        let mut index = random.usize(..nodes);
        at(value, &mut index, &mut |node| change(node, random));
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// Calls `act` with the node of this number; `true` when it was found.
fn at(value: &mut Value, index: &mut usize, act: &mut dyn FnMut(&mut Value)) -> bool {
    if *index == 0 {
        act(value);
        return true;
    }
    *index -= 1;
    match value {
        Value::Array(list) => list.iter_mut().any(|entry| at(entry, index, act)),
        Value::Object(map) => map.values_mut().any(|entry| at(entry, index, act)),
        _ => false,
    }
}

fn change(node: &mut Value, random: &mut Rng) {
    match (random.u8(..10), &mut *node) {
        (0..=3, Value::Object(map)) => change_object(map, random),
        (0..=3, Value::Array(list)) if !list.is_empty() => {
            let entry = list[random.usize(..list.len())].clone();
            let many = random.choice([0, 1, 2, 101, 1_001]).unwrap_or_default();
            list.extend(std::iter::repeat_n(entry, many));
            if many == 0 {
                list.clear();
            }
        }
        (0..=5, Value::String(text)) => change_text(text, random),
        _ => *node = another(random),
    }
}

fn change_object(map: &mut Map<String, Value>, random: &mut Rng) {
    let keys: Vec<String> = map.keys().cloned().collect();
    let key = random.choice(&keys).cloned().unwrap_or_default();
    match random.u8(..3) {
        0 => drop(map.remove(&key)),
        1 => drop(map.insert(
            random.choice(TEXTS).unwrap_or_default().to_owned(),
            another(random),
        )),
        // The same, misspelled.
        _ => {
            let value = map.remove(&key).unwrap_or_default();
            map.insert(key.to_uppercase(), value);
        }
    }
}

fn change_text(text: &mut String, random: &mut Rng) {
    match random.u8(..4) {
        0 => *text = random.choice(TEXTS).unwrap_or_default().to_owned(),
        1 => text.push_str(random.choice(TEXTS).unwrap_or_default()),
        2 => *text = text.repeat(random.usize(2..3_000)),
        _ => text.extend((0..random.usize(1..5)).map(|_| random.char(..))),
    }
}

fn another(random: &mut Rng) -> Value {
    match random.u8(..12) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i64(..)),
        3 => json!(u64::MAX),
        4 => json!(9_007_199_254_740_993_i64),
        5 => json!(1e308),
        6 => json!(-0.0),
        7 => json!(0.5),
        8 => json!([]),
        9 => json!({}),
        10 => {
            let depth = random.usize(1..120);
            (0..depth).fold(json!(1), |inner, _| json!([inner]))
        }
        _ => json!(random.choice(TEXTS)),
    }
}

/// Breaks bytes in one to four places.
pub fn bytes(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..=4) {
        let place = random.usize(..=bytes.len());
        match random.u8(..7) {
            0 => bytes.truncate(place),
            1 if place < bytes.len() => bytes[place] = random.u8(..),
            2 if place < bytes.len() => bytes[place] ^= 1 << random.u8(..8),
            3 if place < bytes.len() => drop(bytes.remove(place)),
            4 => bytes.insert(place, random.u8(..)),
            5 => {
                let part: &[u8] = random
                    .choice([
                        &b"\xff\xfe"[..],
                        b"\xed\xa0\x80",
                        b"\\ud800",
                        b"\"",
                        b"1e999",
                        b"\xef\xbb\xbf",
                        b",",
                        b"\0",
                    ])
                    .unwrap_or_default();
                bytes.splice(place..place, part.iter().copied());
            }
            _ => {
                let brackets = random.usize(1..5_000);
                bytes.splice(place..place, std::iter::repeat_n(b'[', brackets));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_reached_and_most_cases_differ() {
        let good = json!({"a": [1, {"b": "c"}], "d": null});
        assert_eq!(count(&good), 6);
        let mut seen = std::collections::HashSet::new();
        for seed in 0..1_000 {
            let mut broken = good.clone();
            value(&mut broken, &mut Rng::with_seed(seed));
            seen.insert(broken.to_string());
        }
        assert!(seen.len() > 500, "{}", seen.len());
    }

    #[test]
    fn the_same_seed_breaks_the_same_way() {
        let broken = |seed| {
            let mut text = b"{\"a\": 1}".to_vec();
            bytes(&mut text, &mut Rng::with_seed(seed));
            text
        };
        assert_eq!(broken(7), broken(7));
        assert_ne!(broken(7), broken(8));
    }
}
