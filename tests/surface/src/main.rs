//! `approute-surface`: what every package offers in public, against what was released.
//!
//! A surface is a file with a line for everything that users can name. A line that is gone, or a new one that asks for more
//! of what was there before (`[required]`), breaks; any other new line does not. A breaking change fails unless the package's
//! version announces it.

mod rust;
mod surface;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use semver::Version;

use surface::{Surface, breaks, may_break};

const USAGE: &str = "\
usage: approute-surface [--update] [rust | go | node | python | ruby]...

Compares the public surface of each package with tests/surface/released. A breaking change fails unless the package's version
announces it. --update takes what there is, with its version, as released. node needs bindings-node/dist.";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let (mut update, mut wanted) = (false, Vec::new());
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--update" => update = true,
            name if LANGUAGES.iter().any(|(known, _)| *known == name) => wanted.push(argument),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let repository = repository()?;
    let version = version(&repository)?;
    let mut fine = true;
    for (language, extract) in LANGUAGES {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == language) {
            continue;
        }
        let now = Surface::of(version.clone(), &extract(&repository)?);
        let file = repository.join(format!("tests/surface/released/{language}.txt"));
        if update {
            let text = now.to_string();
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            println!("{language}: {} lines, version {version}", now.lines.len());
            continue;
        }
        let text = fs::read_to_string(&file);
        let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
        let released = text.parse::<Surface>();
        let released = released.map_err(|problem| format!("{}: {problem}", file.display()))?;
        fine &= compare(language, &released, &now);
    }
    Ok(fine)
}

/// Tells the difference. Whether it may be.
fn compare(language: &str, released: &Surface, now: &Surface) -> bool {
    let broken = breaks(released, now);
    let more = now.lines.difference(&released.lines).count();
    let announced = may_break(&released.version, &now.version);
    println!(
        "{language}: {} lines, {more} new since {}, {} breaking",
        now.lines.len(),
        released.version,
        broken.len()
    );
    for line in &broken {
        println!("  {line}");
    }
    if broken.is_empty() || announced {
        return true;
    }
    println!(
        "  {} may not break {}: take it back, or announce it by the version; docs/versioning.md says how",
        now.version, released.version
    );
    false
}

type Extract = fn(&Path) -> Result<String, String>;

const LANGUAGES: [(&str, Extract); 5] = [
    ("rust", rust::extract),
    ("go", |repository| {
        let words = [
            "run",
            "../tests/surface/extract/go/main.go",
            ".",
            "./webhook",
            "./approutetest",
        ];
        output(
            Command::new("go")
                .args(words)
                .current_dir(repository.join("sdk-go")),
        )
    }),
    ("node", |repository| {
        let program = repository.join("tests/surface/extract/node.mjs");
        output(
            Command::new("node")
                .arg(program)
                .arg(repository.join("bindings-node")),
        )
    }),
    ("python", |repository| {
        let program = repository.join("tests/surface/extract/python.py");
        let package = repository.join("bindings-python/python/approute");
        output(Command::new("python3").arg(program).arg(package))
    }),
    ("ruby", |repository| {
        let signatures = repository.join("bindings-ruby/sig");
        let files = ["approute.rbs", "generated.rbs"].map(|name| signatures.join(name));
        let program = repository.join("tests/surface/extract/ruby.rb");
        output(Command::new("ruby").arg(program).args(files))
    }),
];

/// What a program prints.
fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if done.status.success() {
        String::from_utf8(done.stdout).map_err(|error| format!("{name}: {error}"))
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&done.stderr)))
    }
}

fn repository() -> Result<PathBuf, String> {
    let here = env::current_dir().map_err(|error| error.to_string())?;
    here.ancestors()
        .find(|folder| folder.join("tests/surface/released").is_dir())
        .map(Path::to_owned)
        .ok_or_else(|| "run this inside the repository".to_owned())
}

/// All packages carry the version of the workspace; a test of each holds it against that.
fn version(repository: &Path) -> Result<Version, String> {
    let manifest = fs::read_to_string(repository.join("Cargo.toml"));
    let manifest = manifest.map_err(|error| format!("Cargo.toml: {error}"))?;
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \""));
    let text = line.unwrap_or_default().trim_end_matches('"');
    text.parse()
        .map_err(|error| format!("Cargo.toml: the version {text:?}: {error}"))
}
