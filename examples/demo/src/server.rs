//! Runs `approute-server` for as long as the demo needs it, and never longer.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::failure::{Failure, Result};

/// How long a start may take; migrations of a large database included.
const START: Duration = Duration::from_secs(30);
/// How long an orderly stop may take before the process is killed.
const STOP: Duration = Duration::from_secs(10);
/// Where the demo's server listens unless something else does.
const PORT: u16 = 8787;
/// Whichever is free.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What the server prints on its standard output when it is ready.
#[derive(Debug, Deserialize)]
pub struct Ready {
    pub base_url: String,
    pub api_key: String,
    pub dashboard_url: String,
}

/// A running server. Dropping it kills the process; [`stop`](Self::stop) lets it finish its work first.
pub struct Server {
    child: Child,
    pub ready: Ready,
}

impl Server {
    /// Starts the server on a database in `folder` and waits until it is ready.
    pub async fn start(binary: &Path, listen: Option<SocketAddr>, folder: &Path) -> Result<Self> {
        let chosen = listen.unwrap_or_else(|| free_address(folder));
        match Self::start_at(binary, chosen, folder).await {
            // Somebody took it between the look and the start.
            Err(_) if listen.is_none() && TcpListener::bind(chosen).is_err() => {
                Self::start_at(binary, ANY_PORT, folder).await
            }
            done => done,
        }
    }

    async fn start_at(binary: &Path, listen: SocketAddr, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(format!(
                "{}: cannot be created: {error}; give another folder with --data",
                folder.display()
            ))
        })?;
        let log = folder.join("server.log");
        let stderr = File::create(&log).map_err(|error| {
            Failure::new(format!(
                "{}: cannot be written: {error}; give another folder with --data",
                log.display()
            ))
        })?;
        let mut child = Command::new(binary)
            .args(["serve", "--dev", "--listen", &listen.to_string()])
            .arg("--database")
            .arg(database(folder))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Failure::new(format!(
                    "{}: cannot be started: {error}; build it with `make demo`",
                    binary.display()
                ))
            })?;

        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| Failure::new("the server has no standard output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = match timeout(START, lines.next_line()).await {
            Ok(Ok(Some(line))) => line,
            Ok(_) => return Err(gave_up(&mut child, &log).await),
            Err(_) => {
                return Err(Failure::new(format!(
                    "the server was not ready within {} s; its log is {}",
                    START.as_secs(),
                    log.display()
                )));
            }
        };
        let ready: Ready = serde_json::from_str(&line).map_err(|error| {
            Failure::new(format!(
                "the server's first line cannot be read ({error}): {line}"
            ))
        })?;
        remember_port(folder, &ready.base_url);
        // Nothing else is expected, but a full pipe must never hold up the server.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, ready })
    }

    /// Asks the server to finish and waits for it.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid
            // It may have ended by itself: Ctrl-C reaches the whole group.
            && kill_process(pid, Signal::TERM).is_ok()
            && timeout(STOP, self.child.wait()).await.is_err()
        {
            self.child
                .kill()
                .await
                .map_err(|error| Failure::new(format!("the server cannot be stopped: {error}")))?;
            return Err(Failure::new(format!(
                "the server did not stop within {} s and was killed",
                STOP.as_secs()
            )));
        }
        Ok(())
    }
}

/// Cargo puts both programs into the same folder.
pub fn beside_this_program() -> Result<PathBuf> {
    let this = std::env::current_exe()
        .map_err(|error| Failure::new(format!("the demo cannot find itself: {error}")))?;
    Ok(this.with_file_name("approute-server"))
}

/// The value of `--database` for this folder.
fn database(folder: &Path) -> std::ffi::OsString {
    let mut database = std::ffi::OsString::from("sqlite:");
    database.push(folder.join("approute.db"));
    database
}

/// Why the server ended before it was ready: the last line of its log says so.
async fn gave_up(child: &mut Child, log: &Path) -> Failure {
    let status = child
        .wait()
        .await
        .map_or_else(|error| error.to_string(), |status| status.to_string());
    let text = std::fs::read_to_string(log).unwrap_or_default();
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(reason) => Failure::new(reason.to_owned()),
        None => Failure::new(format!("the server ended before it was ready ({status})")),
    }
}

fn port_file(folder: &Path) -> PathBuf {
    folder.join("port")
}

/// The port of the last run where it is free, so that the links of that run keep working; else any free one.
fn free_address(folder: &Path) -> SocketAddr {
    let last = std::fs::read_to_string(port_file(folder))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, last.unwrap_or(PORT)));
    match TcpListener::bind(address) {
        Ok(_) => address,
        Err(_) => ANY_PORT,
    }
}

/// Only a convenience: where it cannot be written, the next run takes a free port.
fn remember_port(folder: &Path, base_url: &str) {
    if let Some(port) = url::Url::parse(base_url).ok().and_then(|url| url.port()) {
        let _ = std::fs::write(port_file(folder), format!("{port}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_port_is_used_again_unless_it_is_busy() {
        let folder = tempfile::tempdir().expect("a folder");
        let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = busy.local_addr().expect("its address").port();
        remember_port(folder.path(), &format!("http://127.0.0.1:{port}"));
        assert_eq!(free_address(folder.path()).port(), 0);
        drop(busy);
        assert_eq!(free_address(folder.path()).port(), port);
    }

    #[tokio::test]
    async fn a_server_that_gives_up_is_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = folder.path().join("server");
        std::fs::write(
            &script,
            "#!/bin/sh\necho 'approute-server: port 1 is busy; use --listen' >&2\nexit 1\n",
        )
        .expect("written");
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("made executable");
        let error = Server::start(&script, None, &folder.path().join("data"))
            .await
            .err()
            .expect("no server");
        assert_eq!(
            error.to_string(),
            "approute-server: port 1 is busy; use --listen"
        );

        let error = Server::start(Path::new("/no/such/server"), None, folder.path())
            .await
            .err()
            .expect("no server");
        assert!(
            error
                .to_string()
                .starts_with("/no/such/server: cannot be started: "),
            "{error}"
        );
        assert!(
            error.to_string().ends_with("build it with `make demo`"),
            "{error}"
        );
    }
}
