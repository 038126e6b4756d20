//! Specs changed at random: none makes the generator panic, and each one that it accepts goes through every template.

use std::path::Path;

use xtask::generate;
use xtask::targets::TARGETS;

/// What is put in the place of a line, at its depth.
const LINES: &[&str] = &[
    "type: object",
    "$ref: '#/components/schemas/Thing'",
    "oneOf: []",
    "null",
    "- x",
    "{}",
    "properties: {}",
    "enum: [1]",
    "const: a",
    "'",
    "type: [string, 'null']",
    "x-open-enum: true",
    "additionalProperties: { type: string }",
];

/// Names that are put in each other's place.
const NAMES: &[&str] = &[
    "Thing",
    "Part",
    "Mood",
    "Labels",
    "Event",
    "Tags",
    "Note",
    "Color",
    "NoteUpdate",
    "Problem",
];

/// Marsaglia's xorshift, so that a failure can be repeated by its number.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

fn mutated(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(3) {
        let (here, there) = (random.below(lines.len()), random.below(lines.len()));
        match random.below(6) {
            0 => drop(lines.remove(here)),
            1 => lines.insert(here, lines[there].clone()),
            2 => lines.swap(here, there),
            3 => {
                let depth = lines[here].len() - lines[here].trim_start().len();
                lines[here] = " ".repeat(depth) + random.of(LINES);
            }
            4 => {
                let words: Vec<_> = lines[there].split(' ').collect();
                let word = random.of(&words).to_owned();
                let mut words: Vec<_> = lines[here].split(' ').collect();
                let place = random.below(words.len());
                words[place] = &word;
                lines[here] = words.join(" ");
            }
            _ => {
                let (old, new) = (random.of(NAMES), random.of(NAMES));
                lines[here] = lines[here].replace(old, new);
            }
        }
    }
    lines.join("\n")
}

fn try_many(text: &str, count: u64) {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut accepted = 0;
    for number in 1..=count {
        let spec = mutated(
            text,
            &mut Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        );
        match generate::read(&spec, "spec.yaml") {
            Ok(api) => {
                accepted += 1;
                let outputs = generate::outputs(&api, &templates, TARGETS);
                assert!(
                    outputs.is_ok(),
                    "mutation {number}: {}\n{spec}",
                    outputs.unwrap_err()
                );
            }
            Err(error) => {
                let placed = error
                    .lines()
                    .all(|line| line.starts_with("spec.yaml:") && !line.contains("progenitor"));
                assert!(placed, "mutation {number}: {error}");
            }
        }
    }
    // Otherwise nothing but the refusal would be tested.
    assert!(
        accepted > 0 && accepted < count,
        "{accepted} of {count} were accepted"
    );
}

#[test]
fn a_small_spec() {
    try_many(include_str!("broken/base.yaml"), 200);
}

#[test]
#[ignore = "takes a minute or more; make test-full runs it"]
fn the_torture_spec() {
    try_many(include_str!("torture/openapi.yaml"), 1_000);
}
