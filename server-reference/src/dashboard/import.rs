//! A file of links: checked row by row against the API's own rules, and then imported with a bar that shows how far it is.
//!
//! What was checked is kept for a day. The import goes on in pieces, each with an idempotency key of its own, so that it
//! can be continued on any node after a node died, and no row becomes two links.

use approute::models::BatchResult;
use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::act::{Call, Refusal};
use super::file::{self, File, Row, Taken, Wrong};
use super::page::{self, Oops, Outcome, Page, Section, number};
use super::session::{Person, Posted, check_type};
use crate::app::SharedApp;
use crate::generated::api::Operation;
use crate::http::read_body;
use crate::ids::{hex, unseeded};
use crate::problem::{Failure, Problem};
use crate::store::dashboard::{self, Import};
use crate::store::keys::Caller;

/// The largest file.
const FILE_LIMIT: usize = 8 << 20;
/// Rows that are checked at a time.
const CHECKED: usize = 500;
/// Rows that are imported at a time: each is a step of the bar.
const IMPORTED: usize = 100;
/// Rows that a page shows.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "dashboard/import_new.html")]
struct New {
    page: Page,
    columns: String,
    rows: String,
    error: Option<String>,
}

fn new_page(person: &Person, error: Option<String>) -> New {
    let mut page = person.page(Section::Links, "Import links");
    let listed = error.iter().map(|error| ("file".to_owned(), error.clone()));
    page.errors.extend(listed);
    New {
        page,
        columns: file::columns().collect::<Vec<_>>().join(", "),
        rows: number(file::MOST_ROWS as i64),
        error,
    }
}

/// `GET /dashboard/imports/new`
pub async fn new(person: Person) -> Outcome {
    page::show(&new_page(&person, None))
}

struct Line {
    line: u64,
    name: String,
    url: String,
    errors: Vec<String>,
}

#[derive(Template)]
#[template(path = "dashboard/import_checked.html")]
struct Checked {
    page: Page,
    lines: Vec<Line>,
    /// Lines that are not shown.
    more: String,
    good: String,
    bad: String,
    has_good: bool,
    has_bad: bool,
    ignored: String,
    id: String,
}

/// `POST /dashboard/imports`, with a file.
pub async fn check(State(app): State<SharedApp>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let person = match Person::from_request_parts(&mut parts, &app).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let checked = async {
        check_type(&parts.headers, "multipart/form-data")?;
        let timeout = app.config.body_timeout;
        let bytes = read_body(&parts.headers, body, FILE_LIMIT, timeout).await?;
        let (token, bytes) = upload(&person, bytes).await?;
        person.check_form(&token)?;
        match file::read(&bytes) {
            Ok(file) => check_file(&person, file).await,
            Err(error) => {
                let page = new_page(&person, Some(error));
                page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
        }
    };
    match checked.await {
        Ok(response) => response,
        Err(oops) => oops.into_response(),
    }
}

/// The form's token and the file.
async fn upload(person: &Person, bytes: bytes::Bytes) -> Result<(String, Vec<u8>), Oops> {
    let incomplete = || {
        Oops::Refused(
            StatusCode::BAD_REQUEST,
            "There is no file",
            "Choose a CSV file, and send the form again.",
        )
    };
    let kind = person
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| incomplete())?;
    let mut parts = multer::Multipart::new(Body::from(bytes).into_data_stream(), boundary);
    let (mut token, mut file) = (None, None);
    while let Some(part) = parts.next_field().await.map_err(|_| incomplete())? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| incomplete())?.to_vec();
        match name.as_str() {
            "form_token" => token = String::from_utf8(bytes).ok(),
            "file" => file = Some(bytes),
            _ => {}
        }
    }
    Ok((token.unwrap_or_default(), file.ok_or_else(incomplete)?))
}

/// Tries every row, takes it back, and keeps those that would become links.
async fn check_file(person: &Person, file: File) -> Outcome {
    let File {
        rows,
        wrong,
        ignored,
    } = file;
    let mut lines: Vec<Line> = wrong
        .into_iter()
        .map(|wrong| Line {
            line: wrong.line,
            name: String::new(),
            url: String::new(),
            errors: vec![wrong.message],
        })
        .collect();
    let mut good: Vec<Row> = Vec::new();
    let mut taken = Taken::new(person.domains().await?);
    let chunks: Vec<Vec<Row>> = rows.chunks(CHECKED).map(<[Row]>::to_vec).collect();
    for rows in chunks {
        let call = person.call(Operation::LinksBatch, &[]).rehearsal();
        let links: Vec<_> = rows.iter().map(|row| &row.link).collect();
        let told = call.body(json!({ "create": links })).told().await?;
        let outcomes = outcomes(told, &rows);
        for (row, mut errors) in rows.into_iter().zip(outcomes) {
            if errors.is_empty() {
                errors = taken.take(&row);
            }
            let text = |name: &str| {
                row.link
                    .get(name)
                    .and_then(|value| value.as_str())
                    .unwrap_or_default()
            };
            let name = [text("title"), text("slug")]
                .into_iter()
                .find(|name| !name.is_empty());
            lines.push(Line {
                line: row.line,
                name: name.unwrap_or_default().to_owned(),
                url: text("url").to_owned(),
                errors: errors.clone(),
            });
            if errors.is_empty() {
                good.push(row);
            }
        }
    }
    let bad = lines.len() - good.len();
    // What has to be corrected comes first, and is never left out before what is good.
    lines.sort_by_key(|line| (line.errors.is_empty(), line.line));
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    let mut id = String::new();
    if !good.is_empty() {
        id = hex(&unseeded::<16>());
        let import = Import {
            id: id.clone(),
            workspace_id: person.workspace.id.clone(),
            state: "checked".to_owned(),
            total: good.len() as i64,
            links: serde_json::to_string(&good)?,
            done: 0,
            created: 0,
            failures: "[]".to_owned(),
            created_at: person.now,
        };
        let mut tx = person.app.store.write().await?;
        dashboard::insert_import(&mut tx, &import).await?;
        tx.commit().await?;
    }
    page::show(&Checked {
        page: person.page(Section::Links, "Check the import"),
        more: if more > 0 {
            number(more as i64)
        } else {
            String::new()
        },
        good: number(good.len() as i64),
        bad: number(bad as i64),
        has_good: !good.is_empty(),
        has_bad: bad > 0,
        ignored: ignored.join(", "),
        lines,
        id,
    })
}

