//! Commands and their answers.

use crate::process::{Served, assert_one_line, call, database, run, succeed};

const LIST: &str = "/v1/links";

#[test]
fn help_reads_well() {
    let help = succeed(&["--help"]);
    for word in ["serve --dev", "workspace", "keys", "domains", "Usage"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    let help = succeed(&["serve", "--help"]);
    for word in [
        "--listen",
        "127.0.0.1:8787",
        "--database",
        "--dev",
        "sqlite:PATH",
        "SIGTERM",
        "--geoip",
        "--trust-proxy",
        "--country-header",
        "--api-host",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    for command in [
        &["keys", "rotate", "--help"][..],
        &["workspace", "create", "--help"],
        &["domains", "add", "--help"],
    ] {
        succeed(command);
    }
    assert_eq!(run(&["fly"]).status.code(), Some(2));
    assert_eq!(
        run(&["keys", "create", "--scope", "all"]).status.code(),
        Some(2)
    );
}

#[test]
fn dev_prints_one_line_and_stops_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let server = Served::start(&[]);
        assert!(server.text("base_url").starts_with("http://127.0.0.1:"));
        assert!(server.text("workspace_id").starts_with("wsp_"));
        let dashboard = format!("{}/dashboard/sign-in?token=", server.text("base_url"));
        assert!(server.text("dashboard_url").starts_with(&dashboard));
        assert_eq!(server.ready.as_object().unwrap().len(), 5);
        assert_eq!(
            call(
                server.address(),
                "GET",
                LIST,
                server.text("api_key"),
                "",
                ""
            )
            .unwrap()
            .0,
            200
        );
        assert_eq!(
            call(
                server.address(),
                "GET",
                LIST,
                server.text("read_key"),
                "",
                ""
            )
            .unwrap()
            .0,
            200
        );
        server.signal(signal);
        assert_eq!(server.finish(), (String::new(), Some(0)));
    }
}

#[test]
fn a_link_signs_in_to_the_dashboard() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("links.db"));
    let link = |more: &[&str]| {
        let mut arguments = vec!["dashboard-link", "--database", &file];
        arguments.extend(more);
        run(&arguments)
    };
    assert_one_line(&link(&[]), &["there is no workspace", "workspace create"]);
    let create = |name| {
        let command = ["workspace", "create", "--name", name, "--plan", "free"];
        succeed(&[&command[..], &["--database", &file]].concat())
    };
    let first = create("First");
    let printed = |output: std::process::Output| {
        assert!(output.status.success());
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    };
    let local = printed(link(&[]));
    assert!(local.starts_with("http://127.0.0.1:8787/dashboard/sign-in?token="));
    assert_ne!(printed(link(&[])), local);
    create("Second");
    assert_one_line(&link(&[]), &["2 workspaces", "--workspace"]);
    assert_one_line(&link(&["--workspace", "wsp_x"]), &["no workspace wsp_x"]);
    let base = "https://api.example.com";
    let chosen = printed(link(&["--workspace", &first, "--base-url", base]));
    assert!(chosen.starts_with("https://api.example.com/dashboard/sign-in?token="));
    for wrong in [
        "example.com",
        "ftp://example.com",
        "https://example.com/path",
    ] {
        assert_eq!(
            link(&["--base-url", wrong]).status.code(),
            Some(2),
            "{wrong}"
        );
    }
}

#[test]
fn a_dev_database_keeps_its_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("dev.db"));
    let body = r#"{"url":"https://example.com/","slug":"kept"}"#;
    let first = Served::start(&["--database", &file]);
    assert_eq!(
        call(
            first.address(),
            "POST",
            LIST,
            first.text("api_key"),
            "",
            body
        )
        .unwrap()
        .0,
        201
    );
    let (workspace, key) = (
        first.text("workspace_id").to_owned(),
        first.text("api_key").to_owned(),
    );
    first.signal("TERM");
    assert_eq!(first.finish().1, Some(0));
    let second = Served::start(&["--database", &file]);
    assert_eq!(second.text("workspace_id"), workspace);
    assert_ne!(
        second.text("api_key"),
        key,
        "the old one is stored as a hash only"
    );
    for key in [second.text("api_key"), &key] {
        let (status, page) = call(second.address(), "GET", LIST, key, "", "").unwrap();
        assert_eq!(
            (status, &page["items"][0]["slug"]),
            (200, &serde_json::json!("kept"))
        );
        let short = page["items"][0]["short_url"].as_str().unwrap();
        assert_eq!(
            short,
            format!("{}/kept", second.text("base_url")),
            "at the address of today"
        );
    }
    second.signal("KILL");
}

