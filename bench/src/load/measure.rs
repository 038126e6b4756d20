//! What is measured, and the bounds.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::Result;
use super::process::Process;
use super::server::{Api, Database, batch};
use super::wrk::{Run, Visits, Wrk};

/// Links of this program are the ones in use.
const USED: &str = "used";
/// Batches that are timed.
const BATCHES: usize = 21;
/// From where on batches are numbered, behind those that fill the database.
const FEW: usize = 1_000_000;
const MANY: usize = 2_000_000;
const LATE: usize = 3_000_000;
/// Connections of the runs that measure CPU.
const CONNECTIONS: u32 = 32;
/// The pause of the runs that measure latency: at full load, it would be that of the queue in front of the server.
const PAUSE: Duration = Duration::from_millis(4);
/// Between two batches of the runs that measure latency.
const BETWEEN: Duration = Duration::from_millis(100);
/// A process that took no more than [`IDLE`] within this time has nothing left to do: clicks wait for 600 ms at
/// most until they are written.
const SETTLE: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_millis(20);
/// After so long, what large writes took is given back: the server does so every three seconds, its allocator in one more.
const REST: Duration = Duration::from_secs(5);
/// Longer than this, nothing takes to write down what it has answered.
const MOST: Duration = Duration::from_secs(60);

/// What is run.
pub struct Plan {
    /// The server's program.
    pub server: PathBuf,
    /// nginx's program.
    pub nginx: PathBuf,
    /// wrk's program.
    pub wrk: PathBuf,
    /// Links stored.
    pub links: usize,
    /// Links that are visited.
    pub used: usize,
    /// How often each contender has its turn.
    pub rounds: usize,
    /// How long a turn takes.
    pub time: Duration,
}

/// A figure with its bound.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// What was measured.
    pub measured: f64,
    /// What it may be at most.
    pub bound: f64,
    /// Their unit.
    pub unit: &'static str,
}

/// Measures all of it in `folder`.
///
/// # Errors
/// When something does not run, or clicks are missing.
pub async fn run(plan: &Plan, folder: &Path) -> Result<Vec<Row>> {
    let database = Database::create(plan.server.clone(), folder)?;
    let (server, address) = database.serve()?;
    let api = database.client(address);
    let few = batches(&api, "few", FEW).await?;
    println!("batch of 1,000, few links stored: median {few:.1} ms");
    let paths = fill(&api, plan).await?;
    let many = batches(&api, "many", MANY).await?;
    println!(
        "batch of 1,000, {} links stored: median {many:.1} ms",
        plan.links
    );
    let wrk = Wrk::new(plan.wrk.clone(), folder, super::server::DOMAIN, &paths)?;
    let cpu = cpu(plan, folder, &wrk, &server, address, &api).await?;
    let p99 = latency(plan, &wrk, address, &api).await?;
    std::thread::sleep(REST);
    let (now, most) = server.memory()?;
    println!("memory at rest after all of it: {now:.1} MB, at most {most:.1} MB meanwhile");
    drop(server);
    let fresh = memory(plan, &database, &wrk)?;
    Ok(vec![
        row("CPU per counted redirect, beside nginx", cpu, 1.5, "×"),
        row("batch of 1,000 with commit, few links", few, 80.0, " ms"),
        row("batch of 1,000 with commit, all links", many, 80.0, " ms"),
        row("redirects' p99 with batches, beside without", p99, 3.0, "×"),
        row("memory with all links in use visited", fresh, 50.0, " MB"),
        row(
            "memory at rest after batches and redirects",
            now,
            50.0,
            " MB",
        ),
    ])
}

fn row(name: &'static str, measured: f64, bound: f64, unit: &'static str) -> Row {
    Row {
        name,
        measured,
        bound,
        unit,
    }
}

/// The median time of a batch in milliseconds, each under an idempotency key of its own.
async fn batches(api: &Api, name: &str, from: usize) -> Result<f64> {
    let mut times = Vec::new();
    for number in 0..=BATCHES {
        let body = batch(from + number, name);
        let (_, took) = api.batch(body, Some(&format!("{name}-{number}"))).await?;
        // The first one warms up.
        if number > 0 {
            times.push(took.as_secs_f64() * 1e3);
        }
    }
    Ok(median(times))
}

