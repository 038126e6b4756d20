//! The torture spec: every supported construct, with what it must give.
//!
//! `XTASK_BLESS=1 cargo test -p xtask --test torture` writes the expectations anew; read the diff before committing it.

use std::path::{Path, PathBuf};

use xtask::generate::{self, Api};
use xtask::targets::{File, Format, Source, TARGETS, Target};

const EXPECTED: &[Target] = &[Target {
    name: "rust",
    folders: &[],
    files: &[
        File {
            source: Source::Template("models.rs.j2"),
            path: "models.rs",
            format: Format::Rust,
        },
        File {
            source: Source::Template("parts.rs.j2"),
            path: "parts.rs",
            format: Format::Rust,
        },
        File {
            source: Source::Operations,
            path: "operations.rs",
            format: Format::Rust,
        },
        File {
            source: Source::Json,
            path: "openapi.json",
            format: Format::Plain,
        },
        File {
            source: Source::Json30,
            path: "openapi-3.0.json",
            format: Format::Plain,
        },
    ],
}];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture")
}

fn templates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")
}

fn torture() -> Api {
    let text = std::fs::read_to_string(folder().join("openapi.yaml")).unwrap();
    generate::read(&text, "torture.yaml").unwrap_or_else(|problems| panic!("{problems}"))
}

fn expect(name: &str, text: &str) {
    let path = folder().join("expected").join(name);
    if std::env::var_os("XTASK_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let different = expected.lines().zip(text.lines()).position(|(a, b)| a != b);
    let line = different.unwrap_or_else(|| expected.lines().count().min(text.lines().count()));
    assert!(
        expected == text,
        "{name} differs from line {}:\n  expected {:?}\n  got      {:?}",
        line + 1,
        expected.lines().nth(line),
        text.lines().nth(line),
    );
}

#[test]
fn gives_what_is_expected() {
    let api = torture();
    let model = serde_json::to_string_pretty(&api.model).unwrap();
    expect("model.json", &format!("{model}\n"));
    for output in generate::outputs(&api, &templates(), EXPECTED).unwrap() {
        expect(&output.path, &output.text);
    }
}

/// Templates of all languages must at least take every construct; their own tests say what they must give.
#[test]
fn every_template_takes_it() {
    let outputs = generate::outputs(&torture(), &templates(), TARGETS).unwrap();
    assert_eq!(
        outputs.len(),
        TARGETS
            .iter()
            .map(|target| target.files.len())
            .sum::<usize>()
    );
}

#[test]
fn is_the_same_every_time() {
    let text = |api: &Api| {
        let outputs = generate::outputs(api, &templates(), EXPECTED).unwrap();
        outputs
            .into_iter()
            .map(|output| output.text)
            .collect::<Vec<_>>()
    };
    assert_eq!(text(&torture()), text(&torture()));
}