#[test]
fn keys_and_plans_change_while_a_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("a b%20#?ä.db"));
    let with = |arguments: &[&str]| succeed(&[arguments, &["--database", &file]].concat());
    // The first command makes the database.
    let workspace = with(&[
        "workspace",
        "create",
        "--name",
        "Acme",
        "--plan",
        "team",
        "--domain",
        "Go.Example.com",
    ]);
    let server = Served::start(&["--database", &file]);
    let list = |key: &str| call(server.address(), "GET", LIST, key, "", "").unwrap();
    let key = with(&[
        "keys",
        "create",
        "--workspace",
        &workspace,
        "--name",
        "ci",
        "--scope",
        "read_write",
    ]);
    assert!(key.starts_with("apr_live_"), "{key}");
    let (status, link) = call(
        server.address(),
        "POST",
        LIST,
        &key,
        "",
        r#"{"url":"https://example.com/"}"#,
    )
    .unwrap();
    assert_eq!(
        (status, &link["domain"]),
        (201, &serde_json::json!("go.example.com"))
    );

    let table = with(&["keys", "list", "--workspace", &workspace]);
    let row = table.lines().nth(1).unwrap();
    assert!(
        row.contains("ci") && row.contains("read_write") && row.contains("active"),
        "{table}"
    );
    assert!(!table.contains(&key) && table.contains(&key[key.len() - 4..]));
    let id = row.split_whitespace().next().unwrap().to_owned();

    with(&["workspace", "update", &workspace, "--plan", "pro"]);
    assert_eq!(list(&key).1["code"], "plan_upgrade_required");
    with(&["workspace", "update", &workspace, "--plan", "team"]);
    assert_eq!(list(&key).0, 200);

    let second = with(&["keys", "rotate", &id, "--expire-previous-in", "24h"]);
    assert_eq!(
        (list(&key).0, list(&second).0),
        (200, 200),
        "both, while the rotation overlaps"
    );
    let third = with(&["keys", "rotate", &id]);
    assert_eq!(list(&second).1["code"], "revoked_api_key");
    assert_eq!(list(&key).1["code"], "revoked_api_key", "all older ones");
    assert_eq!(list(&third).0, 200);
    assert_eq!(with(&["keys", "revoke", &id]), id);
    assert_eq!(list(&third).1["code"], "revoked_api_key");
    assert!(with(&["keys", "list"]).contains("revoked"));
    assert_one_line(
        &run(&["keys", "rotate", &id, "--database", &file]),
        &["revoked", "create a new key"],
    );

    assert!(with(&["workspace", "list"]).contains("Acme"));
    with(&[
        "domains",
        "add",
        "links.example.com",
        "--workspace",
        &workspace,
    ]);
    assert!(with(&["domains", "list"]).contains("links.example.com"));
    let fingerprint = "ab".repeat(32);
    let android = format!("com.example.shop={fingerprint},{}", "cd".repeat(32));
    let apps = [
        "--ios",
        "ABCDE12345.com.example.shop",
        "--android",
        &android,
    ];
    with(&[&["domains", "apps", "links.example.com"], &apps[..]].concat());
    let list = with(&["domains", "list"]);
    assert!(list.contains("ABCDE12345.com.example.shop") && list.contains("com.example.shop"));
    with(&["domains", "remove", "links.example.com"]);
    let add = [
        "domains",
        "add",
        "links.example.com",
        "--workspace",
        &workspace,
    ];
    with(&[&add[..], &apps].concat());
    assert!(with(&["domains", "list"]).contains("ABCDE12345.com.example.shop"));
    with(&["domains", "apps", "links.example.com"]);
    assert!(!with(&["domains", "list"]).contains("ABCDE12345"));
    with(&["domains", "remove", "links.example.com"]);
    assert_one_line(
        &run(&["domains", "apps", "links.example.com", "--database", &file]),
        &["no domain links.example.com", "domains list"],
    );
    for wrong in [
        &["--ios", "abcde12345.com.example.shop"][..],
        &["--ios", "com.example.shop"],
        &["--android", "com.example.shop"],
        &["--android", "com.example.shop=ab"],
    ] {
        let output = run(&[&["domains", "apps", "links.example.com"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    assert_one_line(
        &run(&["domains", "remove", "go.example.com", "--database", &file]),
        &["has links"],
    );
}

#[test]
fn what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(&folder.path().join("x.db"));
    let nothing = "wsp_01JD7XZR5J3M1T8G6Q2N0V7WZA";
    for (arguments, words) in [
        (
            &[
                "keys",
                "create",
                "--workspace",
                nothing,
                "--name",
                "n",
                "--scope",
                "read",
            ][..],
            &["no workspace", "workspace list"][..],
        ),
        (&["keys", "revoke", "key_x"], &["no key key_x", "keys list"]),
        (&["keys", "rotate", "key_x"], &["no key key_x"]),
        (
            &["workspace", "update", nothing, "--plan", "pro"],
            &["no workspace"],
        ),
        (
            &["domains", "add", "a.example", "--workspace", nothing],
            &["no workspace"],
        ),
        (&["confirmations", "approve", "cnf_x"], &["10 minutes"]),
    ] {
        assert_one_line(&run(&[arguments, &["--database", &file]].concat()), words);
    }
    assert_eq!(
        succeed(&["keys", "list", "--database", &file])
            .lines()
            .count(),
        1
    );
    let free = succeed(&[
        "workspace",
        "create",
        "--name",
        "n",
        "--plan",
        "free",
        "--database",
        &file,
    ]);
    let made = run(&[
        "keys",
        "create",
        "--workspace",
        &free,
        "--name",
        "n",
        "--scope",
        "read",
        "--database",
        &file,
    ]);
    assert!(String::from_utf8_lossy(&made.stderr).contains("after an upgrade"));
}

#[test]
fn a_seed_makes_two_runs_the_same() {
    let ready = || {
        let server = Served::start(&["--seed", "7"]);
        let control = |path: &str, body: &str| {
            let (status, answer) = call(server.address(), "POST", path, "-", "", body).unwrap();
            assert_eq!(status, 200, "{answer}");
            answer
        };
        let before = control("/_test/clock", r#"{"advance_seconds": 0}"#);
        let after = control("/_test/clock", r#"{"advance_seconds": 172800}"#);
        assert!(before["now"].as_str() < after["now"].as_str());
        let mut ready = server.ready.clone();
        ready["base_url"].take();
        // A way in that can be used once is new each time.
        let link = ready["dashboard_url"].take();
        assert!(
            link.as_str()
                .is_some_and(|link| link.contains("/dashboard/sign-in?token="))
        );
        ready
    };
    assert_eq!(ready(), ready());
    for wrong in [
        &["serve", "--seed", "7"][..],
        &["serve", "--dev", "--seed", "7", "--database", "sqlite:x.db"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
