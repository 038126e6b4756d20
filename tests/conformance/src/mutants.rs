//! Breaks each rule of the Rust core, one at a time, and shows that a case of the rule turns red. [`crate::facades`] does so
//! with the code of the other languages.
//!
//! The product's source has no switches. A copy of it gets them all at once: every snippet of `mutants/rust.yaml` becomes
//! `if crate::mutant("id") { mutated } else { original }`. The driver is built once against the copy, and the cases of a
//! mutant's rule are run with the environment variable that turns it on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde::Deserialize;

use crate::facades::{self, Tally};
use crate::load::{Kit, Problems};
use crate::report::{Cell, judge, terminal};
use crate::run::{Selection, run};

/// Names the mutant that is on.
const SWITCH: &str = "APPROUTE_MUTANT";
const DRIVER: &str = "conformance-driver-rust";
/// The language of the core.
pub const RUST: &str = "rust";
/// The folder that its mutants' files are in.
pub const CORE: &str = "core/src";

/// One way to break a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// Unique.
    pub id: String,
    /// The rule that it breaks.
    pub rule: String,
    /// The file below `core/src`.
    pub file: String,
    /// The snippet; «» marks the part that is replaced where the rest only says which one is meant.
    pub original: String,
    /// What stands there instead; without it, a statement is left out.
    #[serde(default)]
    pub mutated: String,
    /// The drivers that turn red, where not all of the language do; not for the Rust core, whose drivers share all of it.
    #[serde(default)]
    pub drivers: Vec<String>,
}

impl Mutant {
    /// Text before, the part that is replaced, and text after.
    fn parts(&self) -> (&str, &str, &str) {
        let marked = self.original.split_once('«').and_then(|(before, rest)| {
            rest.split_once('»')
                .map(|(part, after)| (before, part, after))
        });
        marked.unwrap_or(("", &self.original, ""))
    }

    /// Where the part that is replaced stands.
    fn span(&self, source: &str) -> Result<(usize, usize), String> {
        let (before, part, after) = self.parts();
        let whole = format!("{before}{part}{after}");
        let found = source.matches(&whole).count();
        let place = source.find(&whole).filter(|_| found == 1);
        let start = place.map(|place| place + before.len());
        start
            .map(|start| (start, start + part.len()))
            .ok_or_else(|| {
                format!(
                    "{}: the snippet occurs {found} times in {}",
                    self.id, self.file
                )
            })
    }

    /// The source with this mutant in it and nothing else.
    ///
    /// # Errors
    /// When the snippet does not occur exactly once.
    pub fn patched(&self, source: &str) -> Result<String, String> {
        let (start, end) = self.span(source)?;
        Ok([&source[..start], &self.mutated, &source[end..]].concat())
    }

    fn switch(&self, original: &str) -> String {
        let (id, mutated) = (&self.id, &self.mutated);
        let choice = format!("if crate::mutant({id:?}) {{ {mutated} }} else {{ {original} }}");
        let statement = original.trim_end().ends_with(';') || mutated.is_empty();
        if statement {
            choice
        } else {
            format!("({choice})")
        }
    }
}

/// The source with the switches of all these mutants in it.
fn with_switches(source: &str, mutants: &[&Mutant]) -> Result<String, Problems> {
    let mut spans: BTreeMap<(usize, usize), Vec<&Mutant>> = BTreeMap::new();
    let mut problems = Problems::new();
    for mutant in mutants {
        match mutant.span(source) {
            Ok(span) => spans.entry(span).or_default().push(mutant),
            Err(problem) => problems.push(problem),
        }
    }
    let mut spans: Vec<_> = spans.into_iter().collect();
    // A span that contains others comes before them.
    spans.sort_by_key(|((start, end), _)| (*start, std::cmp::Reverse(*end)));
    for pair in spans.windows(2) {
        let ((_, end), (start, later)) = (pair[0].0, pair[1].0);
        if start < end && end < later {
            problems.push(format!(
                "{} and {} overlap",
                pair[0].1[0].id, pair[1].1[0].id
            ));
        }
    }
    if problems.is_empty() {
        Ok(render(source, 0, source.len(), &spans))
    } else {
        Err(problems)
    }
}

fn render(
    source: &str,
    from: usize,
    to: usize,
    spans: &[((usize, usize), Vec<&Mutant>)],
) -> String {
    let mut text = String::new();
    let (mut at, mut index) = (from, 0);
    while let Some(((start, end), mutants)) = spans.get(index) {
        let inner = spans[index + 1..]
            .iter()
            .take_while(|((start, _), _)| start < end)
            .count();
        let original = render(source, *start, *end, &spans[index + 1..=index + inner]);
        text.push_str(&source[at..*start]);
        text.push_str(
            &mutants
                .iter()
                .fold(original, |text, mutant| mutant.switch(&text)),
        );
        at = *end;
        index += 1 + inner;
    }
    text.push_str(&source[at..to]);
    text
}