/// What the API says to each row: nothing where it is good.
fn outcomes(told: Result<BatchResult, Refusal>, rows: &[Row]) -> Vec<Vec<String>> {
    let result = match told {
        Ok(result) => result,
        Err(refusal) => return vec![vec![refusal.detail]; rows.len()],
    };
    let outcome = |item: &approute::models::BatchItem| match &item.error {
        None => Vec::new(),
        Some(problem) => {
            let detail = problem.detail.clone();
            let fields = problem.errors.iter().map(|error| {
                let field = error.pointer.trim_start_matches('/');
                if field.is_empty() {
                    error.message.clone()
                } else {
                    format!("{field}: {}", error.message)
                }
            });
            let fields: Vec<String> = fields.collect();
            if fields.is_empty() {
                vec![detail]
            } else {
                fields
            }
        }
    };
    result.create.iter().map(outcome).collect()
}

impl Person {
    async fn import(&self, id: &str) -> Result<Import, Failure> {
        let mut connection = self.app.store.read().await?;
        let found = dashboard::import(&mut connection, &self.workspace.id, id).await?;
        found.ok_or_else(|| Problem::not_found("import").into())
    }
}

/// `POST /dashboard/imports/{id}`
pub async fn start(Path(id): Path<String>, posted: Posted) -> Outcome {
    let person = posted.person;
    let mut import = person.import(&id).await?;
    if import.state == "checked" {
        import.state = "running".to_owned();
        let mut tx = person.app.store.write().await?;
        dashboard::update_import(&mut tx, &import).await?;
        tx.commit().await?;
    }
    if import.state != "done" {
        tokio::spawn(run(person.app.clone(), person.caller.clone(), id.clone()));
    }
    page::go(&format!("/dashboard/imports/{id}"))
}

/// Imports what is left, piece by piece.
async fn run(app: SharedApp, caller: Caller, id: String) {
    loop {
        match step(&app, &caller, &id).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(failure) => {
                tracing::warn!(
                    id,
                    ?failure,
                    "an import stands still; a person can continue it"
                );
                return;
            }
        }
    }
}

/// Imports a piece; false where there is no more to do here.
async fn step(app: &SharedApp, caller: &Caller, id: &str) -> Result<bool, Failure> {
    let found = {
        let mut connection = app.store.read().await?;
        dashboard::import(&mut connection, &caller.workspace_id, id).await?
    };
    let Some(mut import) = found.filter(|import| import.state == "running") else {
        return Ok(false);
    };
    let rows: Vec<Row> = serde_json::from_str(&import.links)?;
    let done = usize::try_from(import.done).unwrap_or_default();
    let piece: Vec<Row> = rows.into_iter().skip(done).take(IMPORTED).collect();
    if !piece.is_empty() {
        let links: Vec<_> = piece.iter().map(|row| &row.link).collect();
        let call = Call::new(app.clone(), caller.clone(), Operation::LinksBatch, &[])
            .header("idempotency-key", &format!("import-{id}-{done}"))
            .body(json!({ "create": links }));
        let told = call.told().await?;
        // Somebody clicked twice, and the other one is at it.
        if matches!(&told, Err(refusal) if refusal.code == "idempotency_in_flight") {
            return Ok(false);
        }
        let outcomes = outcomes(told, &piece);
        let mut failures: Vec<Wrong> = serde_json::from_str(&import.failures)?;
        for (row, errors) in piece.iter().zip(outcomes) {
            if errors.is_empty() {
                import.created += 1;
            } else {
                let message = errors.join(" ");
                failures.push(Wrong {
                    line: row.line,
                    message,
                });
            }
        }
        import.done += piece.len() as i64;
        import.failures = serde_json::to_string(&failures)?;
    }
    if import.done >= import.total {
        import.state = "done".to_owned();
    }
    let mut tx = app.store.write().await?;
    dashboard::update_import(&mut tx, &import).await?;
    tx.commit().await?;
    Ok(import.state == "running")
}

#[derive(Template)]
#[template(path = "dashboard/import.html")]
struct Progress {
    page: Page,
    id: String,
    running: bool,
    checked: bool,
    total: i64,
    done: i64,
    created: String,
    failures: Vec<Wrong>,
}

/// `GET /dashboard/imports/{id}`
pub async fn show(person: Person, Path(id): Path<String>) -> Outcome {
    let import = person.import(&id).await?;
    page::show(&Progress {
        page: person.page(Section::Links, "Import"),
        running: import.state == "running",
        checked: import.state == "checked",
        total: import.total,
        done: import.done,
        created: number(import.created),
        failures: serde_json::from_str(&import.failures)?,
        id: import.id,
    })
}
