//! What a JSON Schema cannot say: the kit as a whole must hang together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::case::{Case, Step};
use crate::load::{Kit, Problems, operations};

/// All that is wrong with the kit.
pub fn check(kit: &Kit) -> Problems {
    let mut problems = Problems::new();
    let operations = operations(&kit.spec);
    let mut ids = BTreeSet::new();
    for case in &kit.cases {
        if !ids.insert(case.id.as_str()) {
            problems.push(format!("{}: the id is used twice", case.id));
        }
        for rule in &case.rule {
            if !kit.rules.contains_key(rule) {
                problems.push(format!("{}: there is no rule {rule}", case.id));
            }
        }
        check_case(case, &operations, &mut problems);
    }
    for rule in kit.rules.keys() {
        if !kit.cases.iter().any(|case| case.rule.contains(rule)) {
            problems.push(format!("rules.yaml: no case holds {rule}"));
        }
    }
    check_known_failing(kit, &ids, &mut problems);
    problems.extend(crate::mutants::check(kit));
    check_coverage(kit, &operations, &mut problems);
    problems
}

fn check_case(case: &Case, operations: &BTreeMap<String, Vec<String>>, problems: &mut Problems) {
    for step in &case.calls {
        let webhook = step.call.starts_with("webhook.");
        if !webhook && !operations.contains_key(&step.call) {
            problems.push(format!(
                "{}: the spec has no operation {}",
                case.id, step.call
            ));
        }
        for argument in arguments(step) {
            let known = operations.get(&step.call);
            // Whether body fields exist is for the models to say: cases send wrong ones on purpose.
            if known.is_some_and(|known| !known.contains(&argument)) {
                problems.push(format!(
                    "{}: {} has no argument {argument}",
                    case.id, step.call
                ));
            }
        }
    }
    let cancels = case.tries.iter().any(|entry| entry.answer.cancel);
    let waits_for_it = case.calls.iter().any(|step| {
        let stopped_ahead = step
            .details
            .get("list")
            .is_some_and(|list| list.get("stop_after").is_some() && list.get("prefetch").is_some());
        stopped_ahead || step.details.get("cancel") == Some(&"in_try".into())
    });
    if cancels != waits_for_it {
        problems.push(format!(
            "{}: `cancel: in_try` needs an answer with `cancel: true`",
            case.id
        ));
    }
}

fn arguments(step: &Step) -> Vec<String> {
    let mut names = Vec::new();
    let arguments = step.details.get("args").and_then(Value::as_object);
    for (name, value) in arguments.into_iter().flatten() {
        if name == "body" {
            let fields = value.as_object().into_iter().flatten();
            names.extend(fields.map(|(field, _)| format!("body.{field}")));
        } else {
            names.push(name.clone());
        }
    }
    names
}

fn check_known_failing(kit: &Kit, ids: &BTreeSet<&str>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for entry in &kit.known_failing {
        let cell = format!("{} in {}", entry.case, entry.driver);
        if !kit.drivers.contains_key(&entry.driver) {
            problems.push(format!(
                "known-failing.yaml: {cell}: there is no such driver"
            ));
        }
        if !ids.contains(entry.case.as_str()) {
            problems.push(format!("known-failing.yaml: {cell}: there is no such case"));
        }
        if entry.reason.trim().len() < 10 {
            problems.push(format!("known-failing.yaml: {cell}: the reason is missing"));
        }
        if !seen.insert(cell.clone()) {
            problems.push(format!("known-failing.yaml: {cell} stands there twice"));
        }
    }
}

/// Every operation and every argument goes over the wire in at least one case.
fn check_coverage(kit: &Kit, operations: &BTreeMap<String, Vec<String>>, problems: &mut Problems) {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for case in &kit.cases {
        // A call that is refused before anything is sent shows nothing on the wire.
        for step in case.calls.iter().filter(|_| !case.tries.is_empty()) {
            used.entry(&step.call).or_default().extend(arguments(step));
        }
    }
    for (operation, arguments) in operations {
        match used.get(operation.as_str()) {
            None => problems.push(format!("no case calls {operation}")),
            Some(used) => {
                for argument in arguments
                    .iter()
                    .filter(|argument| !used.contains(*argument))
                {
                    problems.push(format!("no case sends {argument} with {operation}"));
                }
            }
        }
    }
    for action in ["webhook.verify", "webhook.unwrap", "webhook.sign"] {
        if !kit
            .cases
            .iter()
            .flat_map(|case| &case.calls)
            .any(|step| step.call == action)
        {
            problems.push(format!("no case has a {action}"));
        }
    }
}
