//! `approute-faults`: every driver through a network that misbehaves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use approute_conformance::driver::{Driver, prepare};
use approute_conformance::load::{DriverSpec, load};
use approute_faults::proxy::Proxy;
use approute_faults::server::Server;
use approute_faults::trial::{self, ATTEMPT_TIMEOUT, Tally};

const USAGE: &str = "\
usage: approute-faults [--calls N] [--seed N] [--driver NAME]... [--all]

Creates links by N calls (500) of every driver, through a proxy that resets, cuts, stalls, duplicates and refuses, and
compares what the SDK said with what the server has. Seeds repeat the faults (without one: the time). A driver that
cannot be started here is left out (--all: is a failure, unless drivers.yaml calls it optional).";

struct Options {
    calls: usize,
    seed: u64,
    drivers: Vec<String>,
    all: bool,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let mut options = Options {
        calls: 500,
        seed: now.map_or(1, |since| since.as_secs()),
        drivers: Vec::new(),
        all: false,
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--calls" => options.calls = value()?.parse().map_err(|_| USAGE)?,
            "--seed" => options.seed = value()?.parse().map_err(|_| USAGE)?,
            "--driver" => options.drivers.push(value()?),
            "--all" => options.all = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<bool, String> {
    let here = env::current_dir().map_err(|error| error.to_string())?;
    let root = here
        .ancestors()
        .map(|folder| folder.join("tests/conformance"))
        .find(|folder| folder.join("rules.yaml").is_file())
        .ok_or("run this inside the repository")?;
    let kit = load(&root).map_err(|problems| problems.join("\n"))?;
    for name in &options.drivers {
        if !kit.drivers.contains_key(name) {
            return Err(format!("there is no driver {name}"));
        }
    }
    let binary = env::current_exe().map_err(|error| error.to_string())?;
    let server = Server::start(&binary.with_file_name("approute-server"))?;
    println!(
        "seed {}, {} calls for each driver",
        options.seed, options.calls
    );
    println!("{HEAD}");
    let mut fine = true;
    let mut ready = Vec::new();
    for (name, spec) in &kit.drivers {
        if !options.drivers.is_empty() && !options.drivers.contains(name) {
            continue;
        }
        if let Some(missing) = prepare(spec, &root)? {
            let optional = spec.optional.is_some() || !options.all;
            let word = if optional { "skip" } else { "FAILED" };
            println!("{name:<20} {word}: {missing}");
            fine &= optional;
        } else {
            ready.push((name, spec));
        }
    }
    // At once: most of the time they wait for what stalls.
    thread::scope(|scope| {
        let (root, server) = (&root, &server);
        let running: Vec<_> = ready
            .into_iter()
            .map(|(name, spec)| {
                (
                    name,
                    scope.spawn(move || one(name, spec, root, server, options)),
                )
            })
            .collect();
        for (name, trial) in running {
            let done = trial.join().unwrap_or_else(|_| Err("panicked".to_owned()));
            fine &= done.unwrap_or_else(|problem| {
                println!("{name:<20} FAILED: {problem}");
                false
            });
        }
    });
    Ok(fine)
}

fn one(
    name: &str,
    spec: &DriverSpec,
    root: &Path,
    server: &Server,
    options: &Options,
) -> Result<bool, String> {
    let began = Instant::now();
    // Well beyond what a try may take, and what a busy machine adds to that.
    let stall = Duration::from_millis(ATTEMPT_TIMEOUT * 4);
    let proxy = Proxy::start(server.address, options.seed, stall).map_err(|e| e.to_string())?;
    let folder = scratch(name);
    let mut driver = Driver::start(spec, root, &BTreeMap::new())?;
    let tally = trial::run(
        &mut driver,
        name,
        server,
        proxy.address(),
        options.calls,
        &folder,
    );
    let _ = fs::remove_dir_all(&folder);
    let tally = tally?;
    let mut told = row(name, &tally, began.elapsed());
    for wrong in tally.wrong.iter().take(20) {
        told.push_str(&format!("\n    {wrong}"));
    }
    if !tally.wrong.is_empty() {
        let faults: Vec<_> = proxy
            .seen()
            .iter()
            .map(|(fault, count)| format!("{fault} {count}"))
            .collect();
        told.push_str(&format!("\n    faults: {}", faults.join(", ")));
    }
    println!("{told}");
    Ok(tally.wrong.is_empty())
}

const HEAD: &str = "driver                 calls    acked  retried  unknown  replayed  applied  not sent  rejected    wrong    time";

fn row(name: &str, tally: &Tally, took: Duration) -> String {
    format!(
        "{name:<20} {:>7}  {:>7}  {:>7}  {:>7}  {:>8}  {:>7}  {:>8}  {:>8}  {:>7}  {:>4} s",
        tally.calls,
        tally.acknowledged,
        tally.retried,
        tally.unknown,
        tally.replayed,
        tally.applied,
        tally.not_sent,
        tally.rejected,
        tally.wrong.len(),
        took.as_secs()
    )
}

/// A folder of this process for a driver's clock.
fn scratch(name: &str) -> PathBuf {
    env::temp_dir().join(format!("approute-faults-{}-{name}", std::process::id()))
}
