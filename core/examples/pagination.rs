//! Three ways through a list: one page, all pages, all items.

use approute::mock::{MockTransport, Reply};
use approute::{Client, Error};
use serde_json::json;

/// Two pages of webhooks without any webhook in them.
fn mock() -> MockTransport {
    let mock = MockTransport::new();
    for (next, more) in [(Some("c2"), true), (None, false)] {
        mock.reply(Reply::json(
            200,
            json!({"items": [], "next_cursor": next, "has_more": more}),
        ));
    }
    mock
}

async fn one_page(client: &Client) -> Result<(), Error> {
    let page = client.webhooks().list().limit(20).await?;
    println!("a page of {}; more: {}", page.items.len(), page.has_more);
    if let Some(cursor) = &page.next_cursor {
        // A cursor may be kept and used later, with the same filters.
        let next = client.webhooks().list().limit(20).cursor(cursor).await?;
        println!(
            "the next page of {}; more: {}",
            next.items.len(),
            next.has_more
        );
    }
    Ok(())
}

async fn all_pages(client: &Client) -> Result<(), Error> {
    // With `prefetch`, the next page is on its way while this one is used.
    let mut pages = client.webhooks().list().pages().prefetch(true);
    while let Some(page) = pages.next().await {
        println!("request {:?}", page?.request_id());
    }
    Ok(())
}

async fn all_items(client: &Client) -> Result<(), Error> {
    let mut webhooks = client.webhooks().list().stream();
    while let Some(webhook) = webhooks.next().await {
        println!("{}", webhook?.url);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    one_page(&mock().client()).await?;
    all_pages(&mock().client()).await?;
    all_items(&mock().client()).await
}

#[test]
fn it_runs() {
    main().unwrap();
}
