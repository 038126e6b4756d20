//! Runs the demo as a person would, with the real server.

use std::io::{BufRead, BufReader, Lines, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The demo in a folder of its own, with nothing from the environment that could lead it elsewhere.
struct Demo {
    folder: TempDir,
}

impl Demo {
    fn new() -> Self {
        let server =
            Path::new(env!("CARGO_BIN_EXE_approute-demo")).with_file_name("approute-server");
        assert!(
            server.exists(),
            "{} is missing: run `cargo build --package approute-server`",
            server.display()
        );
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_approute-demo"));
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .env_remove("APPROUTE_API_KEY")
            .env_remove("APPROUTE_BASE_URL")
            .args(arguments);
        command
    }

    /// Runs the demo with its own server and data.
    fn run(&self, arguments: &[&str]) -> Run {
        let data = self.data();
        let output = self
            .command(arguments)
            .arg("--data")
            .arg(data)
            .output()
            .expect("the demo runs");
        Run::from(output)
    }

    /// Starts the demo with `--serve` and waits until it serves.
    fn serve(&self) -> Serving {
        let mut command = self.command(&["--serve", "--data"]);
        let mut child = command
            .arg(self.data())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut exported = |name: &str| {
            let start = format!("  export {name}=");
            lines
                .find_map(|line| Some(line.ok()?.strip_prefix(&start)?.to_owned()))
                .expect("the demo serves")
        };
        let (base_url, api_key) = (exported("APPROUTE_BASE_URL"), exported("APPROUTE_API_KEY"));
        Serving {
            child,
            _lines: lines,
            base_url,
            api_key,
        }
    }

    /// Fails if anything still listens where the demo's server did.
    fn assert_server_is_gone(&self) {
        let port =
            std::fs::read_to_string(self.data().join("port")).expect("the port is remembered");
        let address = format!("127.0.0.1:{}", port.trim());
        assert!(
            std::net::TcpStream::connect(&address).is_err(),
            "something still listens on {address}"
        );
    }
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Run {
    #[track_caller]
    fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr, "", "a good run has nothing to complain about");
        self.stdout
    }

    /// The one line that a failed run prints.
    #[track_caller]
    fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        let line = self.stderr.strip_suffix('\n').expect("a line");
        assert!(
            !line.is_empty() && !line.contains('\n'),
            "not one line: {line:?}"
        );
        line.to_owned()
    }
}

struct Serving {
    child: Child,
    /// The demo's output; it ends early when nobody reads it.
    _lines: Lines<BufReader<ChildStdout>>,
    base_url: String,
    api_key: String,
}

