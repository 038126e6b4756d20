//! The quick start of the README, which quotes this file. A test runs it.

use approute::Client;
use approute::models::{IosTargetInput, LinkCreate, TargetsInput};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), approute::Error> {
    // The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
    let client = Client::from_env()?;

    let app = IosTargetInput::new().app_store_id("6470010001");
    let link = client
        .links()
        .create(
            LinkCreate::new("https://northpeak.example/autumn-drop")
                .sub_id("nora-lind")
                .targets(TargetsInput::new().ios(app)),
        )
        .await?;

    println!("share {}", link.short_url);
    println!("so far it has {} clicks", link.click_count);
    Ok(())
}
