//! What can be wrong with the machine: one clear line that says what to do, exit code 1, nothing half-written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::process::{Served, assert_one_line, call, command, database, run, succeed};

#[test]
fn a_busy_port() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let output = run(&[
        "serve",
        "--listen",
        &address,
        "--database",
        &database(&file),
    ]);
    assert_one_line(&output, &[&address, "in use", "--listen"]);
    assert!(!file.exists(), "no database was made for nothing");
}

#[test]
fn an_address_that_is_none() {
    assert_one_line(
        &run(&["serve", "--listen", "192.0.2.1:0", "--dev"]),
        &["no address of this machine"],
    );
    assert_eq!(
        run(&["serve", "--listen", "nonsense"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_database_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "this is no database, but it is long enough to look like one: ".repeat(40),
    )
    .unwrap();
    let before = fs::read(&text).unwrap();
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["keys", "list"],
        &["workspace", "create", "--name", "n", "--plan", "team"],
    ] {
        let output = run(&[arguments, &["--database", &database(&text)]].concat());
        assert_one_line(
            &output,
            &[
                "damaged or no AppRoute database",
                "restore it from a backup",
            ],
        );
    }
    assert_eq!(fs::read(&text).unwrap(), before, "it was left alone");
    assert_eq!(
        run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            "mysql://x"
        ])
        .status
        .code(),
        Some(2)
    );
}

#[test]
fn a_damaged_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let url = database(&file);
    for name in ["a", "b", "c"] {
        succeed(&[
            "workspace",
            "create",
            "--name",
            name,
            "--plan",
            "team",
            "--database",
            &url,
        ]);
    }
    let mut bytes = fs::read(&file).unwrap();
    assert!(bytes.len() > 3 * 4_096);
    bytes[4_096..3 * 4_096].fill(0xa5);
    fs::write(&file, &bytes).unwrap();
    assert_one_line(
        &run(&["serve", "--listen", "127.0.0.1:0", "--database", &url]),
        &["damaged", "backup"],
    );
}

#[test]
fn a_database_of_a_newer_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    succeed(&["workspace", "list", "--database", &database(&file)]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&database(&file))
            .await
            .unwrap();
        sqlx::query("INSERT INTO migrations (version, applied_at) VALUES (999, 0)")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    assert_one_line(
        &run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            &database(&file),
        ]),
        &["newer approute-server", "999"],
    );
}

#[test]
fn paths_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/x.db");
    assert_one_line(
        &run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            &database(&missing),
        ]),
        &["does not exist", "create it first"],
    );
    assert_one_line(
        &run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            &database(folder.path()),
        ]),
        &["is a directory"],
    );
    let proc = "sqlite:/proc/approute.db";
    assert_one_line(
        &run(&["serve", "--listen", "127.0.0.1:0", "--database", proc]),
        &["cannot open", "may write"],
    );
}

#[test]
fn a_folder_of_somebody_else() {
    // Root may write everywhere, so the binary runs as nobody where the tests run as root.
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n");
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let arguments = [
        "serve",
        "--database",
        &database(&folder.path().join("x.db")),
    ]
    .map(str::to_owned);
    let output = if is_root {
        let binary = folder.path().join("server");
        fs::copy(env!("CARGO_BIN_EXE_approute-server"), &binary).unwrap();
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&binary)
            .args(&arguments)
            .output()
    } else {
        command(&arguments.each_ref().map(String::as_str)).output()
    };
    assert_one_line(
        &output.unwrap(),
        &["cannot open", "may write the file and its folder"],
    );
}

#[test]
fn a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let url = database(&file);
    // A limit on the size of files stands in for a disk without room; the signal that comes with it is ignored, as a
    // full disk sends none.
    let limited = |blocks: u32, arguments: &str| {
        let binary = env!("CARGO_BIN_EXE_approute-server");
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {binary} {arguments} --database '{url}'"
        );
        Command::new("bash").args(["-c", &script]).output().unwrap()
    };
    assert_one_line(
        &limited(8, "workspace create --name n --plan team"),
        &["disk is full"],
    );
    // What could not be made is made as soon as there is room.
    let workspace = succeed(&[
        "workspace",
        "create",
        "--name",
        "n",
        "--plan",
        "team",
        "--database",
        &url,
    ]);
    assert!(workspace.starts_with("wsp_"));
    assert_eq!(
        succeed(&["workspace", "list", "--database", &url])
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_disk_that_fills_up_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let url = database(&file);
    let server = Served::start_limited(&url, 6_000);
    let links: Vec<_> = (0..500)
        .map(|n| json!({ "url": format!("https://example.com/{n}"), "notes": "x".repeat(2_000) }))
        .collect();
    let body = json!({ "create": links }).to_string();
    let mut stored = 0;
    let mut refused = None;
    for round in 0..50 {
        let key = format!("idempotency-key: k{round}\r\n");
        let (status, answer) = call(
            server.address(),
            "POST",
            "/v1/links/batch",
            server.text("api_key"),
            &key,
            &body,
        )
        .unwrap();
        match status {
            200 => stored += 500,
            _ => {
                refused = Some((status, answer));
                break;
            }
        }
    }
    let (status, answer) = refused.expect("the disk fills up");
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("service_unavailable")),
        "{answer:#}"
    );
    // Reads go on, and what was acknowledged is there.
    let (status, page) = call(
        server.address(),
        "GET",
        "/v1/links?limit=1",
        server.text("api_key"),
        "",
        "",
    )
    .unwrap();
    assert_eq!((status, page["items"].as_array().unwrap().len()), (200, 1));
    server.signal("KILL");
    drop(server);
    let server = Served::start(&["--database", &url]);
    assert_eq!(crate::crash::count(&server), stored, "all or nothing");
}

#[test]
fn where_visitors_are_and_whom_to_believe() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("geo.mmdb").display().to_string();
    let serve = |arguments: &[&str]| {
        run(&[&["serve", "--dev", "--listen", "127.0.0.1:0"], arguments].concat())
    };
    assert_one_line(
        &serve(&["--geoip", &missing]),
        &["GeoIP database cannot be read", &missing, "--geoip"],
    );
    fs::write(&missing, "no database").unwrap();
    assert_one_line(&serve(&["--geoip", &missing]), &["not in MaxMind's format"]);
    for wrong in [
        &["--trust-proxy", "0"][..],
        &["--trust-proxy", "everybody"],
        &["--trust-proxy", "1", "--country-header", "CF IPCountry"],
        &["--country-header", "CF-IPCountry"],
    ] {
        let output = serve(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty());
    }
}
