//! Style, scripts and icon, embedded. Their addresses carry a hash of what they are, so that browsers may keep them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::page;
use crate::ids::hex;

struct Asset {
    name: &'static str,
    media: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "dashboard.css",
        media: "text/css; charset=utf-8",
        text: include_str!("assets/dashboard.css"),
    },
    Asset {
        name: "dashboard.js",
        media: "text/javascript; charset=utf-8",
        text: include_str!("assets/dashboard.js"),
    },
    // Not ours: htmx 2.0.11, see THIRD_PARTY_NOTICES.md.
    Asset {
        name: "htmx.js",
        media: "text/javascript; charset=utf-8",
        text: include_str!("assets/htmx.min.js"),
    },
    Asset {
        name: "icon.svg",
        media: "image/svg+xml",
        text: include_str!("assets/icon.svg"),
    },
];

/// Where pages find them.
pub struct Addresses {
    pub style: String,
    pub script: String,
    pub htmx: String,
    pub icon: String,
}

pub static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| {
    let [style, script, htmx, icon] = ASSETS.map(|asset| {
        let hash = hex(&Sha256::digest(asset.text)[..6]);
        format!("/dashboard/assets/{}?v={hash}", asset.name)
    });
    Addresses {
        style,
        script,
        htmx,
        icon,
    }
});

/// Serves one of them.
pub async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return page::nothing_here().await;
    };
    let mut response = Response::new(asset.text.into());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    response
}
