//! `links.batch`.

use serde_json::{Value, json};

use crate::harness::{Api, id, path};

const URL: &str = "https://example.com/";
const BATCH: &str = "/v1/links/batch";

#[tokio::test]
async fn creates_updates_and_deletes_in_order() {
    let api = Api::start().await;
    let first = api.link(json!({ "url": URL, "title": "old" })).await;
    let second = api.link(json!({ "url": URL })).await;
    let gone = api.link(json!({ "url": URL })).await;
    let gone = api.delete(&path(&gone)).gives(200).await.json();
    let body = json!({
        "create": [{ "url": URL, "slug": "new" }, { "url": URL, "tags": ["t"], "external_id": "e" }],
        "update": [{ "id": first["id"], "if_match": "\"1\"", "title": "new", "geo": { "DE": URL } }],
        "delete": [second["id"], gone["id"]]
    });
    let result = api.post(BATCH, body).gives(200).await.json();
    assert_eq!(
        result["summary"],
        json!({ "total": 5, "succeeded": 5, "failed": 0 })
    );
    assert_eq!(result["create"][0]["link"]["slug"], "new");
    assert_eq!(
        (
            &result["create"][1]["index"],
            &result["create"][1]["status"]
        ),
        (&json!(1), &json!(201))
    );
    assert_eq!(
        (
            &result["update"][0]["link"]["title"],
            &result["update"][0]["link"]["version"]
        ),
        (&json!("new"), &json!(2))
    );
    assert_eq!(
        (
            &result["delete"][0]["status"],
            &result["delete"][0]["link"]["status"]
        ),
        (&json!(200), &json!("deleted"))
    );
    assert_eq!(
        result["delete"][1]["link"], gone,
        "deleting again changes nothing"
    );
    for entry in ["create", "update", "delete"]
        .into_iter()
        .flat_map(|list| result[list].as_array().unwrap())
    {
        assert_eq!(
            api.get(&path(&entry["link"])).gives(200).await.json(),
            entry["link"]
        );
        assert_eq!(entry["error"], json!(null));
    }
    assert_eq!(
        api.get("/v1/links?tag=t").gives(200).await.json()["items"][0]["external_id"],
        "e"
    );
}

#[tokio::test]
async fn each_item_fails_by_itself() {
    let api = Api::start().await;
    let taken = api
        .link(json!({ "url": URL, "slug": "taken", "external_id": "e" }))
        .await;
    let deleted = api.link(json!({ "url": URL })).await;
    api.delete(&path(&deleted)).gives(200).await;
    let missing = "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC";
    let body = json!({
        "create": [
            { "url": URL, "slug": "TAKEN" }, { "url": URL, "external_id": "e" }, { "url": URL, "slug": "api" }, { "url": "nonsense" },
            { "url": URL, "bogus": 1 }, { "url": URL, "slug": "fine" }, { "url": URL, "slug": "FINE" }, 5, { "url": URL, "domain": "x.example" },
            { "url": URL, "redirect_status": 301, "click_limit": 1 }, { "url": URL, "external_id": "n" }, { "url": URL, "external_id": "n" }
        ],
        "update": [
            { "id": missing, "title": "x" }, { "id": deleted["id"], "title": "x" }, { "id": taken["id"], "if_match": "\"9\"", "title": "x" },
            { "title": "no id" }, { "id": "lnk_x" }, {}
        ],
        "delete": ["lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBD", "nonsense", null]
    });
    let result = api.post(BATCH, body).gives(200).await.json();
    assert_eq!(
        result["summary"],
        json!({ "total": 21, "succeeded": 2, "failed": 19 })
    );
    let outcomes = |list: &str| -> Vec<(i64, i64, String)> {
        let entries = result[list].as_array().unwrap().iter();
        entries
            .map(|entry| {
                let code = entry["error"]["code"].as_str().unwrap_or("ok").to_owned();
                assert_eq!(entry["link"].is_null(), code != "ok");
                (
                    entry["index"].as_i64().unwrap(),
                    entry["status"].as_i64().unwrap(),
                    code,
                )
            })
            .collect()
    };
    let expect = |list: &str, expected: &[(i64, &str)]| {
        let expected: Vec<(i64, i64, String)> = expected
            .iter()
            .enumerate()
            .map(|(index, (status, code))| (index as i64, *status, (*code).to_owned()))
            .collect();
        assert_eq!(outcomes(list), expected, "{list}");
    };
    expect(
        "create",
        &[
            (409, "slug_taken"),
            (409, "external_id_taken"),
            (422, "slug_reserved"),
            (422, "validation_failed"),
            (422, "validation_failed"),
            (201, "ok"),
            (409, "slug_taken"),
            (422, "validation_failed"),
            (422, "validation_failed"),
            (422, "validation_failed"),
            (201, "ok"),
            (409, "external_id_taken"),
        ],
    );
    expect(
        "update",
        &[
            (404, "not_found"),
            (409, "link_deleted"),
            (412, "precondition_failed"),
            (422, "validation_failed"),
            (422, "validation_failed"),
            (422, "validation_failed"),
        ],
    );
    expect(
        "delete",
        &[
            (404, "not_found"),
            (422, "validation_failed"),
            (422, "validation_failed"),
        ],
    );
    assert_eq!(
        result["create"][4]["error"]["errors"][0]["pointer"], "/bogus",
        "pointers are within the item"
    );
    assert_eq!(
        result["create"][6]["error"]["conflicting_link_id"],
        result["create"][5]["link"]["id"]
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 4);
}

