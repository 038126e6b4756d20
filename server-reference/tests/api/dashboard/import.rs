//! Files of links, in and out.

use std::time::Duration;

use serde_json::json;

use super::browser::{Browser, text};
use super::flows::between;
use crate::harness::Api;

/// Waits for an import to end, and gives its page.
async fn ended(browser: &Browser<'_>, path: &str) -> String {
    for _ in 0..600 {
        let page = browser.page(path).await;
        if page.contains("Done: ") {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the import does not end")
}

#[tokio::test]
async fn a_file_is_checked_row_by_row_and_then_imported() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    api.link(json!({ "url": "https://example.com/", "slug": "taken", "external_id": "e" }))
        .await;
    let mut file = String::from("destination,slug,external_id,handle\n");
    file.push_str("https://example.com/1,taken,,x\nhttps://example.com/2,ok-2,e,x\nftp://example.com/3,,,x\nhttps://example.com/4,a b,,x\nhttps://example.com/5\n");
    for number in 0..250 {
        file.push_str(&format!(
            "https://example.com/n{number},n{number},n{number},x\n"
        ));
    }
    file.push_str("https://example.com/twice,n7,,x\n");
    let answer = browser.upload(&browser.form_token, &file).await;
    let page = text(&answer);
    assert_eq!(answer.status, 200, "{page}");
    assert!(
        page.contains("250 rows would become links.") && page.contains("6 rows have errors"),
        "{page}"
    );
    assert!(page.contains("passed over: handle"));
    for (line, words) in [
        (2, "taken"),
        (3, "belongs to another link"),
        (4, "url: "),
        (5, "slug: "),
        (6, "cells"),
        (257, "taken"),
    ] {
        let row = between(
            &page,
            &format!("<th scope=\"row\" class=\"number\">{line}</th>"),
            "</tr>",
        );
        assert!(row.contains(words), "{line}: {row}");
    }
    assert_eq!(
        api.count("SELECT COUNT(*) FROM links").await,
        1,
        "only a rehearsal"
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM events").await, 0);

    let path = format!(
        "/dashboard/imports/{}",
        between(&page, "action=\"/dashboard/imports/", "\"")
    );
    assert!(browser.page(&path).await.contains("Not begun"));
    // Taken between check and import.
    api.link(json!({ "url": "https://example.com/", "slug": "n9" }))
        .await;
    assert_eq!(browser.led(&path, &[]).await, path);
    let done = ended(&browser, &path).await;
    assert!(
        done.contains("Done: 249 links were made.") && done.contains("max=\"250\" value=\"250\""),
        "{done}"
    );
    let row = between(&done, "<th scope=\"row\" class=\"number\">16</th>", "</tr>");
    assert!(row.contains("taken"), "{row}");
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 251);
    browser.led(&path, &[]).await;
    assert_eq!(
        api.count("SELECT COUNT(*) FROM links").await,
        251,
        "once is enough"
    );
}

#[tokio::test]
async fn an_import_that_stood_still_goes_on_and_makes_nothing_twice() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    let rows: String = (0..150)
        .map(|number| format!("https://example.com/{number}\n"))
        .collect();
    let page = text(
        &browser
            .upload(&browser.form_token, &format!("url\n{rows}"))
            .await,
    );
    let path = format!(
        "/dashboard/imports/{}",
        between(&page, "action=\"/dashboard/imports/", "\"")
    );
    browser.led(&path, &[]).await;
    ended(&browser, &path).await;
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 150);
    // As if the node had died after the links were made and before that was noted.
    let mut tx = api.server.app.store.write().await.unwrap();
    sqlx::query("UPDATE dashboard_imports SET state = 'running', done = 100, created = 100")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(browser.page(&path).await.contains("100 of 150"));
    browser.led(&path, &[]).await;
    let done = ended(&browser, &path).await;
    assert!(done.contains("Done: 150 links were made."), "{done}");
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 150);
}

#[tokio::test]
async fn what_is_no_file_of_links_is_said() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    for (file, words) in [
        ("", "no column"),
        ("slug\nx\n", "no column"),
        ("url\n", "no rows"),
        ("url,password\nhttps://example.com/,x\n", "password"),
    ] {
        let answer = browser.upload(&browser.form_token, file).await;
        assert_eq!(answer.status, 422, "{file}");
        assert!(text(&answer).contains(words), "{file}: {}", text(&answer));
    }
    let large = "x".repeat(9 << 20);
    assert_eq!(
        browser.upload(&browser.form_token, &large).await.status,
        413
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM dashboard_imports").await, 0);
}

#[tokio::test]
async fn what_was_exported_can_be_imported() {
    let api = Api::start().await;
    let browser = Browser::new(&api).await;
    for number in 0..120 {
        let title = if number == 3 {
            "=HYPERLINK(\"https://evil.example\")".to_owned()
        } else {
            format!("Title, {number}")
        };
        api.link(json!({
            "url": format!("https://example.com/{number}"), "slug": format!("e{number}"), "title": title, "tags": ["a", "b"],
            "geo": { "DE": "https://example.de/" }, "expires_at": "2027-01-01T12:30:15Z", "notes": "one\ntwo",
        }))
        .await;
    }
    let answer = browser.get("/dashboard/links.csv").await;
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"links.csv\"")
    );
    let file = text(&answer);
    let mut reader = csv_lines(&file);
    assert_eq!(reader.len(), 121);
    assert!(reader.remove(0).contains("short_url"));
    assert!(
        file.contains("\"'=HYPERLINK(\"\"https://evil.example\"\")\""),
        "no spreadsheet carries it out"
    );
    let one = text(&browser.get("/dashboard/links.csv?q=e119").await);
    assert_eq!(csv_lines(&one).len(), 2, "{one}");

    let other = Api::start().await;
    let there = Browser::new(&other).await;
    let page = text(&there.upload(&there.form_token, &file).await);
    assert!(page.contains("120 rows would become links."), "{page}");
    let path = format!(
        "/dashboard/imports/{}",
        between(&page, "action=\"/dashboard/imports/", "\"")
    );
    there.led(&path, &[]).await;
    ended(&there, &path).await;
    let again = text(&there.get("/dashboard/links.csv").await);
    // Ids, times and the order are new; what people wrote is the same.
    let kept = |file: &str| -> Vec<String> {
        let mut lines: Vec<String> = csv_lines(file)
            .iter()
            .map(|line| line.split(",lnk_").next().unwrap().to_owned())
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(kept(&again), kept(&file));
}

/// The records of a file: a line break within quotes ends none.
fn csv_lines(file: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut quoted = false;
    for letter in file.trim_end().chars() {
        quoted ^= letter == '"';
        if letter == '\n' && !quoted {
            lines.push(String::new());
        } else {
            lines.last_mut().unwrap().push(letter);
        }
    }
    lines
}
