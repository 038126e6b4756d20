//! Runs the binary.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use sqlx::Connection as _;

use crate::spec;

/// The binary with these arguments, and an environment of its own.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_approute-server"));
    command
        .args(arguments)
        .env_remove("APPROUTE_DATABASE")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env_remove("APPROUTE_LOG");
    command
}

/// Runs to the end.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Runs to the end and expects success; gives stdout without its last line break.
pub fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

/// Holds a failed run to the rules: exit code 1, nothing on stdout, one line on stderr with each of these words.
pub fn assert_one_line(output: &Output, words: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = error
        .lines()
        .filter(|line| !line.contains(" INFO "))
        .collect();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(lines.len(), 1, "{error}");
    assert!(lines[0].starts_with("approute-server: "), "{error}");
    for word in words {
        assert!(lines[0].contains(word), "{word:?} is not in: {error}");
    }
}

/// `sqlite:PATH`.
pub fn database(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A schema of its own in the PostgreSQL server that `APPROUTE_TEST_POSTGRES` names, as an URL; none, and a line that
/// says so, where it names none. It stays until that server is thrown away.
pub fn postgres() -> Option<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = std::env::var("APPROUTE_TEST_POSTGRES") else {
        eprintln!(
            "skipped: this needs PostgreSQL; run scripts/postgres run cargo test --test binary"
        );
        return None;
    };
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = format!("binary_{}_{number}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let url = format!("{server}/postgres");
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        sqlx::raw_sql(create)
            .execute(&mut connection)
            .await
            .unwrap();
    });
    Some(format!("{server}/postgres?options[search_path]={name}"))
}

/// A server of the real binary, killed when it is dropped.
pub struct Served {
    pub child: Child,
    /// What `--dev` printed.
    pub ready: Value,
}

impl Served {
    pub fn start(arguments: &[&str]) -> Self {
        let mut all = vec!["serve", "--dev", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut command = command(&all);
        command.stderr(Stdio::null());
        Self::spawn(command)
    }

    /// A server whose files cannot grow beyond so many blocks of 1,024 bytes.
    pub fn start_limited(database: &str, blocks: u32) -> Self {
        let binary = env!("CARGO_BIN_EXE_approute-server");
        let serve =
            format!("exec {binary} serve --dev --listen 127.0.0.1:0 --database '{database}'");
        let mut command = Command::new("bash");
        command
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; {serve}")])
            .stderr(Stdio::null());
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        Self { child, ready }
    }

    pub fn text(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap()
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.text("base_url").strip_prefix("http://").unwrap()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id();
        // bash's own `kill`: a minimal Debian has no program of that name.
        assert!(
            Command::new("bash")
                .args(["-c", &format!("kill -{name} {id}")])
                .status()
                .unwrap()
                .success()
        );
    }

    /// What is left on stdout, and the exit code.
    pub fn finish(mut self) -> (String, Option<i32>) {
        let mut rest = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        (rest, self.child.wait().unwrap().code())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One call over a connection of its own, whose answer is held against the spec; none where the connection broke before
/// the answer was whole.
pub fn call(
    address: &str,
    method: &str,
    path: &str,
    key: &str,
    extra: &str,
    body: &str,
) -> Option<(u16, Value)> {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         {extra}connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let (status, body) = spec::read(method, path, &answer)?;
    if body.is_empty() {
        return Some((status, Value::Null));
    }
    Some((status, serde_json::from_slice(&body).ok()?))
}
