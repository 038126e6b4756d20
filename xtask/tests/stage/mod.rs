//! What the tests need that have a language look at what the torture spec gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::generate;
use xtask::outputs::Output;
use xtask::targets::TARGETS;

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the torture spec gives for a language.
pub fn generated(target: &str) -> Vec<Output> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let spec = fs::read_to_string(here.join("tests/torture/openapi.yaml")).unwrap();
    let api = generate::read(&spec, "torture.yaml").unwrap();
    let targets = TARGETS.iter().filter(|known| known.name == target);
    let outputs = targets.flat_map(|target| {
        generate::outputs(&api, &here.join("templates"), std::slice::from_ref(target)).unwrap()
    });
    outputs.collect()
}

/// Runs a program in a folder and gives all that it prints.
pub fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}
