//! `webhooks`.

use clap::Subcommand;

use super::{Database, explain, format};
use crate::store::deliveries::{self, Entry};
use crate::store::webhooks;

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// List the last attempts to deliver events, newest first; they are kept for 30 days
    Log {
        /// The webhook, whk_…
        webhook: String,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        #[command(flatten)]
        database: Database,
    },
}

impl Webhooks {
    pub async fn run(self) -> Result<(), String> {
        let Self::Log {
            webhook,
            limit,
            database,
        } = self;
        let store = database.open().await?;
        let mut connection = store.read().await.map_err(explain)?;
        let entries = deliveries::entries(&mut connection, &webhook, limit)
            .await
            .map_err(explain)?;
        if entries.is_empty()
            && webhooks::find(&mut connection, &webhook)
                .await
                .map_err(explain)?
                .is_none()
        {
            return Err(format!("there is no webhook {webhook}"));
        }
        drop(connection);
        store.close().await;
        let head = [
            "SENT", "EVENT", "TYPE", "ATTEMPT", "URL", "BYTES", "MS", "RESULT", "NEXT", "ANSWER",
        ];
        format::table(&head, &entries.into_iter().map(row).collect::<Vec<_>>())
    }
}

fn row(entry: Entry) -> Vec<String> {
    let result = match (entry.status, entry.error) {
        (Some(status), _) => status.to_string(),
        (None, error) => error.unwrap_or_default(),
    };
    vec![
        format::time(entry.sent_at),
        entry.event_id,
        entry.event_type,
        entry.attempt.to_string(),
        entry.url,
        entry.request_bytes.to_string(),
        (entry.duration / 1_000).to_string(),
        result,
        entry.next_at.map_or_else(|| "-".to_owned(), format::time),
        printable(&entry.answer),
    ]
}

/// The beginning of an answer on one line. Strangers wrote it, so nothing in it may steer the terminal.
fn printable(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    text.chars()
        .take(60)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
