//! Which way SQLite goes for each filter: by the index that leads, in its order.

use super::walk::Statement;
use super::*;
use crate::clock::ManualClock;
use crate::store::{Store, Target};

const ALL: [(Column, &str); 9] = [
    (Column::Link, "clicks_by_link"),
    (Column::SubId, "clicks_by_sub_id"),
    (Column::UtmContent, "clicks_by_utm_content"),
    (Column::UtmTerm, "clicks_by_utm_term"),
    (Column::UtmCampaign, "clicks_by_utm_campaign"),
    (Column::UtmMedium, "clicks_by_utm_medium"),
    (Column::UtmSource, "clicks_by_utm_source"),
    (Column::Country, "clicks_by_country"),
    (Column::Os, "clicks_by_os"),
];

async fn plan(connection: &mut AnyConnection, statement: Statement) -> Vec<String> {
    let statement = Statement {
        sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
        ..statement
    };
    let rows = statement
        .query()
        .fetch_all(connection)
        .await
        .expect("a plan");
    rows.iter()
        .map(|row| row.text("detail").expect("text"))
        .collect()
}

fn query(filters: Vec<(Column, String)>, ascending: bool) -> Query {
    Query {
        workspace_id: "wsp_1".to_owned(),
        filters,
        from: Some(5),
        to: Some(10_000),
        include_bots: false,
        ascending,
        after: None,
        limit: 100,
    }
}

#[tokio::test]
async fn every_filter_has_an_index_and_none_sorts() {
    let clock = ManualClock::new(0);
    let store = Store::open(&Target::Memory, &clock).await.expect("memory");
    let mut connection = store.read().await.expect("a connection");
    let others: Vec<(Column, String)> = ALL
        .iter()
        .map(|(column, _)| (*column, "x".to_owned()))
        .collect();
    for ascending in [true, false] {
        // Each filter leads alone, and with all others beside it.
        for (lead, (column, index)) in ALL.iter().enumerate() {
            let alone = (query(vec![(*column, "x".to_owned())], ascending), 0);
            for (query, lead) in [alone, (query(others.clone(), ascending), lead)] {
                let walk = Walk {
                    dialect: Dialect::Sqlite,
                    query: &query,
                    range: (5, 10_000),
                    lead: Some(lead),
                    is_bot: false,
                };
                let found = plan(&mut connection, walk.page()).await;
                assert!(
                    found.iter().any(|step| step
                        .contains(&format!("SEARCH clicks USING INDEX {index} ("))
                        && step.contains("seq>? AND seq<?")),
                    "{column:?}: {found:#?}"
                );
                assert_no_detours(&found);
            }
        }
        let query = query(Vec::new(), ascending);
        let walk = Walk {
            dialect: Dialect::Sqlite,
            query: &query,
            range: (5, 10_000),
            lead: None,
            is_bot: true,
        };
        let found = plan(&mut connection, walk.page()).await;
        assert!(
            found
                .iter()
                .any(|step| step.contains("SEARCH clicks USING PRIMARY KEY (")
                    && step.contains("seq>? AND seq<?")),
            "{found:#?}"
        );
        assert_no_detours(&found);
    }
}

/// The only scan is that of what the inner query gives, row by row as it comes.
fn assert_no_detours(plan: &[String]) {
    for step in plan {
        assert!(!step.contains("TEMP B-TREE"), "sorted: {plan:#?}");
        assert!(!step.contains("MATERIALIZE"), "held in whole: {plan:#?}");
        assert!(
            !step.contains("SCAN") || step.contains("SCAN examined"),
            "read in whole: {plan:#?}"
        );
    }
}
