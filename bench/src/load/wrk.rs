//! wrk: visits of many links over a few connections.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Result;

/// Visits the paths of a file in turn, each connection with the pause that is asked for.
const SCRIPT: &str = r#"
local requests, pause, place = {}, tonumber(os.getenv("BENCH_PAUSE_MS")), 0

function init(arguments)
  for path in io.lines(os.getenv("BENCH_PATHS")) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

if pause > 0 then
  function delay() return pause end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("bench %d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
"#;

/// A browser's, so that visits count as those of people.
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";

/// wrk, ready to run.
pub struct Wrk {
    program: PathBuf,
    script: PathBuf,
    paths: PathBuf,
    host: String,
}

/// How a run is done.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Connections, each with one request at a time.
    pub connections: u32,
    /// For how long.
    pub time: Duration,
    /// Between an answer and the next request of its connection.
    pub pause: Duration,
}

/// What came of a run.
#[derive(Debug, Clone, Copy)]
pub struct Visits {
    /// Answers.
    pub answered: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
}

impl Wrk {
    /// Writes the script and the paths into `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn new(program: PathBuf, folder: &Path, host: &str, paths: &[String]) -> Result<Self> {
        let wrk = Self {
            program,
            script: folder.join("visits.lua"),
            paths: folder.join("paths.txt"),
            host: host.to_owned(),
        };
        for (path, text) in [(&wrk.script, SCRIPT), (&wrk.paths, &paths.join("\n"))] {
            std::fs::write(path, text)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        Ok(wrk)
    }

    /// Visits.
    ///
    /// # Errors
    /// When wrk does not run, or a visit is not answered by a redirect.
    pub fn run(&self, address: SocketAddr, run: Run) -> Result<Visits> {
        let output = Command::new(&self.program)
            .args([
                "--threads",
                "1",
                "--connections",
                &run.connections.to_string(),
            ])
            .args(["--duration", &format!("{}s", run.time.as_secs())])
            .args(["--header", &format!("Host: {}", self.host)])
            .args(["--header", &format!("User-Agent: {AGENT}")])
            .arg("--script")
            .arg(&self.script)
            .arg(format!("http://{address}/"))
            .env("BENCH_PATHS", &self.paths)
            .env("BENCH_PAUSE_MS", run.pause.as_millis().to_string())
            .output()
            .map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Option<Vec<u64>> = text
            .lines()
            .find_map(|line| line.strip_prefix("bench "))
            .and_then(|line| line.split(' ').map(|number| number.parse().ok()).collect());
        match numbers.as_deref() {
            Some(&[answered, p50, p99, 0]) if answered > 0 => Ok(Visits {
                answered,
                p50: Duration::from_micros(p50),
                p99: Duration::from_micros(p99),
            }),
            Some(&[answered, _, _, errors]) => Err(format!(
                "of {answered} visits, {errors} were not answered by a redirect"
            )),
            _ => Err(format!(
                "wrk says nothing: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
        }
    }
}
