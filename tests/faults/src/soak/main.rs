//! `approute-soak`: all drivers for a long time, and whether anything grows.

mod level;
mod page;
mod plot;
mod sample;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use approute_conformance::driver::{Driver, prepare};
use approute_conformance::load::{DriverSpec, load};
use approute_faults::proxy::Proxy;
use approute_faults::server::Server;
use approute_faults::trial::{self, ATTEMPT_TIMEOUT};
use serde_json::{Value, json};

use page::Run;
use sample::{Record, database_size};

const USAGE: &str = "\
usage: approute-soak [--minutes N] [--seed N] [--driver NAME]... [--out FOLDER]

Every driver makes calls through a network that misbehaves, for N minutes (60), and is looked at meanwhile: memory, open
files, threads, and what its language counts; of the server memory and database. Fails when something is not level, or a
link is lost or doubled. Writes soak.md and images/soak.svg into FOLDER (docs of this repository).";

/// Calls of a round, after which the driver's links are compared with the server's.
const ROUND: usize = 100;
/// So many calls a second and driver: a soak is long, not a load test.
const PACE: f64 = 10.0;
/// How many values a measure gets.
const SAMPLES: u32 = 400;

struct Options {
    minutes: f64,
    seed: u64,
    drivers: Vec<String>,
    out: Option<PathBuf>,
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
    let mut options = Options {
        minutes: 60.0,
        seed: 1,
        drivers: Vec::new(),
        out: None,
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--minutes" => options.minutes = value()?.parse().map_err(|_| USAGE)?,
            "--seed" => options.seed = value()?.parse().map_err(|_| USAGE)?,
            "--driver" => options.drivers.push(value()?),
            "--out" => options.out = Some(value()?.into()),
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<bool, String> {
    if !Path::new("/proc/self/status").exists() {
        return Err("the soak reads /proc, which is only there on Linux".to_owned());
    }
    let here = env::current_dir().map_err(|error| error.to_string())?;
    let root = here
        .ancestors()
        .map(|folder| folder.join("tests/conformance"))
        .find(|folder| folder.join("rules.yaml").is_file())
        .ok_or("run this inside the repository")?;
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| root.join("../../docs"));
    let kit = load(&root).map_err(|problems| problems.join("\n"))?;
    let mut ready = Vec::new();
    for (name, spec) in &kit.drivers {
        if !options.drivers.is_empty() && !options.drivers.contains(name) {
            continue;
        }
        match prepare(spec, &root)? {
            Some(missing) => println!("skip: {name}: {missing}"),
            None => ready.push((name.clone(), spec)),
        }
    }
    let binary = env::current_exe().map_err(|error| error.to_string())?;
    let scratch = env::temp_dir().join(format!("approute-soak-{}", std::process::id()));
    fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let database = scratch.join("soak.db");
    let server = Server::start_on(&binary.with_file_name("approute-server"), Some(&database))?;
    println!(
        "{} minutes, seed {}, {} drivers",
        options.minutes,
        options.seed,
        ready.len()
    );
    let soak = Soak {
        root: &root,
        server: &server,
        scratch: &scratch,
        seed: options.seed,
        length: Duration::from_secs_f64(options.minutes * 60.0),
        record: Record::new(),
        run: Mutex::default(),
        pids: Mutex::default(),
    };
    soak.soak(&ready, &database);
    let Soak { record, run, .. } = soak;
    let mut run = run.into_inner().unwrap_or_else(PoisonError::into_inner);
    run.seconds = record.seconds();
    run.seed = options.seed;
    run.cores = thread::available_parallelism().map_or(1, usize::from);
    drop(server);
    let _ = fs::remove_dir_all(&scratch);
    report(&run, &record, &out)
}

fn report(run: &Run, record: &Record, out: &Path) -> Result<bool, String> {
    let all = record.all();
    let rows = page::judge(run, &all);
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", out.display());
    fs::create_dir_all(out.join("images")).map_err(|error| fail(&error))?;
    fs::write(out.join("soak.md"), page::markdown(run, &rows)).map_err(|error| fail(&error))?;
    let names: Vec<String> = run.drivers.keys().cloned().collect();
    plot::draw(&out.join("images/soak.svg"), &names, &all).map_err(|error| fail(&error))?;
    let uneven: Vec<String> = rows.iter().filter_map(page::Row::problem).collect();
    for problem in run.wrong.iter().chain(&uneven) {
        println!("  {problem}");
    }
    println!(
        "{:.1} minutes, {} measures, {} not level, {} wrong; {}/soak.md",
        run.seconds / 60.0,
        rows.len(),
        uneven.len(),
        run.wrong.len(),
        out.display()
    );
    Ok(uneven.is_empty() && run.wrong.is_empty())
}

/// A soak that is under way.
struct Soak<'a> {
    root: &'a Path,
    server: &'a Server,
    scratch: &'a Path,
    seed: u64,
    length: Duration,
    record: Record,
    run: Mutex<Run>,
    /// Of the drivers that run.
    pids: Mutex<BTreeMap<String, u32>>,
}

