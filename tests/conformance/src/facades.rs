//! Breaks each rule in the code of one language, one at a time, and shows that the cells of its drivers turn red: those
//! that `mutants/<language>.yaml` names, and none beside them.
//!
//! A copy of the package and of its driver is patched, built where it has to be, and run; the repository stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::driver;
use crate::load::{Kit, Problems};
use crate::mutants::{CORE, Mutant, RUST, copy_folder, read, write};
use crate::report::{Cell, Cells, judge, terminal};
use crate::run::{Selection, run};

/// `mutants/<language>.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facade {
    /// The folder that the mutants' files are in.
    pub source: String,
    /// What is copied: the package and its driver.
    pub copies: Vec<String>,
    /// Builds the copy, which is `$ROOT`, before the drivers' own `build`.
    #[serde(default)]
    pub build: Vec<String>,
    /// Environment variables of every process: of those that build, and of the drivers.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// All drivers that run this code.
    pub drivers: Vec<String>,
    /// Changes of the copy that no mutant goes without.
    #[serde(default)]
    pub first: Vec<Patch>,
    /// Whether every rule has to be broken, since nothing of the Rust core is in this SDK.
    #[serde(default)]
    pub complete: bool,
    /// The ways to break it.
    pub mutants: Vec<Mutant>,
}

/// A change that is no mutant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    file: String,
    original: String,
    mutated: String,
}

/// What is wrong with the lists as such.
pub fn check(kit: &Kit) -> Problems {
    let mut problems = Problems::new();
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (language, facade) in &kit.facades {
        let place = |what: String| format!("mutants/{language}.yaml: {what}");
        for driver in &facade.drivers {
            owners.entry(driver).or_default().push(language);
        }
        let mut ids = BTreeSet::new();
        let mut broken = BTreeSet::new();
        for mutant in &facade.mutants {
            let id = &mutant.id;
            if !ids.insert(id) {
                problems.push(place(format!("{id} stands there twice")));
            }
            if !kit.rules.contains_key(&mutant.rule) {
                problems.push(place(format!("{id}: no rule {}", mutant.rule)));
            }
            broken.insert(&mutant.rule);
            for driver in &mutant.drivers {
                if !facade.drivers.contains(driver) {
                    problems.push(place(format!("{id}: {driver} runs other code")));
                }
            }
        }
        let whole = kit.rules.keys().filter(|_| facade.complete);
        for rule in whole.filter(|rule| !broken.contains(rule)) {
            problems.push(place(format!("no mutant breaks {rule}")));
        }
    }
    for (driver, spec) in &kit.drivers {
        let core = spec
            .run
            .first()
            .is_some_and(|run| crate::mutants::is_core(run));
        let owners = owners.get(driver.as_str()).map_or(0, Vec::len) + usize::from(core);
        if owners != 1 {
            problems.push(format!(
                "mutants: {owners} lists break the code of {driver}, not one"
            ));
        }
    }
    problems
}

/// Every snippet that does not occur exactly once in its file.
pub fn misfits(kit: &Kit) -> Problems {
    let repository = kit.root.ancestors().nth(2).unwrap_or(&kit.root);
    let facades = kit.facades.iter().map(|(language, facade)| {
        let source = facade.source.as_str();
        (language.as_str(), source, facade.mutants.as_slice())
    });
    let mut problems = Problems::new();
    for (language, source, mutants) in facades.chain([(RUST, CORE, kit.mutants.as_slice())]) {
        for mutant in mutants {
            let file = repository.join(source).join(&mutant.file);
            let patched = read(&file).and_then(|source| mutant.patched(&source));
            let problem = patched.err();
            problems.extend(problem.map(|problem| format!("{language}: {problem}")));
        }
    }
    problems
}

/// What came of one language.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many mutants there were.
    pub count: usize,
    /// Those that did not turn exactly their cells red, with what was seen instead.
    pub wrong: Vec<String>,
}

/// Runs the mutants of one language that `wants` wants. `None` where its drivers cannot be started on this machine.
///
/// # Errors
/// When a snippet does not fit, a mutant does not build, or cases are red without one.
pub fn command(
    kit: &Kit,
    language: &str,
    facade: &Facade,
    wants: &dyn Fn(&Mutant) -> bool,
) -> Result<Option<Tally>, String> {
    let chosen: Vec<&Mutant> = facade
        .mutants
        .iter()
        .filter(|mutant| wants(mutant))
        .collect();
    if chosen.is_empty() {
        return Ok(Some(Tally::default()));
    }
    let workshop = Workshop::open(kit, language, facade)?;
    if let Some(missing) = workshop.missing()? {
        println!("skip: {language}: {missing}");
        return Ok(None);
    }
    println!("{language}: {} mutants", chosen.len());
    workshop.build()?;
    let rules: BTreeSet<&str> = chosen.iter().map(|mutant| mutant.rule.as_str()).collect();
    let untouched = workshop.run(&rules)?;
    if !untouched.values().all(Cell::is_fine) {
        let cells = terminal(&workshop.kit, &untouched);
        return Err(format!("{language}, without a mutant:\n{cells}"));
    }
    let mut tally = Tally::default();
    for mutant in chosen {
        tally.count += 1;
        let cells = match workshop.with(mutant) {
            Ok(cells) => cells,
            Err(problem) => {
                println!("BROKEN   {language:<7} {:<34} {problem}", mutant.id);
                tally
                    .wrong
                    .push(format!("{language} {}: {problem}", mutant.id));
                continue;
            }
        };
        let red: BTreeSet<&str> = cells
            .iter()
            .filter(|(_, cell)| !cell.is_fine())
            .map(|((driver, _), _)| driver.as_str())
            .collect();
        let named = if mutant.drivers.is_empty() {
            &facade.drivers
        } else {
            &mutant.drivers
        };
        let expected: BTreeSet<&str> = named.iter().map(String::as_str).collect();
        let word = match (red.is_empty(), red == expected) {
            (_, true) => "killed",
            (true, _) => "SURVIVED",
            _ => "OTHERS",
        };
        println!(
            "{word:<8} {language:<7} {:<34} {:<28} red in {}",
            mutant.id,
            mutant.rule,
            listed(&red),
        );
        if red != expected {
            let (expected, red) = (listed(&expected), listed(&red));
            tally.wrong.push(format!(
                "{language} {}: expected red in {expected}, seen in {red}",
                mutant.id
            ));
        }
    }
    Ok(Some(tally))
}

