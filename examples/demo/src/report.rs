//! What the demo prints.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use approute::models::Link;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::{Failure, Result};
use crate::job::{Done, clicks};
use crate::server::Ready;
use crate::visits::{Destinations, Device};

/// How many links are shown unless all are asked for.
const TOP: usize = 20;
/// Columns with one line under their names.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

/// Prints a line. `println!` would panic when the reader is gone, as in `make demo | head`.
pub fn say(text: impl std::fmt::Display) -> Result<()> {
    writeln!(std::io::stdout(), "{text}")
        .map_err(|error| Failure::new(format!("the output cannot be written: {error}")))
}

/// One line of the log of steps.
pub fn step(name: &str, text: impl std::fmt::Display) -> Result<()> {
    say(format_args!("  {name:<9} {text}"))
}

/// A bar on the terminal; where there is none, nothing is shown.
pub fn bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("  visits    {bar:32} {pos}/{len}");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub fn provided(done: &Done, took: Duration) -> String {
    let took = took.as_millis();
    match done {
        Done {
            created: 0,
            updated: 0,
            unchanged,
        } => format!("{unchanged} found from an earlier run, nothing to change"),
        Done {
            created,
            updated: 0,
            unchanged: 0,
        } => format!("{created} created with one call in {took} ms"),
        Done {
            created,
            updated,
            unchanged,
        } => {
            format!(
                "{created} created and {updated} updated with one call in {took} ms, {unchanged} left as they are"
            )
        }
    }
}

pub fn visited(destinations: &Destinations) -> String {
    let mut by: BTreeMap<Device, usize> = BTreeMap::new();
    let mut to: BTreeMap<&str, usize> = BTreeMap::new();
    for ((device, host), count) in destinations {
        *by.entry(*device).or_default() += count;
        *to.entry(place(host)).or_default() += count;
    }
    let by: Vec<_> = by
        .iter()
        .map(|(device, count)| format!("{count} by {}", device.name()))
        .collect();
    let to: Vec<_> = to
        .iter()
        .map(|(place, count)| format!("{count} to {place}"))
        .collect();
    let total: usize = destinations.values().sum();
    format!("{total}: {}; sent {}", by.join(", "), to.join(", "))
}

fn place(host: &str) -> &str {
    match host {
        "apps.apple.com" => "the App Store",
        "play.google.com" => "Google Play",
        _ => "websites",
    }
}

impl Device {
    fn name(self) -> &'static str {
        match self {
            Self::IPhone => "iPhone",
            Self::Android => "Android",
            Self::Desktop => "desktop",
        }
    }
}

/// The links with their clicks; `links` has the most clicked ones first.
pub fn table(links: &[Link], all: bool) -> String {
    let shown = if all {
        links.len()
    } else {
        TOP.min(links.len())
    };
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_header(["creator", "short link", "sub-ID", "clicks"]);
    for link in &links[..shown] {
        table.add_row([
            link.title.as_deref().unwrap_or("-"),
            &link.short_url,
            link.sub_id.as_deref().unwrap_or("-"),
            &link.click_count.to_string(),
        ]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let visited = links.iter().filter(|link| link.click_count > 0).count();
    let rest = match links.len() - shown {
        0 => String::new(),
        rest => format!(" {rest} more: make demo ARGS=--all"),
    };
    format!(
        "{table}\n {} links, {visited} of them visited, {} clicks.{rest}",
        links.len(),
        clicks(links)
    )
}

/// Where to look next, for a server that has stopped again.
pub const NEXT: &str = "
Next
  make demo ARGS=--serve   the same, and the server stays up: its dashboard opens in your browser,
                           where you issue a key, make a link, and see its clicks
  README.md                the quick start in Rust
  docs/README.md           error codes, decisions, the description of the API
  make clean               forgets the links in .demo";

/// Where to look next, for a server that still runs.
pub fn serving(ready: &Ready) -> String {
    let Ready {
        base_url,
        api_key,
        dashboard_url,
    } = ready;
    format!(
        "
Open the dashboard in a browser (the link works once, for 10 minutes):
  {dashboard_url}
There you issue a key, make a link, visit it, and see the click on the chart. When the link is used up, the next
make demo prints another.

The server runs until you press Ctrl-C. In another terminal:
  export APPROUTE_BASE_URL={base_url}
  export APPROUTE_API_KEY={api_key}
  curl -H \"Authorization: Bearer $APPROUTE_API_KEY\" \"$APPROUTE_BASE_URL/v1/links?limit=1\"
  cargo run --package approute-demo --bin quickstart

The description of the API: {base_url}/api/openapi.json"
    )
}
