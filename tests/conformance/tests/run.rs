//! A driver that tells the truth is green; each lie turns its cell red; known failures are told apart.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use approute_conformance::case::Case;
use approute_conformance::load::{DriverSpec, Kit, KnownFailing, load};
use approute_conformance::report::{Cell, judge, markdown, terminal};
use approute_conformance::run::{Selection, run};
use approute_conformance::scenario;
use serde_json::{Value, json};

fn case(value: Value) -> Case {
    serde_json::from_value(value).unwrap()
}

/// A call that is answered 503 once and then well.
fn retried() -> Case {
    case(json!({
        "id": "retried", "title": "A 503 is retried", "rule": "retry.statuses", "area": "fake", "random": 0,
        "calls": [{"call": "links.get", "args": {"link_id": "x"}, "expect": {
            "value": {"slug": "s"}, "response": {"status": 200, "request_id": "req_1", "attempts": 2}, "waits": [250],
        }}],
        "tries": [
            {"request": "GET /v1/links/x", "headers": {"authorization": {"matches": "^Bearer ark_"}}, "answer": {"status": 503}},
            {"request": "GET /v1/links/x", "answer": {"status": 200, "headers": {"X-Request-Id": "req_1"}, "json": {"slug": "s"}}},
        ],
    }))
}

fn refused() -> Case {
    case(json!({
        "id": "refused", "title": "A 404 is an error", "rule": "errors.classes", "area": "fake",
        "calls": [{"call": "links.get", "args": {"link_id": "x"}, "expect": {"error": {
            "class": "NotFoundError", "status": 404, "attempts": 1, "retryable": false, "outcome": "rejected",
        }}}],
        "tries": [{"request": "GET /v1/links/x", "answer": {"status": 404}}],
    }))
}

fn kit(cases: Vec<Case>, lie: &str) -> Kit {
    static KIT: OnceLock<Kit> = OnceLock::new();
    let kit = KIT.get_or_init(|| load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap());
    let mut kit = kit.clone();
    let mut words = vec![env!("CARGO_BIN_EXE_conformance-driver-fake").to_owned()];
    words.extend((!lie.is_empty()).then(|| lie.to_owned()));
    kit.cases = cases;
    kit.known_failing.clear();
    kit.drivers = BTreeMap::from([(
        "fake".to_owned(),
        DriverSpec {
            run: words,
            title: "Fake".to_owned(),
            build: Vec::new(),
            needs: BTreeMap::new(),
            optional: None,
        },
    )]);
    kit
}

fn cell(kit: &Kit, case: &str) -> Cell {
    let mut cells = judge(kit, run(kit, &Selection::default()).unwrap());
    cells.remove(&("fake".to_owned(), case.to_owned())).unwrap()
}

fn problems(kit: &Kit, case: &str) -> String {
    match cell(kit, case) {
        Cell::Fail(failure) => failure.problems.join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_truth_is_green() {
    let kit = kit(vec![retried(), refused()], "");
    assert_eq!(cell(&kit, "retried"), Cell::Pass);
    assert_eq!(cell(&kit, "refused"), Cell::Pass);
}

#[test]
fn every_lie_is_red_and_named() {
    for (lie, id, problem) in [
        ("no-retry", "retried", "1 of 2 tries arrived"),
        ("one-try-more", "refused", "unexpected request"),
        (
            "wrong-path",
            "retried",
            "expected GET /v1/links/x, seen GET /v2/links/x",
        ),
        ("no-key", "retried", "header authorization: expected"),
        ("wrong-wait", "retried", "waits: expected"),
        (
            "wrong-attempts",
            "retried",
            "response/attempts: expected 2, seen 3",
        ),
        (
            "wrong-value",
            "retried",
            "value/slug: expected \"s\", seen \"invented\"",
        ),
        (
            "wrong-class",
            "refused",
            "error/class: expected \"NotFoundError\"",
        ),
        (
            "no-headers",
            "retried",
            "the report at /steps/0/response/headers",
        ),
        ("shows-key", "refused", "shows the secret"),
        ("crash", "refused", "the driver crashed"),
        ("nonsense", "refused", "wrote no JSON"),
        (
            "old-protocol",
            "refused",
            "expected a hello with protocol 2",
        ),
    ] {
        let kit = kit(vec![retried(), refused()], lie);
        let found = problems(&kit, id);
        assert!(found.contains(problem), "{lie}: {found}");
    }
}

#[test]
fn a_red_cell_shows_what_went_over_the_wire() {
    let kit = kit(vec![retried()], "wrong-path");
    let cells = judge(&kit, run(&kit, &Selection::default()).unwrap());
    let text = terminal(&kit, &cells);
    for part in [
        "retried in fake: A 503 is retried",
        "> GET /v2/links/x",
        "< HTTP/1.1 503",
        "1 RED",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_driver_that_does_not_start_is_red() {
    let mut kit = kit(vec![refused()], "");
    kit.drivers.get_mut("fake").unwrap().run = vec!["$BIN/no-such-driver".to_owned()];
    assert!(problems(&kit, "refused").contains("no-such-driver"));
}

#[test]
fn known_failures_must_still_fail() {
    let known = |case: &str| KnownFailing {
        driver: "fake".to_owned(),
        case: case.to_owned(),
        reason: "for the test".to_owned(),
    };
    let mut kit = kit(vec![retried(), refused()], "no-retry");
    kit.known_failing = vec![known("retried"), known("refused")];
    assert_eq!(
        cell(&kit, "retried"),
        Cell::Known("for the test".to_owned())
    );
    assert_eq!(cell(&kit, "refused"), Cell::UnexpectedPass);
    assert!(!Cell::UnexpectedPass.is_fine());
}

#[test]
fn a_missing_capability_needs_a_reason() {
    let mut needy = refused();
    needy.needs = vec!["cancel".to_owned()];
    let mut kit = kit(vec![needy], "");
    assert_eq!(
        cell(&kit, "refused"),
        Cell::Unsupported("cancel".to_owned())
    );
    assert!(!cell(&kit, "refused").is_fine());
    kit.known_failing = vec![KnownFailing {
        driver: "fake".to_owned(),
        case: "refused".to_owned(),
        reason: "it cannot cancel".to_owned(),
    }];
    assert!(cell(&kit, "refused").is_fine());
}

#[test]
fn the_page_is_the_same_every_time() {
    let kit = kit(vec![retried(), refused()], "");
    let page = || {
        markdown(
            &kit,
            &judge(&kit, run(&kit, &Selection::default()).unwrap()),
        )
    };
    let first = page();
    assert!(
        first.contains("| `retried` | A 503 is retried | ✓ |"),
        "{first}"
    );
    assert_eq!(first, page());
}

#[test]
fn a_driver_that_is_wrong_fails_the_scenario() {
    let kit = kit(vec![refused()], "");
    let played = scenario::play(&kit, &kit.drivers["fake"]).unwrap();
    assert!(!scenario::is_whole(&played));
    assert_eq!(played.len(), 1, "{played:?}");
    let problem = played[0].1.as_ref().unwrap_err();
    assert!(problem.contains("links.list: expected"), "{problem}");
}
