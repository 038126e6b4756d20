//! What to do about errors: retries that the SDK does by itself, and what is left to the caller.

use std::time::Duration;

use approute::mock::{MockTransport, Reply};
use approute::models::LinkCreate;
use approute::{Client, Error, ErrorKind, Outcome};

/// Creates a link and does not give up before it knows whether there is one.
async fn create_for_sure(client: &Client, url: &str) -> Result<String, Error> {
    let call = client
        .links()
        .create(LinkCreate::new(url))
        .timeout(Duration::from_secs(30));
    let error = match call.await {
        Ok(link) => return Ok(link.short_url.clone()),
        Err(error) => error,
    };
    match (error.kind(), error.outcome()) {
        // The same key again: the server does it once, and answers as it did the first time.
        (_, Outcome::Unknown) if error.is_retryable() => {
            let key = error.idempotency_key().unwrap_or_default().to_owned();
            println!("{error}; once more with the key {key}");
            let link = client
                .links()
                .create(LinkCreate::new(url))
                .idempotency_key(key)
                .await?;
            Ok(link.short_url.clone())
        }
        (ErrorKind::UnprocessableEntity, _) => {
            for field in error.errors() {
                eprintln!("{}: {}", field.pointer, field.message);
            }
            Err(error)
        }
        _ => Err(error),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mock = MockTransport::with_examples();
    // Three tries that break, which the SDK does by itself; then the documentation's answer.
    mock.reply(Reply::reset())
        .reply(Reply::new(503))
        .reply(Reply::reset());
    let client = mock
        .builder()
        .on_retry(|retry| println!("{}; next try in {:?}", retry.reason, retry.wait))
        .build()?;
    println!("{}", create_for_sure(&client, "https://example.com").await?);
    assert_eq!(mock.requests().len(), 4);
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
