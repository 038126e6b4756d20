//! Deleting many links needs a confirmation.

use approute_server::clock::{HOUR, MINUTE};
use approute_server::links::delete::token_hash;
use approute_server::store::confirmations;
use approute_server::store::workspaces::DeleteConfirmation;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, id};

const BATCH: &str = "/v1/links/batch";

async fn links(api: &Api, n: usize) -> Vec<String> {
    let create = vec![json!({ "url": "https://example.com/" }); n];
    let result = api
        .post(BATCH, json!({ "create": create }))
        .gives(200)
        .await
        .json();
    result["create"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| id(&entry["link"]))
        .collect()
}

fn token(answer: &Answer) -> String {
    answer.json()["confirmation"]["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

const ALIVE: &str = "SELECT COUNT(*) FROM links WHERE deleted_at IS NULL";

#[tokio::test]
async fn past_the_threshold_nothing_is_done() {
    let api = Api::start().await;
    let ids = links(&api, 30).await;
    let body = json!({ "create": [{ "url": "https://example.com/" }], "update": [{ "id": ids[29], "title": "x" }], "delete": ids[..26] });
    let answer = api
        .post(BATCH, body.clone())
        .idempotent("k")
        .fails(409, "confirmation_required")
        .await;
    let confirmation = &answer.json()["confirmation"];
    assert_eq!(
        (&confirmation["delete_count"], &confirmation["expires_at"]),
        (&json!(26), &json!("2026-11-23T12:10:00Z"))
    );
    assert_eq!(api.count(ALIVE).await, 30);
    // The token is outside the fingerprint: the same key, the same body.
    let done = api
        .post(BATCH, body.clone())
        .idempotent("k")
        .header("approute-confirmation", token(&answer))
        .gives(200)
        .await;
    assert!(
        !done.is_replay(),
        "a 409 confirmation_required is not stored"
    );
    assert_eq!(
        done.json()["summary"],
        json!({ "total": 28, "succeeded": 28, "failed": 0 })
    );
    assert_eq!(api.count(ALIVE).await, 5);
    assert!(
        api.post(BATCH, body)
            .idempotent("k")
            .gives(200)
            .await
            .is_replay()
    );
}

#[tokio::test]
async fn singles_and_batches_count_together_within_an_hour() {
    let api = Api::start().await;
    let ids = links(&api, 60).await;
    api.post(BATCH, json!({ "delete": ids[..24] }))
        .gives(200)
        .await;
    api.delete(&format!("/v1/links/{}", ids[24]))
        .gives(200)
        .await;
    // Links that are deleted already, or not there, do not count.
    api.post(BATCH, json!({ "delete": ids[..25] }))
        .gives(200)
        .await;
    api.delete(&format!("/v1/links/{}", ids[0]))
        .gives(200)
        .await;
    api.delete("/v1/links/lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC")
        .fails(404, "not_found")
        .await;
    let one = format!("/v1/links/{}", ids[25]);
    let answer = api.delete(&one).fails(409, "confirmation_required").await;
    assert_eq!(answer.json()["confirmation"]["delete_count"], 1);
    api.delete(&one)
        .header("approute-confirmation", token(&answer))
        .gives(200)
        .await;
    // A confirmed delete counts too, and the next one needs its own confirmation.
    api.delete(&format!("/v1/links/{}", ids[26]))
        .fails(409, "confirmation_required")
        .await;
    api.clock.advance(HOUR);
    api.post(BATCH, json!({ "delete": ids[26..51] }))
        .gives(200)
        .await;
    api.post(BATCH, json!({ "delete": ids[51..52] }))
        .fails(409, "confirmation_required")
        .await;
    api.clock.advance(HOUR - 1);
    api.post(BATCH, json!({ "delete": ids[51..52] }))
        .fails(409, "confirmation_required")
        .await;
    api.clock.advance(1);
    api.post(BATCH, json!({ "delete": ids[51..52] }))
        .gives(200)
        .await;
}

#[tokio::test]
async fn a_token_is_bound_and_used_once() {
    let api = Api::start().await;
    api.change_workspace(|workspace| workspace.delete_threshold = 0)
        .await;
    let ids = links(&api, 10).await;
    let ask = async |ids: &[String]| {
        token(
            &api.post(BATCH, json!({ "delete": ids }))
                .fails(409, "confirmation_required")
                .await,
        )
    };
    let confirmed = |ids: &[String], token: &str| {
        api.post(BATCH, json!({ "delete": ids }))
            .header("approute-confirmation", token)
    };
    let first = ask(&ids[..3]).await;
    // Other ids, another operation, another key, nonsense.
    confirmed(&ids[..2], &first)
        .fails(409, "confirmation_required")
        .await;
    confirmed(&ids[..4], &first)
        .fails(409, "confirmation_required")
        .await;
    let single = api
        .delete(&format!("/v1/links/{}", ids[0]))
        .header("approute-confirmation", &first);
    single.fails(409, "confirmation_required").await;
    confirmed(&ids[..3], "cnf_nonsense")
        .fails(409, "confirmation_required")
        .await;
    assert_eq!(api.count(ALIVE).await, 10);
    // The order of the ids does not matter; used once, it is used up.
    let reversed: Vec<String> = ids[..3].iter().rev().cloned().collect();
    confirmed(&reversed, &first).gives(200).await;
    api.post("/v1/links/batch", json!({ "delete": ids[3..4] }))
        .header("approute-confirmation", &first)
        .fails(409, "confirmation_required")
        .await;
    api.call("POST", &format!("/v1/links/{}/restore", ids[0]))
        .gives(200)
        .await;
    confirmed(&ids[..3], &first)
        .fails(409, "confirmation_required")
        .await;
    // Ten minutes.
    let late = ask(&ids[5..6]).await;
    api.clock.advance(10 * MINUTE);
    confirmed(&ids[5..6], &late)
        .fails(409, "confirmation_required")
        .await;
    let in_time = ask(&ids[5..6]).await;
    api.clock.advance(10 * MINUTE - 1);
    confirmed(&ids[5..6], &in_time).gives(200).await;
    // An atomic batch that fails leaves the token as it was.
    let body = json!({ "delete": ids[6..7], "create": [{ "url": "x" }], "atomic": true });
    let asked = token(
        &api.post(BATCH, body.clone())
            .fails(409, "confirmation_required")
            .await,
    );
    api.post(BATCH, body)
        .header("approute-confirmation", &asked)
        .fails(422, "batch_rejected")
        .await;
    confirmed(&ids[6..7], &asked).gives(200).await;
}

#[tokio::test]
async fn another_key_has_its_own_count_and_tokens() {
    let api = Api::start().await;
    api.change_workspace(|workspace| workspace.delete_threshold = 1)
        .await;
    let ids = links(&api, 4).await;
    let now = approute_server::clock::Clock::now(&*api.clock);
    let mut tx = api.server.app.store.write().await.unwrap();
    let scope = approute_server::store::keys::Scope::ReadWrite;
    let made = approute_server::cli::seed::key(
        &mut tx,
        &api.server.app.ids,
        &api.workspace,
        "second",
        scope,
        now,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let second = made.1.reveal();
    api.post(BATCH, json!({ "delete": ids[..1] }))
        .gives(200)
        .await;
    let asked = api
        .post(BATCH, json!({ "delete": ids[1..2] }))
        .fails(409, "confirmation_required")
        .await;
    api.post(BATCH, json!({ "delete": ids[1..3] }))
        .by(second)
        .header("approute-confirmation", token(&asked))
        .fails(409, "confirmation_required")
        .await;
    api.post(BATCH, json!({ "delete": ids[1..2] }))
        .by(second)
        .gives(200)
        .await;
    api.post(BATCH, json!({ "delete": ids[2..3] }))
        .by(second)
        .header("approute-confirmation", token(&asked))
        .fails(409, "confirmation_required")
        .await;
}

#[tokio::test]
async fn in_dashboard_mode_a_person_approves_first() {
    let api = Api::start().await;
    api.change_workspace(|workspace| {
        workspace.delete_threshold = 0;
        workspace.delete_confirmation = DeleteConfirmation::Dashboard;
    })
    .await;
    let ids = links(&api, 1).await;
    let body = json!({ "delete": ids });
    let asked = api
        .post(BATCH, body.clone())
        .fails(409, "confirmation_required")
        .await;
    let token = token(&asked);
    let waiting = api
        .post(BATCH, body.clone())
        .header("approute-confirmation", &token)
        .fails(409, "confirmation_required")
        .await;
    assert_eq!(
        waiting.json()["confirmation"],
        asked.json()["confirmation"],
        "it waits for the same approval"
    );
    let mut tx = api.server.app.store.write().await.unwrap();
    assert!(
        confirmations::approve(&mut tx, &token_hash(&token), crate::harness::NOON)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let done: Value = api
        .post(BATCH, body)
        .header("approute-confirmation", &token)
        .gives(200)
        .await
        .json();
    assert_eq!(done["summary"]["succeeded"], 1);
}

#[tokio::test]
async fn the_token_is_not_stored() {
    let api = Api::start().await;
    api.change_workspace(|workspace| workspace.delete_threshold = 0)
        .await;
    let ids = links(&api, 1).await;
    let asked = api
        .delete(&format!("/v1/links/{}", ids[0]))
        .fails(409, "confirmation_required")
        .await;
    let mut connection = api.server.app.store.read().await.unwrap();
    let hash: Vec<u8> = sqlx::query_scalar("SELECT hash FROM confirmations")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!(hash, token_hash(&token(&asked)));
}
