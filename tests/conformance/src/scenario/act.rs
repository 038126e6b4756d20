//! The acts. Each says what it expected, and what it saw instead.

use serde_json::{Value, json};

use super::stage::{Stage, text};

/// One act.
pub type Act = fn(&mut Stage) -> Result<(), String>;

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const DESKTOP: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36";

fn same(what: &str, seen: impl Into<Value>, expected: impl Into<Value>) -> Result<(), String> {
    let (seen, expected) = (seen.into(), expected.into());
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected}, seen {seen}"))
    }
}

pub fn keys(stage: &mut Stage) -> Result<(), String> {
    stage.log_in("apr_live_nobody_knows_this_key")?;
    stage.error(
        "links.list",
        json!({}),
        "AuthenticationError",
        "invalid_api_key",
    )?;
    stage.log_in_as("read_key")?;
    stage.value("links.list", json!({}))?;
    let link = json!({"body": {"url": "https://example.com/"}});
    stage.error(
        "links.create",
        link,
        "PermissionDeniedError",
        "read_only_key",
    )?;
    stage.log_in_as("api_key")
}

pub fn links(stage: &mut Stage) -> Result<(), String> {
    let body = json!({
        "url": "https://example.com/desktop", "slug": "Scenario", "title": "Ä scenario", "tags": ["scenario"],
        "targets": {"ios": {"fallback_url": "https://example.com/phone"}}, "sub_id": "nora",
    });
    let made = stage.value("links.create", json!({"body": body}))?;
    let id = text(&made["id"])?.to_owned();
    same("slug", made["slug"].clone(), "Scenario")?;
    stage.error(
        "links.create",
        json!({"body": {"url": "https://example.com/", "slug": "sCENARIO"}}),
        "ConflictError",
        "slug_taken",
    )?;
    stage.error(
        "links.create",
        json!({"body": {"url": "ftp://example.com/"}}),
        "UnprocessableEntityError",
        "validation_failed",
    )?;
    let change = json!({"link_id": id, "if_match": format!("\"{}\"", made["version"]), "body": {"notes": "n", "title": null}});
    let changed = stage.value("links.update", change.clone())?;
    same("title", changed["title"].clone(), Value::Null)?;
    stage.error(
        "links.update",
        change,
        "PreconditionFailedError",
        "precondition_failed",
    )?;
    let listed = stage.items("links.list", json!({"tag": ["scenario"]}))?;
    same("links with the tag", listed.len(), 1)?;
    same("the listed link", listed[0].clone(), changed)?;
    let deleted = stage.value("links.delete", json!({"link_id": id}))?;
    same("status", deleted["status"].clone(), "deleted")?;
    stage.error(
        "links.update",
        json!({"link_id": id, "body": {"notes": null}}),
        "ConflictError",
        "link_deleted",
    )?;
    let restored = stage.value("links.restore", json!({"link_id": id}))?;
    same("status", restored["status"].clone(), "active")?;
    stage.error(
        "links.get",
        json!({"link_id": "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC"}),
        "NotFoundError",
        "not_found",
    )?;
    stage
        .kept
        .insert("short_url", text(&restored["short_url"])?.to_owned());
    stage.kept.insert("link", id);
    Ok(())
}

pub fn batch(stage: &mut Stage) -> Result<(), String> {
    let mut create: Vec<Value> = (0..30)
        .map(|n| json!({"url": format!("https://example.com/{n}"), "tags": ["batch"]}))
        .collect();
    create.push(json!({"url": "https://example.com/", "slug": "scenario"}));
    let update = json!([{"id": stage.kept["link"], "title": "In a batch"}]);
    let result = stage.value(
        "links.batch",
        json!({"body": {"create": create, "update": update}}),
    )?;
    same(
        "summary",
        result["summary"].clone(),
        json!({"total": 32, "succeeded": 31, "failed": 1}),
    )?;
    same(
        "the item that failed",
        result["create"][30]["error"]["code"].clone(),
        "slug_taken",
    )?;
    same(
        "the updated link",
        result["update"][0]["link"]["title"].clone(),
        "In a batch",
    )?;
    let rejected = json!({"body": {"atomic": true, "create": [{"url": "https://example.com/", "tags": ["none"]}, {"url": "x"}]}});
    stage.error(
        "links.batch",
        rejected,
        "UnprocessableEntityError",
        "batch_rejected",
    )?;
    same(
        "links of a rejected batch",
        stage.items("links.list", json!({"tag": ["none"]}))?.len(),
        0,
    )?;
    // More than one page.
    same(
        "links of the batch",
        stage
            .items("links.list", json!({"tag": ["batch"], "limit": 7}))?
            .len(),
        30,
    )
}

