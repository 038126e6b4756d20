//! Testing code that uses AppRoute, without a network and without waiting.

use approute::mock::{MockTransport, Reply};
use approute::{Client, Error};

/// The code under test: deletes links, and skips those that are gone already.
async fn tidy_up(client: &Client, ids: &[&str]) -> Result<usize, Error> {
    let mut deleted = 0;
    for id in ids {
        match client.links().delete(*id).await {
            Ok(_) => deleted += 1,
            Err(error) if error.code() == Some("not_found") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(deleted)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mock = MockTransport::with_examples();
    // A rate limit that passes, a link that is gone, and then whatever the documentation shows.
    mock.reply(Reply::new(429).header("retry-after", "10"));
    mock.reply(Reply::problem(404, "not_found", "There is no such link."));

    assert_eq!(tidy_up(&mock.client(), &["lnk_1", "lnk_2"]).await?, 1);

    mock.assert_sent(&[
        "DELETE /v1/links/lnk_1",
        "DELETE /v1/links/lnk_1",
        "DELETE /v1/links/lnk_2",
    ]);
    let first = &mock.requests()[0];
    let second = &mock.requests()[1];
    assert_eq!(
        first.header("idempotency-key"),
        second.header("idempotency-key")
    );
    println!("waited {:?} on the mock's clock", mock.waits());
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
