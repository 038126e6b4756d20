//! Deliveries of a real server, checked by programs that nobody here wrote: the public libraries of Standard Webhooks for
//! Rust, Python and Node.js, and `openssl` for the plain signature.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use approute_server::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::harness::{Api, NOON};
use crate::receiver::{Delivery, Receiver, hook};

/// A genuine delivery as JSON, and what must be refused: another body, another secret, other times, no signature.
struct Cases(Vec<(Value, bool)>);

impl Cases {
    fn new(delivery: &Delivery, secrets: &[&str]) -> Self {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers: BTreeMap<&str, &str> = names
            .into_iter()
            .map(|name| (name, delivery.header(name)))
            .collect();
        let body = std::str::from_utf8(&delivery.body).unwrap();
        let case = |secret: &str| json!({ "secret": secret, "body": body, "headers": headers });
        let mut cases: Vec<(Value, bool)> =
            secrets.iter().map(|secret| (case(secret), true)).collect();
        let mut refused = |change: &dyn Fn(&mut Value)| {
            let mut other = case(secrets[0]);
            change(&mut other);
            cases.push((other, false));
        };
        let time = |seconds: i64| {
            let sent: i64 = headers["webhook-timestamp"].parse().unwrap();
            json!((sent + seconds).to_string())
        };
        refused(&|other| other["body"] = json!(body.replace("link.created", "link.deleted")));
        refused(&|other| other["body"] = json!(format!("{body} ")));
        refused(&|other| other["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        refused(&|other| other["headers"]["webhook-id"] = json!("evt_01JD80D5E9T7Z5P2X8V40R1BEF"));
        refused(&|other| other["headers"]["webhook-timestamp"] = time(1));
        refused(&|other| other["headers"]["webhook-timestamp"] = time(-600));
        Self(cases)
    }

    /// Has a program judge them all.
    fn judged_by(&self, program: &Path, arguments: &[&str]) {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifiers"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{}: {error}; `scripts/bootstrap test` installs it",
                    program.display()
                )
            });
        let mut stdin = child.stdin.take().unwrap();
        for (case, _) in &self.0 {
            writeln!(stdin, "{case}").unwrap();
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}: `scripts/bootstrap test` installs what it needs",
            program.display()
        );
        let verdicts = String::from_utf8(output.stdout).unwrap();
        let expected: Vec<&str> = self
            .0
            .iter()
            .map(|(_, genuine)| if *genuine { "genuine" } else { "refused" })
            .collect();
        assert_eq!(
            verdicts.lines().collect::<Vec<_>>(),
            expected,
            "{}",
            program.display()
        );
    }

    fn judged_by_rust(&self) {
        for (case, genuine) in &self.0 {
            let mut headers = http::HeaderMap::new();
            for (name, value) in case["headers"].as_object().unwrap() {
                headers.insert(
                    name.parse::<http::HeaderName>().unwrap(),
                    value.as_str().unwrap().parse().unwrap(),
                );
            }
            let webhook = standardwebhooks::Webhook::new(case["secret"].as_str().unwrap()).unwrap();
            let verdict = webhook.verify(case["body"].as_str().unwrap().as_bytes(), &headers);
            assert_eq!(verdict.is_ok(), *genuine, "{case:#}");
        }
    }
}

/// Where scripts/bootstrap installs Python's library.
fn python() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("verifiers")
        .join("bin/python")
}

fn openssl(secret: &str, body: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`scripts/bootstrap test` installs openssl");
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    format!("sha256={}", output.trim_end().rsplit(' ').next().unwrap())
}

#[tokio::test]
async fn public_libraries_verify_what_is_delivered() {
    let api = Api::start().await;
    // The libraries go by the system's clock.
    api.clock.advance(SystemClock.now() - NOON);
    let mut receiver = Receiver::start().await;
    let hook = hook(&api, &receiver.url, &["link.created"]).await;
    let create = json!({ "url": "https://example.com/%C3%A4?x=%20", "title": "Ünïcode „“ \u{1f680}", "tags": ["a", "b"] });
    api.link(create.clone()).await;
    let alone = receiver.next().await;
    let rotated = api
        .post(&format!("{}/rotate-secret", hook.path()), json!({}))
        .gives(200)
        .await
        .json();
    let new = rotated["secret"].as_str().unwrap();
    api.link(create).await;
    let overlap = receiver.next().await;

    for (delivery, secrets) in [
        (&alone, vec![hook.secret.as_str()]),
        (&overlap, vec![new, hook.secret.as_str()]),
    ] {
        let cases = Cases::new(delivery, &secrets);
        cases.judged_by_rust();
        cases.judged_by(&python(), &["verify.py"]);
        cases.judged_by(Path::new("node"), &["verify.mjs"]);
        let plain: Vec<String> = secrets
            .iter()
            .map(|secret| openssl(secret, &delivery.body))
            .collect();
        assert!(plain.iter().all(|one| one.len() == 7 + 64), "{plain:?}");
        assert_eq!(delivery.header("x-approute-signature"), plain.join(", "));
    }
}
