//! Visits short links as people do: with a phone, a tablet or a desktop, without an SDK.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{HOST, LOCATION, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::Url;

use crate::failure::{Failure, Result};

/// How many visits are under way at once.
const AT_ONCE: usize = 16;

/// With what a visit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Device {
    IPhone,
    Android,
    Desktop,
}

impl Device {
    fn user_agent(self) -> &'static str {
        match self {
            Self::IPhone => {
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Mobile/15E148 Safari/604.1"
            }
            Self::Android => {
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 \
                 Mobile Safari/537.36"
            }
            Self::Desktop => {
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 \
                 Safari/537.36"
            }
        }
    }
}

/// Which of `links` links are visited, how often and with what. The same on every run: every third link, one to eleven
/// times, with half of the visits from phones of either kind.
pub fn plan(links: usize) -> Vec<(usize, Device)> {
    const DEVICES: [Device; 4] = [
        Device::IPhone,
        Device::Android,
        Device::Desktop,
        Device::IPhone,
    ];
    (0..links)
        .step_by(3)
        .flat_map(|link| {
            (0..1 + link * 7 % 11).map(move |n| (link, DEVICES[(link + n) % DEVICES.len()]))
        })
        .collect()
}

/// Where visits were sent, by the host that they were sent to.
pub type Destinations = BTreeMap<(Device, String), usize>;

/// Makes the visits on the server at `base_url` and says where they were sent; calls `done` after each.
pub async fn make(
    base_url: &str,
    visits: &[(&str, Device)],
    done: impl Fn(),
) -> Result<Destinations> {
    let browser: Browser = Client::builder(TokioExecutor::new()).build_http();
    let mut answers =
        futures_util::stream::iter(visits)
            .map(|&(short_url, device)| {
                let browser = &browser;
                async move {
                    Ok::<_, Failure>((device, visit(browser, base_url, short_url, device).await?))
                }
            })
            .buffer_unordered(AT_ONCE);
    let mut destinations = Destinations::new();
    while let Some(answer) = answers.next().await {
        *destinations.entry(answer?).or_default() += 1;
        done();
    }
    Ok(destinations)
}

type Browser = Client<HttpConnector, Empty<Bytes>>;

/// Makes one visit, without following it, and returns the host that it was sent to.
async fn visit(
    browser: &Browser,
    base_url: &str,
    short_url: &str,
    device: Device,
) -> Result<String> {
    let failed = |what: String| Failure::new(format!("a visit of {short_url} failed: {what}"));
    let link = Url::parse(short_url).map_err(|error| failed(error.to_string()))?;
    // The link's domain need not lead to this machine; the server at hand is asked in its name.
    let uri: Uri = format!("{base_url}{}", link.path())
        .parse()
        .map_err(|error: http::uri::InvalidUri| failed(error.to_string()))?;
    let request = Request::get(uri)
        .header(HOST, link.authority())
        .header(USER_AGENT, device.user_agent())
        .body(Empty::new())
        .map_err(|error| failed(error.to_string()))?;
    let answer = browser
        .request(request)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    match (answer.status(), location) {
        (StatusCode::FOUND, Some(location)) => {
            let host = Url::parse(location)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned));
            host.ok_or_else(|| failed(format!("it was sent to {location:?}, which is no address")))
        }
        (status, _) => Err(failed(format!(
            "the server answered {status} instead of a redirect"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_the_same_every_time_and_has_all_devices() {
        let visits = plan(200);
        assert_eq!(visits, plan(200));
        assert!(visits.iter().all(|(link, _)| link % 3 == 0 && *link < 200));
        for device in [Device::IPhone, Device::Android, Device::Desktop] {
            assert!(
                visits.iter().filter(|visit| visit.1 == device).count() > 50,
                "{device:?}"
            );
        }
        assert!(plan(0).is_empty());
    }
}