/// What is wrong with the list as such.
pub fn check(kit: &Kit) -> Problems {
    let mut problems = Problems::new();
    let mut ids = BTreeSet::new();
    for mutant in &kit.mutants {
        if !ids.insert(&mutant.id) {
            problems.push(format!(
                "mutants/rust.yaml: {} stands there twice",
                mutant.id
            ));
        }
        if !kit.rules.contains_key(&mutant.rule) {
            problems.push(format!(
                "mutants/rust.yaml: {}: no rule {}",
                mutant.id, mutant.rule
            ));
        }
    }
    for (name, rule) in &kit.rules {
        let mutants = kit
            .mutants
            .iter()
            .filter(|mutant| mutant.rule == *name)
            .count();
        if mutants == 0 && rule.no_mutant.is_none() {
            problems.push(format!(
                "{name}: no mutant breaks it, and rules.yaml does not say why"
            ));
        }
        if mutants > 0 && rule.no_mutant.is_some() {
            problems.push(format!("{name}: there are mutants, so `no_mutant` must go"));
        }
    }
    problems.extend(facades::check(kit));
    problems
}

/// Whether a driver's program is the one that is built against the broken core.
pub fn is_core(program: &str) -> bool {
    program.ends_with(DRIVER)
}

/// `approute-conformance mutants [--language NAME]... [FILTER]...`.
///
/// # Errors
/// When a snippet no longer fits, the mutants do not build, or cases are red without any.
pub fn command(kit: &Kit, arguments: &[String]) -> Result<bool, String> {
    let (mut languages, mut filters) = (BTreeSet::new(), Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--language" => {
                let name = arguments.next().map_or("", String::as_str);
                if name != RUST && !kit.facades.contains_key(name) {
                    let known: Vec<&str> = kit.facades.keys().map(String::as_str).collect();
                    return Err(format!("--language is {RUST}, {}", known.join(", ")));
                }
                languages.insert(name);
            }
            filter => filters.push(filter),
        }
    }
    let wants = |mutant: &Mutant| {
        let named = |filter: &&str| mutant.id.contains(filter) || mutant.rule.contains(filter);
        filters.is_empty() || filters.iter().any(named)
    };
    let wanted = |language: &str| languages.is_empty() || languages.contains(language);
    let misfits = facades::misfits(kit);
    if !misfits.is_empty() {
        return Err(misfits.join("\n"));
    }
    let mut all = Tally::default();
    if wanted(RUST) {
        add(&mut all, RUST, core(kit, &wants)?);
    }
    for (language, facade) in &kit.facades {
        if wanted(language)
            && let Some(tally) = facades::command(kit, language, facade, &wants)?
        {
            add(&mut all, language, tally);
        }
    }
    println!("{} mutants, {} wrong", all.count, all.wrong.len());
    for wrong in &all.wrong {
        println!("  {wrong}");
    }
    if all.count == 0 {
        return Err("no mutant matches".to_owned());
    }
    Ok(all.wrong.is_empty())
}

fn add(all: &mut Tally, language: &str, tally: Tally) {
    println!(
        "{language}: {} mutants, {} wrong",
        tally.count,
        tally.wrong.len()
    );
    all.count += tally.count;
    all.wrong.extend(tally.wrong);
}

/// Runs the mutants of the Rust core.
fn core(kit: &Kit, wants: &dyn Fn(&Mutant) -> bool) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let chosen: Vec<&Mutant> = kit.mutants.iter().filter(|mutant| wants(mutant)).collect();
    if chosen.is_empty() {
        return Ok(tally);
    }
    let driver = build(kit)?;
    let mut mutated = kit.clone();
    mutated
        .drivers
        .retain(|_, spec| spec.run.first().is_some_and(|run| is_core(run)));
    for spec in mutated.drivers.values_mut() {
        spec.run[0] = driver.display().to_string();
    }
    let cells = judge(&mutated, run(&mutated, &Selection::default())?);
    if !cells.values().all(Cell::is_fine) {
        return Err(format!("without a mutant:\n{}", terminal(&mutated, &cells)));
    }
    for mutant in chosen {
        let selection = Selection {
            rule: Some(mutant.rule.clone()),
            env: BTreeMap::from([(SWITCH.to_owned(), mutant.id.clone())]),
            ..Selection::default()
        };
        let cells = judge(&mutated, run(&mutated, &selection)?);
        let red = cells.values().filter(|cell| !cell.is_fine()).count();
        tally.count += 1;
        println!(
            "{:<8} {RUST:<7} {:<34} {:<28} {red} of {} cells red",
            if red > 0 { "killed" } else { "SURVIVED" },
            mutant.id,
            mutant.rule,
            cells.len()
        );
        if red == 0 {
            tally.wrong.push(format!("{RUST} {} survived", mutant.id));
        }
    }
    Ok(tally)
}

