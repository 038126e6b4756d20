//! Links as a CSV file: the columns are the fields of the form.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::form::Form;
use super::link_form::{NAMES, document};

/// Rows of a file.
pub const MOST_ROWS: usize = 5_000;

/// Columns that an export has beside the fields, and that an import passes over.
pub const SHOWN: [&str; 6] = [
    "id",
    "short_url",
    "status",
    "click_count",
    "bot_click_count",
    "created_at",
];
/// Fields that stay out of files: a password would lie around in them.
const SECRET: &str = "password";

/// What other files call a field.
const ALIASES: [(&str, &str); 6] = [
    ("destination", "url"),
    ("destination_url", "url"),
    ("name", "title"),
    ("app_store_id", "ios_app_store_id"),
    ("bundle_id", "ios_bundle_id"),
    ("package_name", "android_package_name"),
];

/// The fields that a file has.
pub fn columns() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().filter(|name| *name != SECRET)
}

/// A row that asks for a link.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Row {
    /// Its line in the file.
    pub line: u64,
    /// What it asks for, in the shape of LinkCreate.
    pub link: Map<String, Value>,
}

/// What no two links can share, as the rows of a file have it so far. Rows are tried in portions that are taken back, so
/// that one portion does not know of another.
pub struct Taken {
    domain: String,
    lines: HashMap<(&'static str, String), u64>,
}

impl Taken {
    /// With the domains of the workspace; the first is used where a row names none.
    pub fn new(domains: Vec<String>) -> Self {
        Self {
            domain: domains.into_iter().next().unwrap_or_default(),
            lines: HashMap::new(),
        }
    }

    /// Takes what a row asks for; says what an earlier row has already.
    pub fn take(&mut self, row: &Row) -> Vec<String> {
        let text = |name: &str| row.link.get(name).and_then(Value::as_str);
        let domain = text("domain").unwrap_or(&self.domain);
        // Case makes no other slug.
        let slug = text("slug").map(|slug| format!("{domain}/{slug}").to_ascii_lowercase());
        let external_id = text("external_id").map(str::to_owned);
        let wanted: Vec<_> = [("slug", slug), ("external_id", external_id)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let errors: Vec<String> = wanted
            .iter()
            .filter_map(|key| Some((key.0, self.lines.get(key)?)))
            .map(|(name, line)| format!("{name}: line {line} has the same."))
            .collect();
        if errors.is_empty() {
            self.lines
                .extend(wanted.into_iter().map(|key| (key, row.line)));
        }
        errors
    }
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wrong {
    /// Its line in the file.
    pub line: u64,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A file that was read.
#[derive(Debug, Default)]
pub struct File {
    pub rows: Vec<Row>,
    pub wrong: Vec<Wrong>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
}

fn field(column: &str) -> Option<&'static str> {
    let column = column.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let alias = ALIASES.iter().find(|(alias, _)| *alias == column);
    let column = alias.map_or(column.as_str(), |(_, field)| *field);
    columns().find(|name| *name == column)
}

/// Reads a file, or says in one sentence why it is none.
pub fn read(bytes: &[u8]) -> Result<File, String> {
    // Spreadsheet programs put a byte order mark in front.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |letter| first.iter().filter(|byte| **byte == letter).count();
    // Where the comma is a decimal mark, they write semicolons.
    let delimiter = if count(b';') > count(b',') {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|_| "This is no CSV file in UTF-8. Save it as “CSV UTF-8”.".to_owned())?
        .clone();
    if header
        .iter()
        .any(|column| column.trim().eq_ignore_ascii_case(SECRET))
    {
        return Err("The file has a column “password”. Passwords are not taken from files; set them link by link, and remove the column.".to_owned());
    }
    let fields: Vec<Option<&'static str>> = header.iter().map(field).collect();
    if !fields.contains(&Some("url")) {
        return Err("There is no column “url”. The first line names the columns, and “url” is where the links lead.".to_owned());
    }
    let mut file = File {
        ignored: header
            .iter()
            .zip(&fields)
            .filter(|(column, field)| field.is_none() && !SHOWN.contains(column))
            .map(|(column, _)| column.to_owned())
            .collect(),
        ..File::default()
    };
    let mut line = 1;
    for record in reader.records() {
        if file.rows.len() + file.wrong.len() == MOST_ROWS {
            return Err(format!(
                "The file has more than {MOST_ROWS} rows. Split it."
            ));
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                line = error.position().map_or(line + 1, csv::Position::line);
                let message = "The row is not UTF-8. Save the file as “CSV UTF-8”.".to_owned();
                file.wrong.push(Wrong { line, message });
                continue;
            }
        };
        line = record.position().map_or(line + 1, csv::Position::line);
        if record.len() != header.len() {
            let message = format!(
                "The row has {} cells, the first line {}. Put quotes around values with a comma.",
                record.len(),
                header.len()
            );
            file.wrong.push(Wrong { line, message });
            continue;
        }
        let cells = record.iter().zip(&fields);
        let values =
            cells.filter_map(|(cell, field)| Some(((*field)?, unguarded(cell).replace('\0', ""))));
        let link = document(&Form::of(values.collect()));
        file.rows.push(Row { line, link });
    }
    if file.rows.is_empty() && file.wrong.is_empty() {
        return Err("There are no rows in the file, only the first line.".to_owned());
    }
    Ok(file)
}

/// What a spreadsheet would take for a formula.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A cell that no spreadsheet carries out.
pub fn guarded(cell: &str) -> String {
    if is_formula(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// What was in a cell before it was guarded.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(inner) if is_formula(inner) => inner,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_rows_with_their_lines() {
        let file = read(
            "\u{feff}destination,Name,platform,tags,geo\nhttps://a.example,\"A\n1\",x,\"b, c\",\"DE https://de.example\nAT https://at.example\"\nhttps://b.example,'=1+1,,,\n"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(file.ignored, ["platform"]);
        assert_eq!(file.rows.len(), 2);
        assert_eq!(
            Value::Object(file.rows[0].link.clone()),
            json!({
                "url": "https://a.example", "title": "A\n1", "tags": ["b", "c"],
                "geo": { "DE": "https://de.example", "AT": "https://at.example" },
            })
        );
        assert_eq!((file.rows[0].line, file.rows[1].line), (2, 5));
        assert_eq!(file.rows[1].link["title"], "=1+1");
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, words) in [
            (&b"slug\na\n"[..], "no column \u{201c}url\u{201d}"),
            (b"url,password\nhttps://a.example,x\n", "password"),
            (b"url\n", "no rows"),
            (b"", "no column"),
            (b"url\xff\n", "UTF-8"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let file = read(b"url;slug\nhttps://a.example\nhttps://b.example;b\n").unwrap();
        assert_eq!((file.wrong[0].line, file.rows[0].line), (2, 3));
        let many = format!("url\n{}", "https://a.example\n".repeat(MOST_ROWS + 1));
        assert!(read(many.as_bytes()).unwrap_err().contains("5000"));
    }

    #[test]
    fn no_cell_is_a_formula_and_each_comes_back() {
        for cell in [
            "=HYPERLINK(\"x\")",
            "+1",
            "-1",
            "@SUM(A1)",
            "\tx",
            "plain",
            "it's",
            "'quoted'",
        ] {
            let kept = guarded(cell);
            assert!(!is_formula(&kept), "{kept}");
            assert_eq!(unguarded(&kept), cell);
        }
    }
}
