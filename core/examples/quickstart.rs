//! Creates a link, lists links, and saves a QR code.
//!
//! ```sh
//! APPROUTE_API_KEY=… cargo run --example quickstart
//! ```
//!
//! Without a key it talks to a mock that answers as the documentation shows.

use approute::Client;
use approute::mock::MockTransport;
use approute::models::{LinkCreate, UtmInput};

fn client() -> Result<Client, approute::Error> {
    match std::env::var_os("APPROUTE_API_KEY") {
        Some(_) if !cfg!(test) => Client::from_env(),
        _ => Ok(MockTransport::with_examples().client()),
    }
}

async fn run(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let link = client
        .links()
        .create(
            LinkCreate::new("https://example.com/autumn")
                .title("Autumn campaign")
                .tags(["autumn"])
                .utm(UtmInput::new().source("nora").medium("creator")),
        )
        .await?;
    println!(
        "created {} (request {:?})",
        link.short_url,
        link.request_id()
    );

    let page = client.links().list().tag("autumn").limit(10).await?;
    println!("{} links have the tag `autumn`", page.items.len());
    if let Some(limit) = page.rate_limit() {
        println!("{} of {} requests are left", limit.remaining, limit.limit);
    }

    let file = std::env::temp_dir().join(format!("approute-{}.png", link.id));
    let code = client.qr().get(&link.id).size(512).await?;
    code.write_to(&file)?;
    println!("its QR code is in {}", file.display());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&client()?).await
}

#[test]
fn it_runs() {
    main().unwrap();
}