/// The driver's path, built against a core with all switches.
fn build(kit: &Kit) -> Result<PathBuf, String> {
    let repository = kit
        .root
        .join("../..")
        .canonicalize()
        .map_err(|error| error.to_string())?;
    let folder = repository.join("target/mutants");
    let copy = folder.join("source");
    let _ = fs::remove_dir_all(&copy);
    for part in ["core", "tests/conformance/drivers/rust"] {
        copy_folder(&repository.join(part), &copy.join(part))?;
    }
    let manifest = read(&repository.join("Cargo.toml"))?;
    let members = Regex::new(r"(?s)members = \[.*?\]").map_err(|error| error.to_string())?;
    let few = r#"members = ["core", "tests/conformance/drivers/rust"]"#;
    write(&copy.join("Cargo.toml"), &members.replace(&manifest, few))?;
    write(
        &copy.join("Cargo.lock"),
        &read(&repository.join("Cargo.lock"))?,
    )?;
    switches(kit, &copy.join(CORE))?;
    println!("building the core with {} mutants in it", kit.mutants.len());
    let built = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--package",
            "approute-conformance-driver",
            "--target-dir",
        ])
        .arg(folder.join("build"))
        .env("RUSTFLAGS", "-Awarnings")
        .current_dir(&copy)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !built.success() {
        return Err(
            "a mutated snippet does not compile; the error above names its file".to_owned(),
        );
    }
    Ok(folder.join("build/debug").join(DRIVER))
}

/// Puts every mutant's switch into the copied source.
fn switches(kit: &Kit, source: &Path) -> Result<(), String> {
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in &kit.mutants {
        files.entry(&mutant.file).or_default().push(mutant);
    }
    let mut problems = Problems::new();
    for (file, mutants) in files {
        let path = source.join(file);
        match with_switches(&read(&path)?, &mutants) {
            Ok(text) => write(&path, &text)?,
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let library = source.join("lib.rs");
    let switch = format!(
        "{}\npub(crate) fn mutant(id: &str) -> bool {{\n    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();\n    ON.get_or_init(|| std::env::var({SWITCH:?}).ok()).as_deref() == Some(id)\n}}\n",
        read(&library)?
    );
    write(&library, &switch)
}

/// Copies a folder without what was built in it. What was installed, and links, become links.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(fail)?;
    for entry in fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name();
        if name == "target" || name == "__pycache__" {
            continue;
        }
        let to = to.join(&name);
        if name == "node_modules" || entry.file_type().map_err(fail)?.is_symlink() {
            let place = entry.path().canonicalize().map_err(fail)?;
            std::os::unix::fs::symlink(place, to).map_err(fail)?;
        } else if entry.file_type().map_err(fail)?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to).map_err(fail)?;
        }
    }
    Ok(())
}

pub(crate) fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

pub(crate) fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(original: &str, mutated: &str) -> Mutant {
        Mutant {
            id: "m".to_owned(),
            rule: String::new(),
            file: "a.rs".to_owned(),
            original: original.to_owned(),
            mutated: mutated.to_owned(),
            drivers: Vec::new(),
        }
    }

    fn switched(source: &str, mutants: &[(&str, &str)]) -> Result<String, Problems> {
        let mutants: Vec<_> = mutants
            .iter()
            .map(|(original, mutated)| mutant(original, mutated))
            .collect();
        with_switches(source, &mutants.iter().collect::<Vec<_>>())
    }

    #[test]
    fn expressions_statements_and_marked_parts() {
        for (original, mutated, source, expected) in [
            (
                "a + b",
                "a - b",
                "x = a + b;",
                "x = (if crate::mutant(\"m\") { a - b } else { a + b });",
            ),
            (
                "f();",
                "",
                "f(); g();",
                "if crate::mutant(\"m\") {  } else { f(); } g();",
            ),
            (
                "7 => «x»,",
                "y",
                "6 => x, 7 => x,",
                "6 => x, 7 => (if crate::mutant(\"m\") { y } else { x }),",
            ),
        ] {
            assert_eq!(switched(source, &[(original, mutated)]).unwrap(), expected);
        }
    }

    #[test]
    fn several_mutants_of_one_snippet_and_within_one_another() {
        let text = switched("x = f(a);", &[("a", "b"), ("f(a)", "g()"), ("f(«a»)", "c")]).unwrap();
        let inner =
            "(if crate::mutant(\"m\") { c } else { (if crate::mutant(\"m\") { b } else { a }) })";
        let expected = format!("x = (if crate::mutant(\"m\") {{ g() }} else {{ f({inner}) }});");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_snippet_must_fit_exactly_once_and_must_not_overlap() {
        for source in ["", "f(); f();"] {
            let problems = switched(source, &[("f();", "")]).unwrap_err();
            assert!(
                problems[0].starts_with("m: the snippet occurs"),
                "{problems:?}"
            );
        }
        assert_eq!(
            switched("a b c", &[("a b", "x"), ("b c", "y")]).unwrap_err(),
            ["m and m overlap"]
        );
    }
}