pub fn confirmation(stage: &mut Stage) -> Result<(), String> {
    let listed = stage.items("links.list", json!({"tag": ["batch"]}))?;
    let ids: Vec<Value> = listed.iter().map(|link| link["id"].clone()).collect();
    let args = json!({"body": {"delete": ids}});
    let error = stage.error(
        "links.batch",
        args.clone(),
        "ConfirmationRequiredError",
        "confirmation_required",
    )?;
    same("outcome", error["outcome"].clone(), "rejected")?;
    same(
        "links to delete",
        error["confirmation"]["delete_count"].clone(),
        30,
    )?;
    same(
        "links that are still there",
        stage
            .items("links.list", json!({"tag": ["batch"], "status": "active"}))?
            .len(),
        30,
    )?;
    let token = text(&error["confirmation"]["token"])?.to_owned();
    let confirmed = json!({"options": {"confirmation": token}});
    let answer = stage.ask("links.batch", args, confirmed)?;
    same(
        "deleted",
        answer["value"]["summary"]["succeeded"].clone(),
        30,
    )
    .map_err(|problem| format!("{problem} in {answer}"))
}

pub fn clicks(stage: &mut Stage) -> Result<(), String> {
    let (url, id) = (stage.kept["short_url"].clone(), stage.kept["link"].clone());
    for (user_agent, target) in [
        (PHONE, "https://example.com/phone"),
        (DESKTOP, "https://example.com/desktop"),
    ] {
        let (status, location) = stage.visit(&url, user_agent)?;
        same("status of a visit", status, 302)?;
        same("where a visit goes", location, target)?;
    }
    stage.settle()?;
    let clicks = stage.items(
        "clicks.list",
        json!({"link_id": id, "order": "asc", "limit": 1}),
    )?;
    let systems: Vec<Value> = clicks.iter().map(|click| click["os"].clone()).collect();
    same("who clicked", systems, json!(["ios", "windows"]))?;
    same("sub_id of a click", clicks[0]["sub_id"].clone(), "nora")?;
    same(
        "clicks by phone",
        stage
            .items("clicks.list", json!({"link_id": id, "os": "ios"}))?
            .len(),
        1,
    )?;
    let link = stage.value("links.get", json!({"link_id": id}))?;
    same("count of clicks", link["click_count"].clone(), 2)
}

pub fn qr(stage: &mut Stage) -> Result<(), String> {
    let id = stage.kept["link"].clone();
    for (format, expected, start) in [
        ("png", "image/png", &b"\x89PNG\r\n"[..]),
        ("svg", "image/svg+xml", b"<"),
        ("pdf", "application/pdf", b"%PDF-"),
    ] {
        let (kind, bytes) = stage.image(json!({"link_id": id, "format": format, "size": 256}))?;
        same(
            "content type",
            kind.split(';').next().unwrap_or_default(),
            expected,
        )?;
        same("how the image begins", bytes.starts_with(start), true)?;
    }
    stage
        .error(
            "qr.get",
            json!({"link_id": id, "size": 1}),
            "UnprocessableEntityError",
            "validation_failed",
        )
        .map(drop)
}

