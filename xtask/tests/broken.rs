//! What is wrong with a spec is said with its place and with what to do: one small change of a right spec for each row.

#[path = "broken/rows.rs"]
mod rows;

use rows::{ROWS, Row};
use xtask::generate;

const BASE: &str = include_str!("broken/base.yaml");

fn read(text: &str) -> Result<(), String> {
    generate::read(text, "spec.yaml").map(|_| ())
}

#[test]
fn the_base_is_right() {
    assert_eq!(read(BASE), Ok(()));
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let mut wrong = Vec::new();
    for Row { from, to, says } in ROWS {
        assert_eq!(
            BASE.matches(from).count(),
            1,
            "{from:?} must occur once in the base"
        );
        let expected = format!("spec.yaml:{says}");
        let error = read(&BASE.replacen(from, to, 1)).err().unwrap_or_default();
        if !error.lines().any(|line| line.starts_with(&expected)) {
            wrong.push(format!(
                "{from:?} → {to:?}\n  expected {expected}\n  got      {error}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        ROWS.len(),
        wrong.join("\n")
    );
}

#[test]
fn several_mistakes_are_named_in_one_run() {
    let text = BASE
        .replace("enum: [red, green]", "enum: [red, red]")
        .replace("title: Small API, ", "");
    let error = read(&text).unwrap_err();
    assert_eq!(error.lines().count(), 2, "{error}");
}

/// Bad input never panics: every line is left out once, cut short once, and turned into rubbish once.
#[test]
fn mutilated_specs_never_panic() {
    let lines: Vec<&str> = BASE.lines().collect();
    for index in 0..lines.len() {
        let half = &lines[index][..lines[index].len() / 2];
        for replacement in [
            None,
            Some(half),
            Some("    : ["),
            Some("  x: &a {"),
            Some("- null"),
        ] {
            let mut changed = lines.clone();
            match replacement {
                None => drop(changed.remove(index)),
                Some(text) => changed[index] = text,
            }
            if let Err(error) = read(&changed.join("\n")) {
                assert!(error.starts_with("spec.yaml:"), "{error}");
            }
        }
    }
}
