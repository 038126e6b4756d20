//! Says what came out: on the terminal, and in `docs/conformance.md`.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::case::Case;
use crate::load::Kit;
use crate::run::{Failure, Verdict, Verdicts};

/// A cell, with the known-failing list taken into account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Green.
    Pass,
    /// Red on the list, with its reason: that is fine for now.
    Known(String),
    /// Red.
    Fail(Failure),
    /// The driver cannot run the case, and the list does not say why.
    Unsupported(String),
    /// On the list and green: the entry must go.
    UnexpectedPass,
}

impl Cell {
    /// Whether the run may be called green.
    pub fn is_fine(&self) -> bool {
        matches!(self, Self::Pass | Self::Known(_))
    }
}

/// The cells by driver and case.
pub type Cells = BTreeMap<(String, String), Cell>;

/// Puts the known-failing list over the verdicts.
pub fn judge(kit: &Kit, verdicts: Verdicts) -> Cells {
    let judged = verdicts.into_iter().map(|((driver, case), verdict)| {
        let listed = kit
            .known_failing
            .iter()
            .find(|entry| entry.driver == driver && entry.case == case)
            .map(|entry| entry.reason.clone());
        let cell = match (verdict, listed) {
            (Verdict::Pass, None) => Cell::Pass,
            (Verdict::Pass, Some(_)) => Cell::UnexpectedPass,
            (_, Some(reason)) => Cell::Known(reason),
            (Verdict::Fail(failure), None) => Cell::Fail(failure),
            (Verdict::Unsupported(need), None) => Cell::Unsupported(need),
        };
        ((driver, case), cell)
    });
    judged.collect()
}

fn areas(kit: &Kit) -> BTreeMap<&str, Vec<&Case>> {
    let mut areas: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &kit.cases {
        areas.entry(&case.area).or_default().push(case);
    }
    areas
}

/// The matrix for the terminal, and everything that is red.
pub fn terminal(kit: &Kit, cells: &Cells) -> String {
    let mut text = String::new();
    let drivers: Vec<&String> = kit
        .drivers
        .keys()
        .filter(|driver| cells.keys().any(|(name, _)| name == *driver))
        .collect();
    let _ = write!(text, "{:<14}", "");
    for driver in &drivers {
        let _ = write!(text, "{driver:>18}");
    }
    text.push('\n');
    let ran = |case: &Case| cells.keys().any(|(_, id)| *id == case.id);
    for (area, cases) in areas(kit) {
        if !cases.iter().any(|case| ran(case)) {
            continue;
        }
        let mut row = format!("{area:<14}");
        for driver in &drivers {
            let _ = write!(row, "{:>18}", summary(cells, driver, &cases));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    let all: Vec<&Case> = kit.cases.iter().collect();
    let _ = write!(text, "{:<14}", "all");
    for driver in &drivers {
        let _ = write!(text, "{:>18}", summary(cells, driver, &all));
    }
    text.push('\n');
    for ((driver, case), cell) in cells {
        let title = kit
            .cases
            .iter()
            .find(|entry| entry.id == *case)
            .map(|entry| &entry.title);
        match cell {
            Cell::Pass | Cell::Known(_) => {}
            Cell::UnexpectedPass => {
                let _ = writeln!(
                    text,
                    "\n{case} in {driver}: passes, but stands in known-failing.yaml"
                );
            }
            Cell::Unsupported(need) => {
                let _ = writeln!(
                    text,
                    "\n{case} in {driver}: needs {need}, and known-failing.yaml does not say why it is missing"
                );
            }
            Cell::Fail(failure) => {
                let _ = writeln!(
                    text,
                    "\n{case} in {driver}: {}",
                    title.map_or("", |title| title)
                );
                for problem in &failure.problems {
                    let _ = writeln!(text, "  ! {problem}");
                }
                for line in failure.wire.iter().flat_map(|entry| entry.lines()) {
                    let _ = writeln!(text, "    {line}");
                }
            }
        }
    }
    text
}

fn summary(cells: &Cells, driver: &str, cases: &[&Case]) -> String {
    let (mut green, mut known, mut red) = (0, 0, 0);
    for case in cases {
        match cells.get(&(driver.to_owned(), case.id.clone())) {
            None => {}
            Some(Cell::Pass) => green += 1,
            Some(Cell::Known(_)) => known += 1,
            Some(_) => red += 1,
        }
    }
    let mut text = green.to_string();
    if known > 0 {
        let _ = write!(text, " +{known} known");
    }
    if red > 0 {
        let _ = write!(text, " {red} RED");
    }
    text
}

/// `docs/conformance.md`: the same from run to run as long as the verdicts are.
pub fn markdown(kit: &Kit, cells: &Cells) -> String {
    let drivers: Vec<&String> = kit.drivers.keys().collect();
    let mut text = String::from(
        "# Conformance\n\n\
         <!-- Written by `make conformance`; do not edit. -->\n\n\
         What every AppRoute SDK does the same, as cases that run against each of them.\n\
         [tests/conformance](../tests/conformance/README.md) says how they work and how to write one.\n\n",
    );
    let _ = writeln!(
        text,
        "{} cases hold {} rules. ✓ passes · △ known to fail, with its reason below · ✗ fails\n",
        kit.cases.len(),
        kit.rules.len()
    );
    text.push_str("| area | cases |");
    for driver in &drivers {
        let _ = write!(text, " {} |", kit.drivers[*driver].title);
    }
    text.push_str("\n|---|---:|");
    text.push_str(&"---:|".repeat(drivers.len()));
    text.push('\n');
    let areas = areas(kit);
    for (area, cases) in &areas {
        let _ = write!(text, "| [{area}](#{area}) | {} |", cases.len());
        for driver in &drivers {
            let _ = write!(text, " {} |", summary(cells, driver, cases));
        }
        text.push('\n');
    }
    for (area, cases) in &areas {
        let _ = write!(text, "\n## {area}\n\n| case | what it shows |");
        for driver in &drivers {
            let _ = write!(text, " {} |", kit.drivers[*driver].title);
        }
        text.push_str("\n|---|---|");
        text.push_str(&":-:|".repeat(drivers.len()));
        text.push('\n');
        for case in cases {
            let _ = write!(
                text,
                "| `{}` | {} |",
                case.id,
                case.title.replace('|', "\\|")
            );
            for driver in &drivers {
                let _ = write!(
                    text,
                    " {} |",
                    mark(cells.get(&((*driver).clone(), case.id.clone())))
                );
            }
            text.push('\n');
        }
    }
    text.push_str("\n## Known to fail\n\n");
    if kit.known_failing.is_empty() {
        text.push_str("Nothing.\n");
    }
    for entry in &kit.known_failing {
        let _ = writeln!(
            text,
            "- `{}` in {}: {}",
            entry.case, entry.driver, entry.reason
        );
    }
    text.push_str("\n## Rules\n\n| rule | what it says |\n|---|---|\n");
    for (name, rule) in &kit.rules {
        let _ = writeln!(text, "| `{name}` | {} |", rule.says.replace('|', "\\|"));
    }
    text
}

fn mark(cell: Option<&Cell>) -> &'static str {
    match cell {
        Some(Cell::Pass) => "✓",
        Some(Cell::Known(_)) => "△",
        Some(_) => "✗",
        None => "–",
    }
}
