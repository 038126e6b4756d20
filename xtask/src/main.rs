//! Developer tasks. `cargo xtask generate` makes everything that is made from the spec.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xtask::generate;
use xtask::outputs;
use xtask::targets::TARGETS;

const SPEC: &str = "spec/openapi.yaml";

const USAGE: &str = "\
usage: cargo xtask <task>

  generate          make every generated file from spec/openapi.yaml
  generate --check  fail where a generated file differs from what the spec gives
  model             print what templates see, as JSON
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["generate"] => generate(),
        ["generate", "--check"] => check(),
        ["model"] => model(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository: the folder above this crate's, or the working directory of a moved binary.
fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .parent()
        .filter(|root| root.join(SPEC).is_file())
        .map_or_else(|| ".".into(), Path::to_owned)
}

fn api(root: &Path) -> Result<generate::Api, String> {
    let text =
        std::fs::read_to_string(root.join(SPEC)).map_err(|error| format!("{SPEC}: {error}"))?;
    generate::read(&text, SPEC)
}

fn finished(root: &Path) -> Result<Vec<outputs::Output>, String> {
    generate::outputs(&api(root)?, &root.join("xtask/templates"), TARGETS)
}

fn folders() -> Vec<&'static str> {
    TARGETS
        .iter()
        .flat_map(|target| target.folders)
        .copied()
        .collect()
}

fn generate() -> Result<(), String> {
    let root = root();
    let files = finished(&root)?;
    let changed = outputs::write(&root, &folders(), &files).map_err(|error| error.to_string())?;
    for path in &changed {
        println!("{path}");
    }
    println!("{} files, {} changed", files.len(), changed.len());
    Ok(())
}

fn check() -> Result<(), String> {
    let root = root();
    let files = finished(&root)?;
    let lines =
        outputs::differences(&root, &folders(), &files).map_err(|error| error.to_string())?;
    if lines.is_empty() {
        println!("{} generated files are up to date", files.len());
        return Ok(());
    }
    Err(format!(
        "{}\nrun `cargo xtask generate` and commit what it changes",
        lines.join("\n")
    ))
}

fn model() -> Result<(), String> {
    let api = api(&root())?;
    let json = serde_json::to_string_pretty(&api.model).map_err(|error| error.to_string())?;
    println!("{json}");
    Ok(())
}