fn listed(names: &BTreeSet<&str>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// The copy of a language's package and driver.
struct Workshop<'a> {
    facade: &'a Facade,
    copy: PathBuf,
    /// The kit with drivers that run in the copy.
    kit: Kit,
}

impl<'a> Workshop<'a> {
    fn open(kit: &Kit, language: &str, facade: &'a Facade) -> Result<Self, String> {
        let repository = kit.root.join("../..").canonicalize();
        let repository = repository.map_err(|error| error.to_string())?;
        // Several runs at once do not meet.
        let name = format!("{language}-{}", std::process::id());
        let copy = repository.join("target/mutants").join(name);
        for part in &facade.copies {
            copy_folder(&repository.join(part), &copy.join(part))?;
        }
        for patch in &facade.first {
            let file = copy.join(&facade.source).join(&patch.file);
            let text = read(&file)?;
            if text.matches(&patch.original).count() != 1 {
                return Err(format!(
                    "{}: {:?} is not there once",
                    patch.file, patch.original
                ));
            }
            write(&file, &text.replace(&patch.original, &patch.mutated))?;
        }
        let root = copy.display().to_string();
        let mut kit = kit.clone();
        kit.drivers.retain(|name, _| facade.drivers.contains(name));
        for spec in kit.drivers.values_mut() {
            for word in spec.run.iter_mut().chain(&mut spec.build) {
                // What is built here must not take the place of the real one.
                *word = word
                    .replace("$BIN/conformance-driver-", "$ROOT/conformance-driver-")
                    .replace("$ROOT", &root);
            }
        }
        Ok(Self { facade, copy, kit })
    }

    /// What the drivers need of this machine and is not there.
    fn missing(&self) -> Result<Option<String>, String> {
        for spec in self.kit.drivers.values() {
            if let Some(missing) = driver::missing(spec, &self.kit.root)? {
                return match &spec.optional {
                    Some(why) => Ok(Some(format!("{missing} ({why})"))),
                    None => Err(missing),
                };
            }
        }
        Ok(None)
    }

    fn build(&self) -> Result<(), String> {
        let root = self.copy.display().to_string();
        let own = self
            .facade
            .build
            .iter()
            .map(|word| word.replace("$ROOT", &root));
        let own: Vec<String> = own.collect();
        if let Some((tool, words)) = own.split_first() {
            let built = Command::new(tool)
                .args(words)
                .envs(&self.facade.env)
                .output();
            let built = built.map_err(|error| format!("{tool}: {error}"))?;
            if !built.status.success() {
                let said = [built.stdout, built.stderr].concat();
                return Err(String::from_utf8_lossy(&said).into_owned());
            }
        }
        // Drivers of one language share what is built.
        let mut done = BTreeSet::new();
        for spec in self.kit.drivers.values() {
            if done.insert(&spec.build) {
                driver::build(spec, &self.kit.root, &self.facade.env)?;
            }
        }
        Ok(())
    }

    fn run(&self, rules: &BTreeSet<&str>) -> Result<Cells, String> {
        let mut kit = self.kit.clone();
        kit.cases
            .retain(|case| case.rule.iter().any(|rule| rules.contains(rule.as_str())));
        let selection = Selection {
            env: self.facade.env.clone(),
            until_red: true,
            ..Selection::default()
        };
        Ok(judge(&kit, run(&kit, &selection)?))
    }

    /// The cells of a mutant's rule with that mutant in the code.
    fn with(&self, mutant: &Mutant) -> Result<Cells, String> {
        let file = self.copy.join(&self.facade.source).join(&mutant.file);
        let original = read(&file)?;
        let cells = write(&file, &mutant.patched(&original)?)
            .and_then(|()| {
                self.build()
                    .map_err(|problem| format!("{} does not build: {problem}", mutant.id))
            })
            .and_then(|()| self.run(&BTreeSet::from([mutant.rule.as_str()])));
        write(&file, &original)?;
        cells
    }
}

impl Drop for Workshop<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.copy);
    }
}

/// The name of a list's language: its file without `.yaml`.
pub fn language(file: &Path) -> String {
    file.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}
