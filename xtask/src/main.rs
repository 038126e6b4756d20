//! Developer tasks. `cargo xtask generate` makes everything that is made from the spec.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xtask::tasks::{self, SPEC};

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
        ["generate"] => tasks::generate(&root()),
        ["generate", "--check"] => tasks::check(&root()),
        ["model"] => tasks::model(&root()),
        ["help" | "--help" | "-h"] => Ok(USAGE.to_owned()),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository: the folder above this crate's, or the working directory where that is no longer there.
fn root() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = above.filter(|root| root.join(SPEC).is_file());
    root.unwrap_or(Path::new(".")).to_owned()
}
