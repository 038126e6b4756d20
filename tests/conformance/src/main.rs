//! `approute-conformance`: runs the cases, checks the kit, runs the mutants.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use approute_conformance::check::check;
use approute_conformance::driver;
use approute_conformance::load::{Kit, load};
use approute_conformance::mutants;
use approute_conformance::report::{Cell, judge, markdown, terminal};
use approute_conformance::run::{Selection, run};
use approute_conformance::scenario::{self, Played};

const USAGE: &str = "\
usage: approute-conformance run [--check] [--all] [--driver NAME]... [FILTER]...
       approute-conformance check
       approute-conformance mutants [--language NAME]... [FILTER]...

run      runs the cases against the drivers, prints the matrix, and writes docs/conformance.md after a whole run
         (--check: fails where it differs instead). FILTER is a part of a case's id or rule, or an area. A driver that
         cannot be started here is left out (--all: is a failure, unless drivers.yaml calls it optional).
check    reads everything and runs nothing.
mutants  breaks each rule, in the Rust core and in the code of every other language, and shows that exactly its cells turn
         red. NAME is rust, go, node, python, ruby; FILTER is a part of a mutant's id or rule.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some("run") => run_command(&arguments[1..]),
        Some("check") => kit().map(|kit| {
            println!("{} cases, {} rules: fine", kit.cases.len(), kit.rules.len());
            true
        }),
        Some("mutants") => kit().and_then(|kit| mutants::command(&kit, &arguments[1..])),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// `tests/conformance`, wherever in the repository the command is given.
fn root() -> Result<PathBuf, String> {
    let here = env::current_dir().map_err(|error| error.to_string())?;
    here.ancestors()
        .map(|folder| folder.join("tests/conformance"))
        .find(|folder| folder.join("rules.yaml").is_file())
        .ok_or_else(|| "run this inside the repository".to_owned())
}

fn kit() -> Result<Kit, String> {
    let kit = load(&root()?).map_err(|problems| problems.join("\n"))?;
    let problems = check(&kit);
    if problems.is_empty() {
        Ok(kit)
    } else {
        Err(problems.join("\n"))
    }
}

fn run_command(arguments: &[String]) -> Result<bool, String> {
    let mut kit = kit()?;
    let mut selection = Selection::default();
    let (mut only_check, mut all) = (false, false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => only_check = true,
            "--all" => all = true,
            "--driver" => {
                let name = arguments.next().ok_or(USAGE)?;
                if !kit.drivers.contains_key(name) {
                    return Err(format!("there is no driver {name}"));
                }
                selection.drivers.push(name.clone());
            }
            flag if flag.starts_with('-') => return Err(USAGE.to_owned()),
            filter => selection.filters.push(filter.to_owned()),
        }
    }
    let mut whole = selection.drivers.is_empty() && selection.filters.is_empty();
    let missing = prepare_drivers(&mut kit, &selection)?;
    for (name, (reason, optional)) in &missing {
        println!("skip: {name} is left out: {reason}");
        whole = false;
        if all && !optional {
            return Err(format!("{name} cannot be left out here"));
        }
    }
    let started = Instant::now();
    let cells = judge(&kit, run(&kit, &selection)?);
    print!("{}", terminal(&kit, &cells));
    println!(
        "{} cells in {:.1} s",
        cells.len(),
        started.elapsed().as_secs_f64()
    );
    if cells.is_empty() {
        return Err("no case matches".to_owned());
    }
    let played = match selection.filters.is_empty() {
        true => play(&kit, &selection)?,
        false => BTreeMap::new(),
    };
    let green = cells.values().all(Cell::is_fine) && played.values().all(scenario::is_whole);
    if !whole || !green {
        return Ok(green);
    }
    let page = kit.root.join("../../docs/conformance.md");
    let text = markdown(&kit, &cells) + &scenario::markdown(&kit, &played);
    if !only_check {
        return write(&page, &text).map(|()| true);
    }
    if fs::read_to_string(&page).unwrap_or_default() == text {
        Ok(true)
    } else {
        Err("docs/conformance.md is stale: run `make conformance` and commit it".to_owned())
    }
}

/// Builds the drivers that are built here. Those that cannot be started are taken out; returned is why, and whether they
/// are optional.
fn prepare_drivers(
    kit: &mut Kit,
    selection: &Selection,
) -> Result<BTreeMap<String, (String, bool)>, String> {
    let mut missing = BTreeMap::new();
    for (name, spec) in &kit.drivers {
        let wanted = selection.drivers.is_empty() || selection.drivers.contains(name);
        if wanted && let Some(reason) = driver::prepare(spec, &kit.root)? {
            let optional = spec.optional.as_ref();
            let reason = optional.map_or(reason.clone(), |why| format!("{reason} ({why})"));
            missing.insert(name.clone(), (reason, optional.is_some()));
        }
    }
    kit.drivers.retain(|name, _| !missing.contains_key(name));
    Ok(missing)
}

/// Plays the scenario with each driver, side by side, and tells how it went.
fn play(kit: &Kit, selection: &Selection) -> Result<BTreeMap<String, Played>, String> {
    let started = Instant::now();
    let drivers = kit
        .drivers
        .iter()
        .filter(|(name, _)| selection.drivers.is_empty() || selection.drivers.contains(name));
    let drivers: Vec<_> = drivers.collect();
    let played: Result<BTreeMap<_, _>, String> = std::thread::scope(|scope| {
        let threads: Vec<_> = drivers
            .into_iter()
            .map(|(name, spec)| (name, scope.spawn(move || scenario::play(kit, spec))))
            .collect();
        let ends = threads.into_iter().map(|(name, thread)| {
            let end = thread.join().unwrap_or_else(|_| Err("panicked".to_owned()));
            let end = end.map_err(|problem| format!("the scenario with {name}: {problem}"))?;
            Ok((name.clone(), end))
        });
        ends.collect()
    });
    let played = played?;
    print!("{}", scenario::terminal(&played));
    println!(
        "the whole product over the real server with {} drivers in {:.1} s",
        played.len(),
        started.elapsed().as_secs_f64()
    );
    Ok(played)
}

fn write(page: &Path, text: &str) -> Result<(), String> {
    let folder = page.parent().unwrap_or(page);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(page, text))
        .map_err(|error| format!("{}: {error}", page.display()))
}
