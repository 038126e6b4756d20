//! Links as a file, sent while they are read.

use approute::models::Link;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http_body_util::channel::Channel;

use super::file::{SHOWN, columns, guarded};
use super::link_form::values;
use super::page::Outcome;
use super::session::Person;

/// Links that are read at a time.
const AT_ONCE: &str = "100";

/// `GET /dashboard/links.csv`
pub async fn links(person: Person) -> Outcome {
    // The first page comes before the answer, so that wrong filters are told.
    let first = person.found_links(AT_ONCE, "").await?;
    let Ok(mut page) = first else {
        return super::page::go("/dashboard/links?done=filters");
    };
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(4);
    tokio::spawn(async move {
        let mut head: Vec<String> = columns().map(str::to_owned).collect();
        head.extend(SHOWN.map(str::to_owned));
        let mut rows = vec![head];
        loop {
            rows.extend(page.items.iter().map(row));
            let text = match lines(&rows) {
                Ok(text) => text,
                Err(error) => return sender.abort(std::io::Error::other(error)),
            };
            rows.clear();
            // Whoever does not want the rest has hung up.
            if sender.send_data(text.into()).await.is_err() {
                return;
            }
            let Some(cursor) = page.next_cursor.clone() else {
                return;
            };
            page = match person.found_links(AT_ONCE, &cursor).await {
                Ok(Ok(page)) => page,
                Ok(Err(_)) | Err(_) => {
                    // A file that ends early must not look whole.
                    return sender.abort(std::io::Error::other("the links cannot be read"));
                }
            };
        }
    });
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"links.csv\""),
    );
    Ok(response)
}

fn row(link: &Link) -> Vec<String> {
    let values = values(link);
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.map_or_else(String::new, |(_, value)| guarded(value))
    };
    let mut row: Vec<String> = columns().map(value).collect();
    row.extend([
        link.id.clone(),
        link.short_url.clone(),
        link.status.as_str().to_owned(),
        link.click_count.to_string(),
        link.bot_click_count.to_string(),
        link.created_at
            .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    ]);
    row
}

fn lines(rows: &[Vec<String>]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}
