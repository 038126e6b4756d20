//! QR codes over the API. What is in them is read by decoders that are not ours: zbar, after librsvg or poppler has
//! drawn what is no picture yet.

use std::io::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Answer, Api, id, path};

const URL: &str = "https://example.com/";
const FORMATS: [(&str, &str); 3] = [
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("pdf", "application/pdf"),
];

fn qr(link: &Value, query: &str) -> String {
    format!("/v1/qr/{}?{query}", id(link))
}

fn media(answer: &Answer) -> &str {
    answer.header("content-type").unwrap_or_default()
}

/// Runs a tool on files in a folder; scripts/bootstrap installs it.
fn tool(folder: &tempfile::TempDir, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/bootstrap test installs it"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {complaint}");
    output.stdout
}

/// What a scanner reads in an answer.
fn scanned(answer: &Answer) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let mut file = std::fs::File::create(folder.path().join(name)).unwrap();
        file.write_all(bytes).unwrap();
    };
    match media(answer) {
        "image/png" => file("code.png", &answer.body),
        "image/svg+xml" => {
            file("code.svg", &answer.body);
            let arguments = [
                "--width=800",
                "--height=800",
                "--output=code.png",
                "code.svg",
            ];
            tool(&folder, "rsvg-convert", &arguments);
        }
        "application/pdf" => {
            file("code.pdf", &answer.body);
            let size = ["-scale-to-x", "800", "-scale-to-y", "800"];
            let arguments = [&["-png", "-singlefile"], &size[..], &["code.pdf", "code"]].concat();
            tool(&folder, "pdftoppm", &arguments);
        }
        other => panic!("{other}"),
    }
    let text = tool(&folder, "zbarimg", &["--quiet", "--raw", "code.png"]);
    String::from_utf8(text).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn every_format_leads_to_the_link() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "slug": "Autumn" })).await;
    let expected = format!("{}?src=qr", link["short_url"].as_str().unwrap());
    for (format, media_type) in FORMATS {
        for rest in [
            "",
            "&size=300&margin=1&error_correction=H",
            "&size=4096&margin=16&error_correction=L&foreground=1A2b3c&background=fafbfc",
        ] {
            let answer = api
                .get(&qr(&link, &format!("format={format}{rest}")))
                .gives(200)
                .await;
            assert_eq!(media(&answer), media_type);
            assert_eq!(answer.header("vary"), Some("Accept"));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            assert_eq!(scanned(&answer), expected, "{format}{rest}");
        }
    }
    // Whoever scans it is counted as such.
    let place = expected.strip_prefix(&api.server.base_url()).unwrap();
    assert_eq!(
        api.visit(
            &place[1..],
            "Mozilla/5.0 (iPhone) AppleWebKit Mobile Safari/604.1"
        )
        .await
        .status,
        302
    );
    api.flush().await;
    let click = &api.get("/v1/clicks").gives(200).await.json()["items"][0];
    assert_eq!(
        (&click["trigger"], &click["link_id"]),
        (&json!("qr"), &link["id"])
    );
}

#[tokio::test]
async fn accept_chooses_where_no_format_is_named() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let with = async |query: &str, accept: &str| {
        let answer = api
            .get(&qr(&link, query))
            .header("accept", accept)
            .send()
            .await;
        (
            answer.status,
            media(&answer).to_owned(),
            answer.header("vary").map(str::to_owned),
        )
    };
    let vary = Some("Accept".to_owned());
    for (query, accept, media) in [
        ("", "*/*", "image/png"),
        ("", "image/svg+xml", "image/svg+xml"),
        ("", "application/pdf, image/png;q=0.5", "application/pdf"),
        ("", "image/*", "image/png"),
        ("format=svg", "image/png", "image/svg+xml"),
        ("format=pdf", "application/json", "application/pdf"),
    ] {
        assert_eq!(
            with(query, accept).await,
            (200, media.to_owned(), vary.clone()),
            "{query} {accept}"
        );
    }
    assert_eq!(
        media(&api.get(&qr(&link, "")).gives(200).await),
        "image/png"
    );
    let refused = api
        .get(&qr(&link, ""))
        .header("accept", "image/webp, text/html");
    let refused = refused.fails(406, "not_acceptable").await;
    assert_eq!(refused.header("vary"), Some("Accept"));
}

#[tokio::test]
async fn a_copy_at_hand_is_not_sent_again() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let mut tags = Vec::new();
    for query in ["", "format=svg", "size=513", "foreground=000001"] {
        let first = api.get(&qr(&link, query)).gives(200).await;
        let tag = first.header("etag").unwrap().to_owned();
        let again = api
            .get(&qr(&link, query))
            .header("if-none-match", &tag)
            .gives(304)
            .await;
        assert!(again.body.is_empty());
        assert_eq!(
            (again.header("etag"), again.header("vary")),
            (Some(tag.as_str()), Some("Accept"))
        );
        let weak = format!("W/{tag}");
        api.get(&qr(&link, query))
            .header("if-none-match", weak)
            .gives(304)
            .await;
        api.get(&qr(&link, query))
            .header("if-none-match", "\"x\"")
            .gives(200)
            .await;
        tags.push(tag);
    }
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 4, "what is drawn differently has another tag");
    // A tag of another format is none of this one.
    let svg = api.get(&qr(&link, "format=svg")).gives(200).await;
    let png = api
        .get(&qr(&link, "format=png"))
        .header("if-none-match", svg.header("etag").unwrap());
    png.gives(200).await;
    // What the link leads to is not in its code.
    let before = api.get(&qr(&link, "")).gives(200).await;
    api.patch(&path(&link), json!({ "url": "https://example.com/other" }))
        .gives(200)
        .await;
    let after = api.get(&qr(&link, "")).gives(200).await;
    assert_eq!(before.header("etag"), after.header("etag"));
}

#[tokio::test]
async fn wrong_parameters_and_links() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    for (query, pointer, code) in [
        ("size=63", "query:size", "too_small"),
        ("size=4097", "query:size", "too_large"),
        ("size=9223372036854775807", "query:size", "too_large"),
        ("size=big", "query:size", "invalid_type"),
        ("margin=-1", "query:margin", "too_small"),
        ("margin=17", "query:margin", "too_large"),
        ("format=gif", "query:format", "invalid_value"),
        (
            "error_correction=m",
            "query:error_correction",
            "invalid_value",
        ),
        ("foreground=%23000000", "query:foreground", "invalid_format"),
        ("background=white", "query:background", "invalid_format"),
        (
            "foreground=eeeeee",
            "query:foreground",
            "invalid_combination",
        ),
        (
            "foreground=ffffff&background=000000",
            "query:foreground",
            "invalid_combination",
        ),
        (
            "size=64&margin=16&error_correction=H",
            "query:size",
            "too_small",
        ),
        ("colour=red", "query:colour", "unknown_parameter"),
    ] {
        api.get(&qr(&link, query)).invalid(pointer, code).await;
    }
    api.get("/v1/qr/lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC")
        .fails(404, "not_found")
        .await;
    api.get(&qr(&link, ""))
        .by(&api.other_key)
        .fails(404, "not_found")
        .await;
    api.get(&qr(&link, ""))
        .anonymous()
        .fails(401, "invalid_api_key")
        .await;
    api.get(&qr(&link, "")).by(&api.read_key).gives(200).await;
    api.delete(&path(&link)).gives(200).await;
    api.get(&qr(&link, "")).gives(200).await;
}
