//! Reads the CSV of creators. Every row is checked before anything is sent, so a broken file changes nothing.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use url::Url;

/// One row: a creator and the link they get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    /// The row's line in the file.
    pub line: u64,
    /// Your own id for the creator; it is what makes a second run find the first run's link.
    pub external_id: String,
    pub name: String,
    /// Where the creator posts; becomes a tag and `utm_source`.
    pub platform: String,
    pub slug: String,
    /// Under which the creator's clicks are counted.
    pub sub_id: String,
    /// Where a desktop visit goes, and any visit where there is no app.
    pub destination: String,
    /// The advertiser's app in the App Store, where there is one.
    pub app_store_id: Option<String>,
    /// The advertiser's app in the Play Store, where there is one.
    pub package_name: Option<String>,
    pub utm_campaign: Option<String>,
}

/// What is wrong with the file: one line each, made to be read by the person who edits it.
#[derive(Debug)]
pub struct CsvError {
    path: PathBuf,
    problems: Vec<Problem>,
}

#[derive(Debug, PartialEq, Eq)]
struct Problem {
    line: u64,
    text: String,
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        for (i, problem) in self.problems.iter().take(SHOWN).enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(
                f,
                "{newline}{}:{}: {}",
                self.path.display(),
                problem.line,
                problem.text
            )?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n{}: and {more} more", self.path.display()),
        }
    }
}

impl std::error::Error for CsvError {}

/// Reads the file, or says what is wrong with it.
pub fn read(path: &Path) -> Result<Vec<Creator>, CsvError> {
    let failed = |problems| CsvError {
        path: path.to_owned(),
        problems,
    };
    match std::fs::read(path) {
        Ok(bytes) => parse(&bytes).map_err(failed),
        Err(error) => Err(failed(vec![Problem {
            line: 1,
            text: format!("cannot be read: {error}; give another file with --csv"),
        }])),
    }
}

/// The columns that are read; a file may have more.
struct Columns {
    external_id: usize,
    name: usize,
    platform: usize,
    slug: usize,
    sub_id: usize,
    destination: usize,
    app_store_id: usize,
    package_name: usize,
    utm_campaign: usize,
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut column = |name: &str| {
            header.iter().position(|cell| cell == name).unwrap_or_else(|| {
                problems.push(Problem {
                    line: 1,
                    text: format!("column {name} is missing; add it to the header (cells may stay empty where a value is optional)"),
                });
                0
            })
        };
        let columns = Self {
            external_id: column("external_id"),
            name: column("name"),
            platform: column("platform"),
            slug: column("slug"),
            sub_id: column("sub_id"),
            destination: column("destination"),
            app_store_id: column("app_store_id"),
            package_name: column("package_name"),
            utm_campaign: column("utm_campaign"),
        };
        if problems.is_empty() {
            Ok(columns)
        } else {
            Err(problems)
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Creator>, Vec<Problem>> {
    // Spreadsheet programs put a byte order mark before the first column's name.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|error| vec![unreadable(&error, 1)])?
        .clone();
    let columns = Columns::find(&header)?;

    let mut creators = Vec::new();
    let mut problems = Vec::new();
    let mut seen = Seen::default();
    let mut line = 1;
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                problems.push(unreadable(&error, line + 1));
                continue;
            }
        };
        line = row.position().map_or(line + 1, csv::Position::line);
        let before = problems.len();
        let mut wrong = |text| problems.push(Problem { line, text });
        if row.len() != header.len() {
            wrong(format!(
                "the row has {} cells, the header {}; put quotes around values that contain a comma",
                row.len(),
                header.len()
            ));
            continue;
        }
        let creator = creator(&row, &columns, line);
        check(&creator, &mut wrong);
        seen.check(&creator, &mut wrong);
        if problems.len() == before {
            creators.push(creator);
        }
    }
    if creators.is_empty() && problems.is_empty() {
        problems.push(Problem {
            line: 1,
            text: "there are no creators in the file; add a row for each".to_owned(),
        });
    }
    if problems.is_empty() {
        Ok(creators)
    } else {
        Err(problems)
    }
}

