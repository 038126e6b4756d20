//! The documentation's commands, as a reader would paste them.

use std::process::Command;

use crate::process::Served;

const OPENING: &str = "<summary>curl</summary><pre tabindex=\"0\"><code>";

/// The curl samples of the page, as a browser would show them.
fn samples(page: &str) -> Vec<String> {
    let texts = page.split(OPENING).skip(1);
    let texts = texts.map(|rest| rest.split("</code>").next().unwrap());
    texts
        .map(|text| {
            text.replace("&#x2f;", "/")
                .replace("&#x27;", "'")
                .replace("&quot;", "\"")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect()
}

#[test]
fn the_curl_samples_run() {
    let served = Served::start(&[]);
    let base_url = served.ready["base_url"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let shell = |script: &str| {
        let output = Command::new("sh")
            .args(["-c", script])
            .env(
                "APPROUTE_API_KEY",
                served.ready["api_key"].as_str().unwrap(),
            )
            .env("no_proxy", "*")
            .current_dir(folder.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let samples = samples(&shell(&format!("curl -sS {base_url}/docs/api")));
    assert!(samples.len() >= 15, "{}", samples.len());
    for sample in samples {
        let here = sample.replace("https://getapproute.com", base_url);
        assert_ne!(here, sample);
        let said = shell(&format!("{here} -sS -w '%{{http_code}}'"));
        let status = said.get(said.len().saturating_sub(3)..).unwrap();
        // 404: the server has read the whole request; it only knows none of the ids.
        assert!(
            ["200", "201", "204", "404"].contains(&status),
            "{sample}\n{said}"
        );
    }
}