/// Stores the links; returns the paths of those that are to be visited.
async fn fill(api: &Api, plan: &Plan) -> Result<Vec<String>> {
    let started = std::time::Instant::now();
    let mut used = Vec::new();
    for number in 0..plan.links.div_ceil(1_000) {
        let visited = used.len() < plan.used;
        let body = batch(number, if visited { USED } else { "stored" });
        let (paths, _) = api.batch(body, None).await?;
        if visited {
            used.extend(paths);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{} links stored in {seconds:.0} s", plan.links);
    used.truncate(plan.used);
    Ok(used)
}

/// CPU per redirect, beside nginx: the median over the rounds.
async fn cpu(
    plan: &Plan,
    folder: &Path,
    wrk: &Wrk,
    server: &Process,
    address: SocketAddr,
    api: &Api,
) -> Result<f64> {
    let (nginx, ceiling) = super::nginx::start(&plan.nginx, folder)?;
    let run = Run {
        connections: CONNECTIONS,
        time: plan.time,
        pause: Duration::ZERO,
    };
    println!("\nCPU of a redirect, in turns");
    println!(
        "{:>12} {:>12} {:>6}   {:>12} {:>12} {:>10}",
        "nginx", "server", "×", "nginx /s", "server /s", "counted"
    );
    let mut ratios = Vec::new();
    for round in 0..=plan.rounds {
        let (base, first) = turn(wrk, &nginx, ceiling, run)?;
        let before = api.clicks(USED).await?;
        let (own, second) = turn(wrk, server, address, run)?;
        let counted = api.clicks(USED).await? - before;
        if counted < second.answered {
            let lost = second.answered - counted;
            return Err(format!(
                "{lost} of {} visits were not counted",
                second.answered
            ));
        }
        let base = base.as_secs_f64() * 1e6 / first.answered as f64;
        let own = own.as_secs_f64() * 1e6 / counted as f64;
        let rate = |visits: Visits| visits.answered as f64 / plan.time.as_secs_f64();
        println!(
            "{base:>9.2} µs {own:>9.2} µs {:>6.2}   {:>12.0} {:>12.0} {counted:>10}",
            own / base,
            rate(first),
            rate(second),
        );
        // The first round fills the server's memory of links.
        if round > 0 {
            ratios.push(own / base);
        }
    }
    Ok(median(ratios))
}

/// A run against a process, and the CPU that it took, until the last click is written.
fn turn(wrk: &Wrk, process: &Process, address: SocketAddr, run: Run) -> Result<(Duration, Visits)> {
    let before = process.cpu()?;
    let visits = wrk.run(address, run)?;
    Ok((settled(process)? - before, visits))
}

/// Waits until a process has nothing left to do; returns its processor time.
fn settled(process: &Process) -> Result<Duration> {
    let started = std::time::Instant::now();
    let mut before = process.cpu()?;
    loop {
        std::thread::sleep(SETTLE);
        let now = process.cpu()?;
        if now - before <= IDLE || started.elapsed() > MOST {
            return Ok(now);
        }
        before = now;
    }
}

/// The p99 of redirects while batches run, beside that without: the median over the rounds.
async fn latency(plan: &Plan, wrk: &Wrk, address: SocketAddr, api: &Api) -> Result<f64> {
    let run = Run {
        connections: CONNECTIONS,
        time: plan.time,
        pause: PAUSE,
    };
    println!("\nRedirects without and with batches, in turns");
    println!(
        "{:>22} {:>22} {:>6} {:>8}",
        "p50, p99 without", "p50, p99 with", "p99 ×", "batches"
    );
    let mut ratios = Vec::new();
    for round in 0..plan.rounds {
        let alone = wrk.run(address, run)?;
        let stop = Arc::new(AtomicBool::new(false));
        let sender = tokio::spawn(send(api.clone(), round, stop.clone()));
        let shared = tokio::task::block_in_place(|| wrk.run(address, run))?;
        stop.store(true, Ordering::Relaxed);
        let sent = sender.await.map_err(|error| error.to_string())??;
        let ratio = shared.p99.as_secs_f64() / alone.p99.as_secs_f64();
        println!(
            "{:>22} {:>22} {ratio:>6.2} {sent:>8}",
            format!("{:.2}, {:.2} ms", ms(alone.p50), ms(alone.p99)),
            format!("{:.2}, {:.2} ms", ms(shared.p50), ms(shared.p99)),
        );
        ratios.push(ratio);
    }
    Ok(median(ratios))
}

/// Sends batches until it is told to stop; returns how many.
async fn send(api: Api, round: usize, stop: Arc<AtomicBool>) -> Result<usize> {
    // Made beforehand, so that the bench's own work is not what redirects wait for.
    let bodies: Vec<Bytes> = (0..50)
        .map(|number| batch(LATE + round * 50 + number, "late"))
        .collect();
    let mut sent = 0;
    for body in bodies {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        api.batch(body, Some(&format!("late-{round}-{sent}")))
            .await?;
        sent += 1;
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(sent)
}

/// The memory of a server that was just started, after each link in use was visited.
fn memory(plan: &Plan, database: &Database, wrk: &Wrk) -> Result<f64> {
    let (server, address) = database.serve()?;
    let (idle, _) = server.memory()?;
    let run = Run {
        connections: CONNECTIONS,
        time: plan.time,
        pause: Duration::ZERO,
    };
    let visits = wrk.run(address, run)?;
    std::thread::sleep(REST);
    let (now, _) = server.memory()?;
    println!(
        "memory of a fresh server: {idle:.1} MB, after {} visits of {} links {now:.1} MB",
        visits.answered, plan.used
    );
    Ok(now)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
