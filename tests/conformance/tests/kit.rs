//! The kit refuses what is broken, and says where.

use std::path::Path;
use std::sync::OnceLock;

use approute_conformance::case::Case;
use approute_conformance::check::check;
use approute_conformance::facades::misfits;
use approute_conformance::load::{Kit, KnownFailing, load, parse_cases, validator};
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The repository's own, read once.
fn kit() -> Kit {
    static KIT: OnceLock<Kit> = OnceLock::new();
    KIT.get_or_init(|| load(root()).unwrap()).clone()
}

/// A case that is fine.
fn fine() -> Value {
    json!({
        "id": "a-case", "title": "Something is as it should be", "rule": "request.path",
        "calls": [{"call": "links.get", "args": {"link_id": "x"}, "expect": {"response": {"status": 200}}}],
        "tries": [{"request": "GET /v1/links/x", "answer": {"status": 200, "json": {"$example": "Link"}}}],
    })
}

fn parse(case: Value) -> Result<Vec<Case>, Vec<String>> {
    let schema = validator(&root().join("schema/case.schema.json")).unwrap();
    let spec =
        json!({"components": {"schemas": {"Link": {"examples": [{"id": "lnk_1", "title": "t"}]}}}});
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    parse_cases(
        "a.yaml",
        "area",
        json!({"cases": [case]}),
        &schema,
        &spec,
        &mut cases,
        &mut problems,
    );
    if problems.is_empty() {
        Ok(cases)
    } else {
        Err(problems)
    }
}

#[test]
fn a_good_case_is_read() {
    let cases = parse(fine()).unwrap();
    assert_eq!(cases[0].rule, ["request.path"]);
    assert_eq!(
        cases[0].tries[0].answer.json,
        Some(json!({"id": "lnk_1", "title": "t"}))
    );
}

#[test]
fn broken_cases_are_refused() {
    let at = |pointer: &str, value: Value| {
        let mut case = fine();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match case.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
            object => object[key] = value,
        }
        case
    };
    for (what, case) in [
        ("an unknown key", at("/colour", json!(1))),
        ("an unknown key of a call", at("/calls/0/colour", json!(1))),
        ("an unknown key of a try", at("/tries/0/colour", json!(1))),
        (
            "an unknown key of an answer",
            at("/tries/0/answer/colour", json!(1)),
        ),
        ("an unknown option", at("/client", json!({"colour": 1}))),
        (
            "an unknown call option",
            at("/calls/0/options", json!({"colour": 1})),
        ),
        ("nothing expected", at("/calls/0/expect", json!({}))),
        (
            "only waits expected",
            at("/calls/0/expect", json!({"waits": []})),
        ),
        (
            "everything matches",
            at("/calls/0/expect", json!({"value": {}})),
        ),
        (
            "every item matches",
            at("/calls/0/expect", json!({"items": [{}]})),
        ),
        ("no calls", at("/calls", json!([]))),
        ("empty tries", at("/tries", json!([]))),
        (
            "an answer that says nothing",
            at("/tries/0/answer", json!({})),
        ),
        (
            "a fault that does not exist",
            at("/tries/0/answer", json!({"fault": "explode"})),
        ),
        (
            "a cut body without a status",
            at("/tries/0/answer", json!({"fault": "reset", "cut_after": 1})),
        ),
        ("two bodies", at("/tries/0/answer/text", json!("x"))),
        ("two expected bodies", {
            let mut c = at("/tries/0/json", json!({}));
            c["tries"][0]["body"] = json!("");
            c
        }),
        (
            "a header in capitals",
            at("/tries/0/headers", json!({"X-A": "1"})),
        ),
        (
            "a header of two minds",
            at(
                "/tries/0/headers",
                json!({"x-a": {"absent": true, "matches": "a"}}),
            ),
        ),
        (
            "an error without its outcome",
            at(
                "/calls/0/expect",
                json!({"error": {"class": "APIError", "attempts": 1, "retryable": false}}),
            ),
        ),
        (
            "an error of no class",
            at(
                "/calls/0/expect",
                json!({"error": {"class": "Oops", "attempts": 1, "retryable": false, "outcome": "unknown"}}),
            ),
        ),
        (
            "an error and a value",
            at(
                "/calls/0/expect",
                json!({"value": {"a": 1}, "error": {"class": "APIError", "attempts": 1, "retryable": false, "outcome": "unknown"}}),
            ),
        ),
        (
            "a verification without a reason",
            at(
                "/calls/0",
                json!({"call": "webhook.verify", "payload": {"text": ""}, "expect": {"error": {"class": "WebhookVerificationError"}}}),
            ),
        ),
        (
            "a webhook that waits",
            at(
                "/calls/0",
                json!({"call": "webhook.verify", "payload": {"text": ""}, "expect": {"done": true, "waits": []}}),
            ),
        ),
        ("an id with capitals", at("/id", json!("A"))),
        (
            "a title too short to say anything",
            at("/title", json!("x")),
        ),
        ("a rule without a group", at("/rule", json!("path"))),
        ("randomness beyond its range", at("/random", json!(2))),
        ("an unknown capability", at("/needs", json!(["telepathy"]))),
        (
            "an example that the spec lacks",
            at("/tries/0/answer/json", json!({"$example": "Nothing"})),
        ),
        (
            "a field that the example lacks",
            at(
                "/tries/0/answer/json",
                json!({"$example": "Link", "$without": ["colour"]}),
            ),
        ),
    ] {
        assert!(parse(case).is_err(), "{what} is accepted");
    }
}

