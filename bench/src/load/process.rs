//! A process that ends with its owner, and what the kernel says of it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::Result;

/// How long a process may take until it listens. Opening a database of a million links checks it first.
const START: Duration = Duration::from_secs(120);
/// The clock ticks of `/proc`, per second: what the kernel reports to every program, whatever it uses itself.
const TICKS: u64 = 100;

/// A running process. It is killed when this is dropped.
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts a command and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it listens.
    pub fn listening(mut command: Command, address: SocketAddr) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        let mut process = Self { name, child };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Ok(Some(status)) = process.child.try_wait() {
                return Err(format!("{} ended at its start: {status}", process.name));
            }
            if started.elapsed() > START {
                return Err(format!("{} does not listen on {address}", process.name));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// Processor time so far, of all threads, those that ended included.
    ///
    /// # Errors
    /// When there is no `/proc`, or the process is gone.
    pub fn cpu(&self) -> Result<Duration> {
        let text = self.proc("stat")?;
        // The name in parentheses may hold anything; after it, user and system time are the 12th and 13th field.
        let fields = text.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<u64> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        match ticks[..] {
            [user, system] => Ok(Duration::from_millis((user + system) * 1_000 / TICKS)),
            _ => Err(format!(
                "/proc says nothing about the time of {}",
                self.name
            )),
        }
    }

    /// Resident memory in MB: now, and at most so far.
    ///
    /// # Errors
    /// When there is no `/proc`, or the process is gone.
    pub fn memory(&self) -> Result<(f64, f64)> {
        let text = self.proc("status")?;
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
            Some(kib * 1_024.0 / 1e6)
        };
        of("VmRSS:")
            .zip(of("VmHWM:"))
            .ok_or_else(|| format!("/proc says nothing about the memory of {}", self.name))
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).map_err(|error| {
            format!(
                "cannot read {path} of {}: {error}; this bench needs Linux",
                self.name
            )
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of the loopback interface that is free at this moment.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no port is free: {error}"))
}
