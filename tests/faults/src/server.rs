//! The real server, for as long as a trial takes, and what it says without anything in between.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use approute::blocking::Client;
use serde_json::Value;

/// A reference server, with its data in memory unless it is given a file.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// A key that may do everything.
    pub api_key: String,
}

impl Server {
    /// Starts `binary` and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start, saying what to do.
    pub fn start(binary: &Path) -> Result<Self, String> {
        Self::start_on(binary, None)
    }

    /// As [`Server::start`], with its data in this file.
    ///
    /// # Errors
    /// When it does not start, saying what to do.
    pub fn start_on(binary: &Path, database: Option<&Path>) -> Result<Self, String> {
        let mut command = Command::new(binary);
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0"]);
        if let Some(file) = database {
            command.args(["--database", &format!("sqlite:{}", file.display())]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                let binary = binary.display();
                format!("{binary}: {error}; build it with `cargo build --package approute-server`")
            })?;
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let ready: Value = serde_json::from_str(&line)
            .map_err(|_| format!("the server did not say that it is ready, but: {line}"))?;
        let address = ready["base_url"].as_str().unwrap_or_default();
        let address = address.trim_start_matches("http://").parse();
        Ok(Self {
            child,
            address: address.map_err(|_| format!("no address in {line}"))?,
            api_key: ready["api_key"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The ids of all links of a programme, by `sub_id`.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn links(&self, program: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
        let client = Client::builder()
            .api_key(self.api_key.as_str())
            .base_url(format!("http://{}", self.address))
            .build_blocking()
            .map_err(|error| error.to_string())?;
        let mut links = BTreeMap::<_, Vec<_>>::new();
        for link in client.links().list().program_id(program).limit(100).items() {
            let link = link.map_err(|error| error.to_string())?;
            let sub_id = link.sub_id.unwrap_or_default();
            links.entry(sub_id).or_default().push(link.id);
        }
        Ok(links)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