#[test]
fn problems_name_file_case_and_place() {
    let mut case = fine();
    case["tries"][0]["colour"] = json!("red");
    let problems = parse(case).unwrap_err();
    assert!(
        problems[0].starts_with("a.yaml: a-case /tries/0: "),
        "{problems:?}"
    );
    assert!(problems[0].contains("colour"), "{problems:?}");
}

#[test]
fn this_repository_hangs_together() {
    let kit = kit();
    assert_eq!(check(&kit), [""; 0]);
    assert!(kit.cases.len() >= 300, "{} cases", kit.cases.len());
}

/// The problems of the repository's kit after a change.
fn problems_after(change: impl FnOnce(&mut Kit)) -> String {
    let mut kit = kit();
    change(&mut kit);
    check(&kit).join("\n")
}

#[test]
fn what_does_not_hang_together_is_refused() {
    let found = problems_after(|kit| {
        let twice = kit.cases[0].clone();
        kit.cases.push(twice);
    });
    assert!(found.contains("the id is used twice"), "{found}");

    let found = problems_after(|kit| kit.cases[0].rule = vec!["no.such-rule".to_owned()]);
    assert!(found.contains("there is no rule no.such-rule"), "{found}");

    let found = problems_after(|kit| {
        kit.cases
            .retain(|case| !case.rule.contains(&"qr.file".to_owned()))
    });
    assert!(found.contains("no case holds qr.file"), "{found}");

    let found = problems_after(|kit| {
        kit.cases
            .retain(|case| case.id != "webhooks-rotate-at-once")
    });
    assert!(
        found.contains("no case sends body.expire_previous_in with webhooks.rotate_secret"),
        "{found}"
    );

    let found = problems_after(|kit| kit.cases[0].calls[0].call = "links.explode".to_owned());
    assert!(
        found.contains("the spec has no operation links.explode"),
        "{found}"
    );

    let found = problems_after(|kit| {
        let case = kit
            .cases
            .iter_mut()
            .find(|case| case.id == "links-get")
            .unwrap();
        case.calls[0].details["args"]["colour"] = json!("red");
    });
    assert!(
        found.contains("links.get has no argument colour"),
        "{found}"
    );

    let found = problems_after(|kit| kit.mutants.retain(|mutant| mutant.rule != "qr.file"));
    assert!(found.contains("qr.file: no mutant breaks it"), "{found}");

    let found = problems_after(|kit| {
        let go = kit.facades.get_mut("go").unwrap();
        go.mutants.retain(|mutant| mutant.rule != "qr.file");
        let node = kit.facades.get_mut("node").unwrap();
        node.mutants[0].drivers = vec!["ruby".to_owned()];
        node.mutants[1].id = node.mutants[2].id.clone();
        kit.facades.remove("python");
    });
    for part in [
        "mutants/go.yaml: no mutant breaks qr.file",
        "ruby runs other code",
        "stands there twice",
        "0 lists break the code of python-sync, not one",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }

    let found = problems_after(|kit| {
        let entry = KnownFailing {
            driver: "go".to_owned(),
            case: "links-get".to_owned(),
            reason: "for the test".to_owned(),
        };
        kit.known_failing = vec![entry; 5];
        kit.known_failing[2].case = "no-such-case".to_owned();
        kit.known_failing[3].driver = "cobol".to_owned();
        kit.known_failing[4].reason = String::new();
    });
    for part in [
        "stands there twice",
        "there is no such case",
        "there is no such driver",
        "the reason is missing",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

/// Otherwise `make test-full` would be the first to notice that a mutant's code has moved.
#[test]
fn every_snippet_that_is_broken_is_there_once() {
    let mut kit = kit();
    assert_eq!(misfits(&kit), [""; 0]);
    let ruby = kit.facades.get_mut("ruby").unwrap();
    ruby.mutants[0].original = "no such code".to_owned();
    kit.mutants[0].original = "none here either".to_owned();
    let found = misfits(&kit);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("the snippet occurs 0 times"), "{found:?}");
    assert!(found[1].starts_with("rust: "), "{found:?}");
}