impl Serving {
    /// Sends the signal and returns the exit code.
    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), signal).expect("the demo still runs");
        self.child.wait().expect("the demo ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// The total of the table: `200 links, 67 of them visited, 398 clicks.`
fn clicks(stdout: &str) -> u64 {
    let line = stdout
        .lines()
        .find(|line| line.contains(" links, "))
        .expect("totals");
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words
        .iter()
        .position(|word| word.starts_with("clicks"))
        .expect("clicks");
    words[at - 1].parse().expect("a number")
}

#[test]
fn a_second_run_finds_the_links_of_the_first_and_adds_its_clicks() {
    let demo = Demo::new();
    let first = demo.run(&[]).succeeded();
    assert!(first.contains("200 created with one call"), "{first}");
    assert!(first.contains("200 links, 67 of them visited"), "{first}");
    for store in ["App Store", "Google Play", "websites"] {
        assert!(first.contains(store), "{first}");
    }
    demo.assert_server_is_gone();

    let second = demo.run(&["--all"]).succeeded();
    assert!(
        second.contains("200 found from an earlier run, nothing to change"),
        "{second}"
    );
    assert!(second.contains("200 links, 67 of them visited"), "{second}");
    assert_eq!(clicks(&second), 2 * clicks(&first));
    assert_eq!(
        second.matches("http://127.0.0.1:").count(),
        1 + 200,
        "--all shows every link"
    );
    demo.assert_server_is_gone();
}

#[test]
fn a_changed_row_changes_its_link() {
    let demo = Demo::new();
    let text = include_str!("../../creators.csv");
    let few: String = text.split_inclusive('\n').take(4).collect();
    let csv = demo.folder.path().join("creators.csv");
    let csv_argument = csv.to_str().expect("UTF-8");
    std::fs::write(&csv, &few).expect("written");
    demo.run(&["--csv", csv_argument]).succeeded();

    std::fs::write(&csv, few.replace(",Nora Lind,", ",Nora Lindgren,")).expect("written");
    let stdout = demo.run(&["--csv", csv_argument]).succeeded();
    assert!(
        stdout.contains("0 created and 1 updated with one call"),
        "{stdout}"
    );
    assert!(stdout.contains("Nora Lindgren"), "{stdout}");
}

#[test]
fn a_broken_row_is_named_and_nothing_is_started() {
    let demo = Demo::new();
    let broken =
        include_str!("../../creators.csv").replacen("https://velora.example", "velora.example", 1);
    let csv = demo.folder.path().join("creators.csv");
    std::fs::write(&csv, broken).expect("written");
    let line = demo.run(&["--csv", csv.to_str().expect("UTF-8")]).failed();
    let expected = format!("{}:6: column destination: \"velora.example/", csv.display());
    assert!(line.starts_with(&expected), "{line}");
    assert!(
        line.ends_with("write a whole address, for example https://shop.example/autumn"),
        "{line}"
    );
    assert!(!demo.data().exists(), "nothing may be written");
}

#[test]
fn what_the_server_refuses_is_told_by_row_and_nothing_is_created() {
    let demo = Demo::new();
    let csv = demo.folder.path().join("creators.csv");
    // `api` is a name that the service keeps for itself; the demo does not know that list.
    let text = include_str!("../../creators.csv").replacen(",amelie-iyer,twitch", ",api,twitch", 1);
    std::fs::write(&csv, text).expect("written");
    let line = demo.run(&["--csv", csv.to_str().expect("UTF-8")]).failed();
    assert!(
        line.starts_with(&format!("{}:3: ", csv.display())),
        "{line}"
    );
    demo.assert_server_is_gone();

    let stdout = demo.run(&[]).succeeded();
    assert!(
        stdout.contains("200 created with one call"),
        "the refused batch left something: {stdout}"
    );
}

#[test]
fn a_busy_port_is_named() {
    let busy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = busy.local_addr().expect("its address").to_string();
    let line = Demo::new().run(&["--listen", &address]).failed();
    assert!(line.contains(&address), "{line}");
}

#[test]
fn a_corrupt_database_is_named_and_left_alone() {
    let demo = Demo::new();
    let database = demo.data().join("approute.db");
    std::fs::create_dir_all(demo.data()).expect("a folder");
    std::fs::write(
        &database,
        "this is no database, but more than one hundred bytes long: ".repeat(20),
    )
    .expect("written");
    let line = demo.run(&[]).failed();
    assert!(line.contains("approute.db"), "{line}");
    let text = std::fs::read_to_string(&database).expect("still there");
    assert!(text.starts_with("this is no database"), "{text}");
}

#[test]
fn servers_that_cannot_be_used_are_named() {
    let demo = Demo::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its address");
    let nobody = format!("http://{free}");
    let run = |base_url: &str, key: Option<&str>| {
        let mut command = demo.command(&["--base-url", base_url]);
        if let Some(key) = key {
            command.env("APPROUTE_API_KEY", key);
        }
        Run::from(command.output().expect("the demo runs")).failed()
    };
    let line = run(&nobody, Some("ak_none"));
    assert!(
        line.contains("is the server running, and is --base-url right?"),
        "{line}"
    );
    let line = run(&nobody, None);
    assert!(line.contains("APPROUTE_API_KEY"), "{line}");
    let line = run("https://getapproute.com", Some("ak_none"));
    assert!(line.contains("on this machine only"), "{line}");
    let line = run("somewhere", Some("ak_none"));
    assert!(
        line.contains("it looks like http://127.0.0.1:8787"),
        "{line}"
    );

    let serving = demo.serve();
    let line = run(&serving.base_url, Some("ak_not_a_key"));
    assert!(
        line.contains("set APPROUTE_API_KEY to a read-write key of this server"),
        "{line}"
    );
    assert!(
        !line.contains("ak_not_a_key"),
        "keys are not repeated: {line}"
    );
}

#[test]
fn a_server_that_already_runs_can_be_used_and_outlives_the_demo() {
    let demo = Demo::new();
    let serving = demo.serve();
    let mut command = demo.command(&["--base-url", &serving.base_url]);
    let stdout = Run::from(
        command
            .env("APPROUTE_API_KEY", &serving.api_key)
            .output()
            .expect("runs"),
    )
    .succeeded();
    assert!(stdout.contains("200 found from an earlier run"), "{stdout}");
    assert_eq!(serving.end(Signal::TERM), Some(143));
    demo.assert_server_is_gone();
}

#[test]
fn ctrl_c_ends_the_server_too() {
    let demo = Demo::new();
    let serving = demo.serve();
    assert_eq!(serving.end(Signal::INT), Some(130));
    demo.assert_server_is_gone();
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing_behind() {
    let demo = Demo::new();
    let mut command = demo.command(&["--data"]);
    let mut child = command
        .arg(demo.data())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    assert!(line.starts_with("  server "), "{line}");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    stdout.read_to_string(&mut line).expect("the rest");
    demo.assert_server_is_gone();
    demo.run(&[]).succeeded();
}

#[test]
fn a_reader_that_leaves_ends_the_demo_without_a_panic() {
    let demo = Demo::new();
    let mut command = demo.command(&["--data"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.arg(demo.data()).spawn().expect("the demo starts");
    drop(child.stdout.take());
    let line = Run::from(child.wait_with_output().expect("the demo ends")).failed();
    assert!(line.starts_with("the output cannot be written: "), "{line}");
    demo.assert_server_is_gone();
}

#[test]
fn the_quick_start_of_the_readme_works() {
    let serving_demo = Demo::new();
    let serving = serving_demo.serve();
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .env("APPROUTE_BASE_URL", &serving.base_url)
        .env("APPROUTE_API_KEY", &serving.api_key)
        .output()
        .expect("the quick start runs");
    let stdout = Run::from(output).succeeded();
    let short_url = stdout
        .lines()
        .find_map(|line| line.strip_prefix("share "))
        .expect("a link to share");
    assert!(short_url.starts_with(&serving.base_url), "{short_url}");
}
