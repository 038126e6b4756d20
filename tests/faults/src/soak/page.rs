//! `docs/soak.md`: what a run has shown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::level::{Series, Verdict, level, level_per_link};
use crate::sample::Key;

/// What a process breathes, beside the tenth: of memory in bytes, of all else in pieces.
const ALLOWED: [(&str, f64); 6] = [
    ("memory", 6.0 * 1_048_576.0),
    ("files", 8.0),
    ("threads", 3.0),
    ("goroutines", 10.0),
    ("objects", 3000.0),
    ("heap", 1_048_576.0),
];
/// What a link may cost more, in bytes.
const ALLOWED_PER_LINK: f64 = 512.0;

/// What was done.
#[derive(Debug, Default)]
pub struct Run {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Of how many.
    pub cores: usize,
    /// The faults' seed.
    pub seed: u64,
    /// By driver: calls, and links that they made.
    pub drivers: BTreeMap<String, (usize, usize)>,
    /// What must not be, among links and errors.
    pub wrong: Vec<String>,
}

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    subject: String,
    measure: String,
    verdict: Option<Verdict>,
    per_link: bool,
}

impl Row {
    /// What is wrong with it.
    pub fn problem(&self) -> Option<String> {
        let Self {
            subject,
            measure,
            verdict,
            ..
        } = self;
        match verdict {
            None => Some(format!("{subject}: too few values of {measure}")),
            Some(verdict) if !verdict.is_level() => Some(format!(
                "{subject}: {measure} is not level: {} in the middle third, {} in the last",
                self.shown(verdict.middle),
                self.shown(verdict.last),
            )),
            Some(_) => None,
        }
    }

    fn shown(&self, value: f64) -> String {
        match self.measure.as_str() {
            _ if self.per_link => format!("{value:.0} bytes a link"),
            "memory" | "heap" => format!("{:.1} MiB", value / 1_048_576.0),
            _ => format!("{value:.0}"),
        }
    }
}

/// Judges everything that has to be level.
pub fn judge(run: &Run, all: &BTreeMap<Key, Series>) -> Vec<Row> {
    let mut rows = Vec::new();
    let empty = Series::new();
    let get = |subject: &str, measure: &str| {
        all.get(&(subject.to_owned(), measure.to_owned()))
            .unwrap_or(&empty)
    };
    for subject in run.drivers.keys() {
        for (measure, allowed) in ALLOWED {
            let series = get(subject, measure);
            let always = ["memory", "files", "threads"].contains(&measure);
            // Not every language can count everything.
            if always || !series.is_empty() {
                let verdict = level(series, allowed);
                rows.push(Row {
                    subject: subject.clone(),
                    measure: measure.to_owned(),
                    verdict,
                    per_link: false,
                });
            }
        }
    }
    let links = get("server", "links");
    for measure in ["files", "threads"] {
        let allowed = ALLOWED.iter().find(|(name, _)| *name == measure);
        let verdict = level(
            get("server", measure),
            allowed.map_or(0.0, |(_, allowed)| *allowed),
        );
        rows.push(Row {
            subject: "server".to_owned(),
            measure: measure.to_owned(),
            verdict,
            per_link: false,
        });
    }
    for measure in ["memory", "database"] {
        let verdict = level_per_link(get("server", measure), links, ALLOWED_PER_LINK);
        rows.push(Row {
            subject: "server".to_owned(),
            measure: measure.to_owned(),
            verdict,
            per_link: true,
        });
    }
    rows
}

/// The page.
pub fn markdown(run: &Run, rows: &[Row]) -> String {
    let mut text = String::from(
        "# Soak\n\n\
         <!-- Written by `make soak`; do not edit. -->\n\n\
         All SDKs at once, through a network that misbehaves ([tests/faults](../tests/faults/README.md)), against the real server \
         with its database in a file. `make soak` runs an hour, `make soak ARGS='--minutes 5'` five minutes; it fails when \
         something is not level, or a link is lost or doubled.\n\n",
    );
    let calls: usize = run.drivers.values().map(|(calls, _)| calls).sum();
    let links: usize = run.drivers.values().map(|(_, links)| links).sum();
    let _ = writeln!(
        text,
        "**This run: {:.1} minutes**, {} cores, seed {}: {calls} calls by {} drivers, {links} links. {}\n",
        run.seconds / 60.0,
        run.cores,
        run.seed,
        run.drivers.len(),
        match run.wrong.len() {
            0 => "No link was lost or doubled.".to_owned(),
            count => format!("**{count} things were wrong with links.**"),
        },
    );
    text.push_str("![Curves of memory, open files, threads and counts](images/soak.svg)\n\n");
    text.push_str(
        "**Level** means: the run is cut into thirds, of which the first is for warming up. The median of the last third may lie above \
         that of the middle one by a tenth, or by 6 MiB of memory, 8 files, 3 threads, 10 goroutines, 3,000 objects, 1 MiB of heap, \
         where a tenth is less. The server's memory and database grow with what it was told to keep, so that they are measured per \
         link: one of the last third may cost a quarter more than one of the middle third, or 512 bytes. A short run therefore shows \
         fast leaks only; the slower a leak, the longer the run that shows it.\n\n\
         | who | what | middle third | last third | at most | |\n|---|---|---:|---:|---:|---|\n",
    );
    for row in rows {
        let Row {
            subject,
            measure,
            verdict,
            ..
        } = row;
        let _ = match verdict {
            None => writeln!(text, "| {subject} | {measure} | | | | too few values |"),
            Some(verdict) => writeln!(
                text,
                "| {subject} | {measure} | {} | {} | {} | {} |",
                row.shown(verdict.middle),
                row.shown(verdict.last),
                row.shown(verdict.most),
                if verdict.is_level() {
                    "level"
                } else {
                    "**not level**"
                },
            ),
        };
    }
    text.push_str("\n| driver | calls | links |\n|---|---:|---:|\n");
    for (driver, (calls, links)) in &run.drivers {
        let _ = writeln!(text, "| {driver} | {calls} | {links} |");
    }
    text
}