impl Soak<'_> {
    fn soak(&self, drivers: &[(String, &DriverSpec)], database: &Path) {
        thread::scope(|scope| {
            for (index, (name, spec)) in drivers.iter().enumerate() {
                scope.spawn(move || {
                    let seed = self.seed.wrapping_add(index as u64);
                    let ended = self.one(name, spec, seed);
                    let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Err(problem) = ended {
                        println!("{name}: {problem}");
                        run.wrong.push(format!("{name}: {problem}"));
                    }
                });
            }
            scope.spawn(|| self.look(database));
        });
    }

    /// Looks at everybody until the time is over.
    fn look(&self, database: &Path) {
        let interval = (self.length / SAMPLES).max(Duration::from_secs(1));
        let began = Instant::now();
        while began.elapsed() < self.length {
            thread::sleep(interval);
            let pids = self
                .pids
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            for (name, pid) in pids {
                self.record.process(&name, pid);
            }
            self.record.process("server", self.server.pid());
            self.record
                .add("server", "database", database_size(database));
            let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            let links: usize = run.drivers.values().map(|(_, links)| links).sum();
            drop(run);
            // Exact up to 2^53 links.
            self.record.add("server", "links", links as f64);
        }
    }

    /// Rounds of one driver until the time is over.
    fn one(&self, name: &str, spec: &DriverSpec, seed: u64) -> Result<(), String> {
        // Well beyond what a try may take, and what a busy machine adds to that.
        let stall = Duration::from_millis(ATTEMPT_TIMEOUT * 4);
        let proxy = Proxy::start(self.server.address, seed, stall).map_err(|e| e.to_string())?;
        let mut driver = Driver::start(spec, self.root, &BTreeMap::new())?;
        let pids = || self.pids.lock().unwrap_or_else(PoisonError::into_inner);
        pids().insert(name.to_owned(), driver.pid());
        let folder = self.scratch.join(name);
        let began = Instant::now();
        for round in 0.. {
            let started = Instant::now();
            let program = format!("{name}-{round}");
            let to = proxy.address();
            let tally = trial::run(&mut driver, &program, self.server, to, ROUND, &folder)?;
            read(&mut driver, &program)?;
            self.count(name, &mut driver)?;
            // What waits have been asked for is written there, and nobody reads it here.
            let _ = fs::remove_dir_all(&folder);
            let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            let (calls, links) = run.drivers.entry(name.to_owned()).or_default();
            *calls += tally.calls;
            *links += tally.links;
            let wrong = tally.wrong.into_iter().take(5);
            run.wrong
                .extend(wrong.map(|wrong| format!("{program}: {wrong}")));
            drop(run);
            if began.elapsed() >= self.length {
                break;
            }
            let due = Duration::from_secs_f64(ROUND as f64 / PACE);
            thread::sleep(due.saturating_sub(started.elapsed()));
        }
        pids().remove(name);
        Ok(())
    }

    /// What a language counts by itself, where its driver can tell.
    fn count(&self, name: &str, driver: &mut Driver) -> Result<(), String> {
        if driver.lacks(&["gauges".to_owned()]).is_some() {
            return Ok(());
        }
        let answer = driver.ask(&json!({"do": "gauges"}))?;
        for (measure, value) in answer["gauges"].as_object().into_iter().flatten() {
            self.record
                .add(name, measure, value.as_f64().unwrap_or_default());
        }
        Ok(())
    }
}

/// What the trial does not do: lists, images, webhooks. How these calls end is the network's affair; that they end, and
/// leave nothing behind, is what counts.
fn read(driver: &mut Driver, program: &str) -> Result<(), String> {
    let list = json!({"by": "items", "prefetch": false, "stop_after": 60});
    let call =
        |call: &str, args: Value| json!({"do": "call", "call": call, "args": args, "options": {}});
    let mut all = call("links.list", json!({"program_id": program, "limit": 20}));
    all["list"] = list;
    let body = "eyJzZW50X2F0IjoiMjAyNi0xMS0wNVQwOTozMDowMVoifQ==";
    for message in [
        all,
        call(
            "links.get",
            json!({"link_id": "lnk_00000000000000000000000000"}),
        ),
        json!({"do": "webhook.verify", "payload": body, "signature": format!("sha256={}", "0".repeat(64)),
            "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "now": 1_793_871_001}),
    ] {
        let answer = driver.ask(&message)?;
        if let Some(problem) = answer["problem"].as_str() {
            return Err(problem.to_owned());
        }
    }
    Ok(())
}