fn unreadable(error: &csv::Error, fallback: u64) -> Problem {
    let line = error.position().map_or(fallback, csv::Position::line);
    let text = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => {
            "the row is not UTF-8; save the file as CSV UTF-8".to_owned()
        }
        _ => format!("the row cannot be read: {error}"),
    };
    Problem { line, text }
}

fn creator(row: &StringRecord, columns: &Columns, line: u64) -> Creator {
    let cell = |index: usize| row.get(index).unwrap_or_default().to_owned();
    let optional = |index: usize| Some(cell(index)).filter(|value| !value.is_empty());
    Creator {
        line,
        external_id: cell(columns.external_id),
        name: cell(columns.name),
        platform: cell(columns.platform),
        slug: cell(columns.slug),
        sub_id: cell(columns.sub_id),
        destination: cell(columns.destination),
        app_store_id: optional(columns.app_store_id),
        package_name: optional(columns.package_name),
        utm_campaign: optional(columns.utm_campaign),
    }
}

/// What the API would refuse, said in terms of the file. The server checks again; this saves the round trip.
fn check(creator: &Creator, wrong: &mut impl FnMut(String)) {
    let required = [
        (
            "external_id",
            &creator.external_id,
            "give each creator an id of your own",
        ),
        ("name", &creator.name, "write the creator's name"),
        (
            "platform",
            &creator.platform,
            "write where the creator posts, for example youtube",
        ),
        (
            "sub_id",
            &creator.sub_id,
            "write the id under which the clicks are to be counted",
        ),
    ];
    for (column, value, advice) in required {
        if value.is_empty() {
            wrong(format!("column {column} is empty; {advice}"));
        } else if value.chars().count() > 255 {
            wrong(format!(
                "column {column} has more than 255 characters; shorten it"
            ));
        }
    }
    if !is_slug(&creator.slug) {
        wrong(format!(
            "column slug: {:?} is not a slug; use 1 to 64 letters, digits, - and _, starting with a letter or digit",
            creator.slug
        ));
    }
    if let Err(reason) = is_destination(&creator.destination) {
        wrong(format!(
            "column destination: {:?} {reason}; write a whole address, for example https://shop.example/autumn",
            creator.destination
        ));
    }
    if let Some(id) = &creator.app_store_id
        && !(id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit()))
    {
        wrong(format!(
            "column app_store_id: {id:?} is not an App Store id; use the digits after `id` in the app's address"
        ));
    }
    if let Some(name) = &creator.package_name
        && !is_package_name(name)
    {
        wrong(format!(
            "column package_name: {name:?} is not a package name; it looks like com.example.shop"
        ));
    }
}

fn is_slug(slug: &str) -> bool {
    slug.len() <= 64
        && slug.starts_with(|first: char| first.is_ascii_alphanumeric())
        && slug
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_destination(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() > 2048 {
        return Err("is longer than 2,048 characters");
    }
    match Url::parse(text) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && text.contains("://") =>
        {
            Ok(())
        }
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Err("does not start with https:// or http://")
        }
        _ => Err("is not a web address"),
    }
}

fn is_package_name(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    name.len() <= 150 && name.contains('.') && name.split('.').all(part)
}

/// Where each value that must be unique was first used.
#[derive(Default)]
struct Seen {
    lines: HashMap<(&'static str, String), u64>,
}

impl Seen {
    fn check(&mut self, creator: &Creator, wrong: &mut impl FnMut(String)) {
        let unique = [
            ("external_id", creator.external_id.clone()),
            // The server finds slugs without regard to case.
            ("slug", creator.slug.to_ascii_lowercase()),
            ("sub_id", creator.sub_id.clone()),
        ];
        for (column, value) in unique {
            if value.is_empty() {
                continue;
            }
            let first = *self
                .lines
                .entry((column, value.clone()))
                .or_insert(creator.line);
            if first != creator.line {
                wrong(format!(
                    "column {column}: {value:?} is already used in line {first}; give each creator their own"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