#[tokio::test]
async fn atomic_is_all_or_nothing() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL, "slug": "taken" })).await;
    let body = json!({
        "atomic": true,
        "create": [{ "url": URL, "slug": "fresh" }, { "url": URL, "slug": "taken" }, { "url": URL, "click_limit": 0 }],
        "update": [{ "id": link["id"], "title": "x" }, { "id": "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC" }],
        "delete": ["lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBD"]
    });
    let answer = api
        .post(BATCH, body.clone())
        .fails(422, "batch_rejected")
        .await
        .json();
    let errors: Vec<(&str, &str)> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            ("/create/1/slug", "slug_taken"),
            ("/create/2/click_limit", "too_small"),
            ("/update/1", "not_found"),
            ("/delete/0", "not_found"),
        ]
    );
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
    assert_eq!(api.count("SELECT COUNT(*) FROM deletions").await, 0);
    assert_eq!(api.get(&path(&link)).gives(200).await.json(), link);
    assert_eq!(api.visit("fresh", "Chrome/1").await.status, 404);
    let good = json!({ "atomic": true, "create": [{ "url": URL, "slug": "fresh" }], "update": [{ "id": link["id"], "title": "x" }] });
    assert_eq!(
        api.post(BATCH, good).gives(200).await.json()["summary"]["succeeded"],
        2
    );
}

#[tokio::test]
async fn the_batch_itself() {
    let api = Api::start().await;
    let link = api.link(json!({ "url": URL })).await;
    let links = |n: usize| vec![json!({ "url": URL }); n];
    let ids = |n: usize| {
        (0..n)
            .map(|n| format!("lnk_01JD7Z3V8M6Q4W2K9T5R{n:06}"))
            .collect::<Vec<_>>()
    };
    for empty in [
        json!({}),
        json!({ "create": [], "update": [], "delete": [] }),
        json!({ "atomic": true }),
    ] {
        api.post(BATCH, empty).invalid("", "too_few").await;
    }
    api.post(BATCH, json!({ "create": links(1_001) }))
        .invalid("/create", "too_many")
        .await;
    api.post(BATCH, json!({ "create": links(1_000), "delete": ids(1) }))
        .invalid("", "too_many")
        .await;
    api.post(BATCH, json!({ "create": [], "bogus": [] }))
        .invalid("/bogus", "unknown_field")
        .await;
    api.post(BATCH, json!({ "create": {} }))
        .invalid("/create", "invalid_type")
        .await;
    api.post(BATCH, json!({ "create": null }))
        .invalid("/create", "not_null")
        .await;
    api.post(BATCH, json!({ "create": links(1), "atomic": "yes" }))
        .invalid("/atomic", "invalid_type")
        .await;
    // Broken items do not hide that the batch is broken too.
    api.post(BATCH, json!({ "create": vec![json!(5); 200], "zzz": 1 }))
        .gives(422)
        .await;
    let twice = json!({ "update": [{ "id": link["id"] }], "delete": [link["id"]] });
    api.post(BATCH, twice)
        .invalid("/delete/0", "duplicate")
        .await;
    api.post(BATCH, json!({ "delete": [link["id"], link["id"]] }))
        .invalid("/delete/1", "duplicate")
        .await;
    api.post(
        BATCH,
        json!({ "update": [{ "id": link["id"] }, { "id": link["id"] }] }),
    )
    .invalid("/update/1/id", "duplicate")
    .await;
    assert_eq!(api.count("SELECT COUNT(*) FROM links").await, 1);
}

#[tokio::test]
async fn a_thousand_items() {
    let api = Api::start().await;
    api.change_workspace(|workspace| workspace.delete_threshold = 10_000)
        .await;
    let create: Vec<Value> = (0..1_000).map(|n| json!({ "url": format!("{URL}{n}"), "external_id": format!("e{n}"), "tags": ["all", format!("t{n}")] })).collect();
    let answer = api
        .post(BATCH, json!({ "create": create }))
        .idempotent("k")
        .gives(200)
        .await;
    let result = answer.json();
    assert_eq!(result["summary"]["succeeded"], 1_000);
    for (index, entry) in result["create"].as_array().unwrap().iter().enumerate() {
        assert_eq!(
            (entry["index"].as_u64(), &entry["link"]["external_id"]),
            (Some(index as u64), &json!(format!("e{index}")))
        );
    }
    let again = api
        .post(BATCH, json!({ "create": create }))
        .idempotent("k")
        .gives(200)
        .await;
    assert!(again.is_replay() && again.body == answer.body);
    let ids: Vec<String> = result["create"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| id(&entry["link"]))
        .collect();
    let update: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "id": id, "title": "t" }))
        .collect();
    assert_eq!(
        api.post(BATCH, json!({ "update": update }))
            .gives(200)
            .await
            .json()["summary"]["succeeded"],
        1_000
    );
    assert_eq!(
        api.post(BATCH, json!({ "delete": ids }))
            .gives(200)
            .await
            .json()["summary"]["succeeded"],
        1_000
    );
    assert_eq!(
        api.count("SELECT COUNT(*) FROM links WHERE deleted_at IS NOT NULL AND version = 3")
            .await,
        1_000
    );
    let clash = api
        .post(BATCH, json!({ "create": create }))
        .gives(200)
        .await
        .json();
    assert_eq!(
        clash["summary"]["failed"], 1_000,
        "external ids of deleted links are taken"
    );
}
