//! Runs every case against every driver.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

use crate::case::{Case, Fault};
use crate::driver::Driver;
use crate::load::{DriverSpec, Kit};
use crate::outcome::check_report;
use crate::server::Server;
use crate::session::perform;

/// What became of a case in a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Pass,
    /// Otherwise.
    Fail(Failure),
    /// The driver cannot do what the case needs.
    Unsupported(String),
}

/// Why a cell is red.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// Expected against seen, one line each.
    pub problems: Vec<String>,
    /// What went over the wire.
    pub wire: Vec<String>,
}

/// The verdicts by driver and case.
pub type Verdicts = BTreeMap<(String, String), Verdict>;

/// Which cells to run, and with which extra environment.
#[derive(Debug, Default)]
pub struct Selection {
    /// Only these drivers; all when empty.
    pub drivers: Vec<String>,
    /// Only cases whose id, area or rule contains one of these; all when empty.
    pub filters: Vec<String>,
    /// Only cases of this rule.
    pub rule: Option<String>,
    /// Environment variables for every driver.
    pub env: BTreeMap<String, String>,
    /// Each driver's cells one after the other, until one is red: where it only matters whether one is. Drivers whose start
    /// takes longer than their cells are then started once.
    pub until_red: bool,
}

impl Selection {
    fn wants(&self, case: &Case) -> bool {
        let contains = |filter: &String| {
            case.id.contains(filter)
                || case.area == *filter
                || case.rule.iter().any(|rule| rule.contains(filter))
        };
        if self
            .rule
            .as_ref()
            .is_some_and(|rule| !case.rule.contains(rule))
        {
            return false;
        }
        self.filters.is_empty() || self.filters.iter().any(contains)
    }
}

/// Runs the selected cells, several at once.
///
/// # Errors
/// When the folder for temporary files cannot be made.
pub fn run(kit: &Kit, selection: &Selection) -> Result<Verdicts, String> {
    let folder = Scratch::new()?;
    let mut cells: Vec<(&str, &DriverSpec, &Case)> = Vec::new();
    for (name, spec) in &kit.drivers {
        if selection.drivers.is_empty() || selection.drivers.contains(name) {
            let cases = kit.cases.iter().filter(|case| selection.wants(case));
            cells.extend(cases.map(|case| (name.as_str(), spec, case)));
        }
    }
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Verdicts::new());
    let units: Vec<&[_]> = if selection.until_red {
        cells.chunk_by(|one, other| one.0 == other.0).collect()
    } else {
        cells.chunks(1).collect()
    };
    // Most of a cell's time is spent waiting for sockets.
    let workers = thread::available_parallelism().map_or(4, |cores| cores.get() * 2);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (units, next, verdicts) = (&units, &next, &verdicts);
            let folder = folder.0.join(worker.to_string());
            scope.spawn(move || {
                let mut drivers = HashMap::new();
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::SeqCst)) {
                    for (name, spec, case) in *unit {
                        let verdict = cell(kit, name, spec, case, selection, &folder, &mut drivers);
                        // What may turn green when it is run alone says nothing yet.
                        let red = matches!(verdict, Verdict::Fail(_)) && !takes_real_time(case);
                        verdicts
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(((*name).to_owned(), case.id.clone()), verdict);
                        if red && selection.until_red && !is_known(kit, name, case) {
                            break;
                        }
                    }
                }
            });
        }
    });
    let mut verdicts = verdicts
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    // A try's own timeout is the one thing that takes real time. On a busy machine it can strike a try that would have
    // been answered, so such a case is red only if it is red alone as well.
    let alone = folder.0.join("alone");
    for (name, spec, case) in cells.iter().filter(|(.., case)| takes_real_time(case)) {
        let key = ((*name).to_owned(), case.id.clone());
        if !is_known(kit, name, case) && matches!(verdicts.get(&key), Some(Verdict::Fail(_))) {
            let mut drivers = HashMap::new();
            let again = cell(kit, name, spec, case, selection, &alone, &mut drivers);
            verdicts.insert(key, again);
        }
    }
    Ok(verdicts)
}

/// Whether the cell is known to fail.
fn is_known(kit: &Kit, driver: &str, case: &Case) -> bool {
    let mut known = kit.known_failing.iter();
    known.any(|entry| entry.driver == driver && entry.case == case.id)
}

fn takes_real_time(case: &Case) -> bool {
    let mut answers = case.tries.iter().map(|entry| &entry.answer);
    answers.any(|answer| matches!(answer.fault, Some(Fault::Stall | Fault::Drip)))
}

fn cell(
    kit: &Kit,
    name: &str,
    spec: &DriverSpec,
    case: &Case,
    selection: &Selection,
    folder: &Path,
    drivers: &mut HashMap<String, Driver>,
) -> Verdict {
    let fail = |problem: String| {
        Verdict::Fail(Failure {
            problems: vec![problem],
            wire: Vec::new(),
        })
    };
    let _ = fs::remove_dir_all(folder);
    let server = fs::create_dir_all(folder)
        .and_then(|()| Server::start(&case.tries, case.server, folder))
        .map_err(|error| format!("the scripted server does not start: {error}"));
    let server = match server {
        Ok(server) => server,
        Err(problem) => return fail(problem),
    };
    // Clients read the environment, so a case that sets it has a process of its own.
    let own = !case.env.is_empty();
    let existing = if own { None } else { drivers.remove(name) };
    let driver = existing.map_or_else(
        || {
            let mut env = selection.env.clone();
            let case_env = case.env.iter();
            env.extend(case_env.map(|(name, value)| (name.clone(), server.placed(value))));
            Driver::start(spec, &kit.root, &env)
        },
        Ok,
    );
    let mut driver = match driver {
        Ok(driver) => driver,
        Err(problem) => return fail(problem),
    };
    if let Some(need) = driver.lacks(&case.needs) {
        let need = need.clone();
        drivers.insert(name.to_owned(), driver);
        return Verdict::Unsupported(need);
    }
    let report = perform(&mut driver, case, &server);
    let seen = server.finish();
    let mut problems = seen.problems;
    match report {
        Ok(report) => {
            let shape = kit.report_schema.iter_errors(&report);
            problems.extend(shape.map(|e| format!("the report at {}: {e}", e.instance_path())));
            problems.extend(check_report(case, &report, &seen.requests));
            if !own {
                drivers.insert(name.to_owned(), driver);
            }
        }
        Err(problem) => problems.push(problem),
    }
    if problems.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Fail(Failure {
            problems,
            wire: seen.wire,
        })
    }
}

/// A folder for temporary files that goes away with the value.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("approute-conformance-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
