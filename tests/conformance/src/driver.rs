//! Talks to a driver: a process that answers every line with a line.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::load::DriverSpec;

/// What the hello line must name.
pub const PROTOCOL: u64 = 2;
/// No answer takes this long; a driver that does hangs. Shorter than the 20 s of a try by default, so that a limit that was set and
/// is not heeded shows.
const PATIENCE: Duration = Duration::from_secs(15);
/// What a driver must not inherit, since clients read it.
const CLEARED: [&str; 13] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "APPROUTE_API_KEY",
    "APPROUTE_BASE_URL",
    "APPROUTE_LOG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// A running driver.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    capabilities: Vec<String>,
    zero_is_null: bool,
}

impl Driver {
    /// Starts a driver and reads its hello.
    ///
    /// # Errors
    /// When it does not start, or says something else than hello.
    pub fn start(
        spec: &DriverSpec,
        root: &Path,
        env: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let mut words = words(&spec.run, root)?.into_iter();
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(&program);
        for name in CLEARED {
            command.env_remove(name);
        }
        let mut child = command
            .args(words)
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let missing = || "a pipe is missing".to_owned();
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let lines = read_lines(child.stdout.take().ok_or_else(missing)?);
        let stderr = collect(child.stderr.take().ok_or_else(missing)?);
        let mut driver = Self {
            child,
            stdin,
            lines,
            stderr,
            capabilities: Vec::new(),
            zero_is_null: false,
        };
        let hello = driver.answer()?;
        if hello["protocol"] != PROTOCOL {
            return Err(format!(
                "{program}: expected a hello with protocol {PROTOCOL}, seen {hello}"
            ));
        }
        let capabilities = hello["capabilities"].as_array().into_iter().flatten();
        driver.capabilities = capabilities
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        driver.zero_is_null = hello["zero_is_null"] == true;
        Ok(driver)
    }

    /// The first thing that the case needs and the driver cannot do.
    pub fn lacks<'a>(&self, needs: &'a [String]) -> Option<&'a String> {
        needs.iter().find(|need| !self.capabilities.contains(need))
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether its language has an empty text or 0 where others have null.
    pub fn zero_is_null(&self) -> bool {
        self.zero_is_null
    }

    /// Gives the driver a message and waits for its answer.
    ///
    /// # Errors
    /// When it hangs, crashes, or writes what is no JSON; it must not be used again then.
    pub fn ask(&mut self, message: &Value) -> Result<Value, String> {
        let mut line = message.to_string();
        line.push('\n');
        self.stdin
            .write_all(line.as_bytes())
            .and_then(|()| self.stdin.flush())
            .map_err(|error| self.failure(&format!("cannot be written to: {error}")))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line)
                .map_err(|error| self.failure(&format!("wrote no JSON ({error}): {line}"))),
            Err(RecvTimeoutError::Timeout) => Err(self.failure("hangs")),
            Err(RecvTimeoutError::Disconnected) => Err(self.failure("crashed")),
        }
    }

    fn failure(&self, what: &str) -> String {
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        format!("the driver {what}; its stderr: {}", stderr.trim())
    }
}

/// Builds a driver, where it says how, and says what is missing on this machine: the driver cannot be started then.
///
/// # Errors
/// When it does not build.
pub fn prepare(spec: &DriverSpec, root: &Path) -> Result<Option<String>, String> {
    let missing = missing(spec, root)?;
    if missing.is_none() {
        build(spec, root, &BTreeMap::new())?;
    }
    Ok(missing)
}

/// What a driver needs and this machine does not have.
///
/// # Errors
/// When the operating system does not say where this program is.
pub fn missing(spec: &DriverSpec, root: &Path) -> Result<Option<String>, String> {
    for (name, advice) in &spec.needs {
        let placed = words(std::slice::from_ref(name), root)?.concat();
        if !is_there(&placed) {
            return Ok(Some(format!("{placed} is missing: {advice}")));
        }
    }
    Ok(None)
}

/// Builds a driver, where it says how.
///
/// # Errors
/// When it does not build.
pub fn build(spec: &DriverSpec, root: &Path, env: &BTreeMap<String, String>) -> Result<(), String> {
    let mut words = words(&spec.build, root)?.into_iter();
    let Some(tool) = words.next() else {
        return Ok(());
    };
    match Command::new(&tool).args(words).envs(env).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("the driver for {} does not build", spec.title)),
        Err(error) => Err(format!("{tool}: {error}")),
    }
}

/// Whether there is such a file, or such a program on the PATH.
fn is_there(name: &str) -> bool {
    if name.contains('/') {
        return Path::new(name).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// The folder with our own programs.
///
/// # Errors
/// When the operating system does not say where this program is.
pub fn binaries() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = program.parent().unwrap_or(Path::new("."));
    // The kit's own tests run from one folder further down.
    let own = folder.parent().filter(|_| folder.ends_with("deps"));
    Ok(own.unwrap_or(folder).to_owned())
}

/// A command with its folders put in: `$BIN` is the one with our own programs, `$ROOT` the repository.
fn words(command: &[String], root: &Path) -> Result<Vec<String>, String> {
    let binaries = binaries()?;
    let repository = root.ancestors().nth(2).unwrap_or(root);
    let placed = command.iter().map(|word| {
        word.replace("$BIN", &binaries.display().to_string())
            .replace("$ROOT", &repository.display().to_string())
    });
    Ok(placed.collect())
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends by itself when its stdin closes, but a hanging one must not outlive the run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(stdout: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn collect(mut stderr: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = stderr.read(&mut buffer) {
            let mut text = shared.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&String::from_utf8_lossy(&buffer[..bytes]));
        }
    });
    text
}