pub fn webhooks(stage: &mut Stage) -> Result<(), String> {
    let body = json!({"url": stage.receiver, "events": ["link.created"]});
    let made = stage.value("webhooks.create", json!({"body": body}))?;
    let (id, secret) = (
        text(&made["id"])?.to_owned(),
        text(&made["secret"])?.to_owned(),
    );
    let shown = stage.value("webhooks.get", json!({"webhook_id": id}))?;
    same(
        "the secret of a webhook that is read",
        shown["secret"].clone(),
        Value::Null,
    )?;
    let link = stage.value(
        "links.create",
        json!({"body": {"url": "https://example.com/event"}}),
    )?;
    let mut delivery = stage.delivery()?;
    let answer = stage.webhook("webhook.unwrap", &delivery, &secret)?;
    same("known event", answer["event"]["known"].clone(), true)
        .map_err(|problem| format!("{problem} in {answer}"))?;
    same(
        "type",
        answer["event"]["value"]["type"].clone(),
        "link.created",
    )?;
    same(
        "link of the event",
        answer["event"]["value"]["data"]["link"]["id"].clone(),
        link["id"].clone(),
    )?;
    // Standard Webhooks' headers alone are enough as well.
    delivery
        .headers
        .retain(|(name, _)| name != "x-approute-signature");
    same(
        "standard headers",
        stage.webhook("webhook.verify", &delivery, &secret)?["done"].clone(),
        true,
    )?;
    delivery.body.push(b' ');
    let refused = stage.webhook("webhook.verify", &delivery, &secret)?;
    same(
        "a changed body",
        refused["error"]["reason"].clone(),
        "no_match",
    )?;
    stage.kept.insert("webhook", id);
    stage.kept.insert("secret", secret);
    Ok(())
}

pub fn secret_rotation(stage: &mut Stage) -> Result<(), String> {
    let (id, old) = (stage.kept["webhook"].clone(), stage.kept["secret"].clone());
    let rotated = stage.value(
        "webhooks.rotate_secret",
        json!({"webhook_id": id, "body": {}}),
    )?;
    let new = text(&rotated["secret"])?.to_owned();
    stage.value(
        "links.create",
        json!({"body": {"url": "https://example.com/overlap"}}),
    )?;
    let delivery = stage.delivery()?;
    for secret in [&old, &new] {
        let answer = stage.webhook("webhook.verify", &delivery, secret)?;
        same("verified in the overlap", answer["done"].clone(), true)
            .map_err(|problem| format!("{problem}: {answer}"))?;
    }
    stage.error(
        "webhooks.rotate_secret",
        json!({"webhook_id": id, "body": {}}),
        "ConflictError",
        "rotation_in_progress",
    )?;
    let at_once = json!({"webhook_id": id, "body": {"expire_previous_in": 0}});
    let newest = stage.value("webhooks.rotate_secret", at_once)?;
    let newest = text(&newest["secret"])?.to_owned();
    stage.value(
        "links.create",
        json!({"body": {"url": "https://example.com/after"}}),
    )?;
    let delivery = stage.delivery()?;
    for (secret, done) in [(&old, false), (&new, false), (&newest, true)] {
        let answer = stage.webhook("webhook.verify", &delivery, secret)?;
        same("verified after the overlap", answer["done"] == true, done)?;
    }
    stage.value("webhooks.delete", json!({"webhook_id": id}))?;
    stage
        .error(
            "webhooks.get",
            json!({"webhook_id": id}),
            "NotFoundError",
            "not_found",
        )
        .map(drop)
}

pub fn key_rotation(stage: &mut Stage) -> Result<(), String> {
    let workspace = text(&stage.ready["workspace_id"])?.to_owned();
    let old = stage.command(&[
        "keys",
        "create",
        "--workspace",
        &workspace,
        "--name",
        "scenario",
        "--scope",
        "read_write",
    ])?;
    stage.log_in(&old)?;
    let link = stage.value(
        "links.create",
        json!({"body": {"url": "https://example.com/key"}}),
    )?;
    let id = text(&link["created_by_key_id"])?.to_owned();
    let new = stage.command(&["keys", "rotate", &id, "--expire-previous-in", "1h"])?;
    for key in [&old, &new] {
        stage.log_in(key)?;
        stage.value("links.list", json!({}))?;
    }
    let newest = stage.command(&["keys", "rotate", &id, "--expire-previous-in", "0"])?;
    stage.log_in(&new)?;
    stage.error(
        "links.list",
        json!({}),
        "AuthenticationError",
        "revoked_api_key",
    )?;
    stage.log_in(&newest)?;
    stage.value("links.list", json!({}))?;
    stage.command(&["keys", "revoke", &id])?;
    stage
        .error(
            "links.list",
            json!({}),
            "AuthenticationError",
            "revoked_api_key",
        )
        .map(drop)
}
