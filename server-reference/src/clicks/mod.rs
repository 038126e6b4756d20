//! Clicks, as the API lists them.

use approute::models::{Click, ClickPage, SortOrder};
use approute::parts;

use crate::api::{Answer, Read};
use crate::clock::to_datetime;
use crate::generated::api::ClicksListParams;
use crate::links::cursor::{Binding, Place};
use crate::links::record::micros;
use crate::problem::Failure;
use crate::store::click_pages::{self, Column, Query, Stored};

const DEFAULT_LIMIT: i64 = 100;

/// `clicks.list`.
pub async fn list(
    cx: &mut Read<'_>,
    mut params: ClicksListParams,
) -> Result<Answer<ClickPage>, Failure> {
    let limit = params.limit.take().unwrap_or(DEFAULT_LIMIT);
    let cursor = params.cursor.take();
    // What is left out and what is the default are the same list.
    let include_bots = *params.include_bots.get_or_insert_default();
    let ascending = *params.order.get_or_insert(SortOrder::Desc) == SortOrder::Asc;
    let binding = Binding::new("clicks.list", &cx.caller.workspace_id, &params);
    let after = match cursor {
        Some(cursor) => Some(cx.app.cursors.open(&binding, &cursor)?.at),
        None => None,
    };
    let query = Query {
        workspace_id: cx.caller.workspace_id.clone(),
        from: micros(params.from),
        to: micros(params.to),
        filters: filters(params),
        kinds: if include_bots {
            click_pages::EVERYBODY
        } else {
            click_pages::PEOPLE
        },
        ascending,
        after,
        limit: usize::try_from(limit).unwrap_or_default(),
    };
    let page = click_pages::read(cx.connection, cx.app.store.dialect(), &query).await?;
    let seal = |at| {
        let id = String::new();
        cx.app.cursors.seal(&binding, &Place { at, id })
    };
    Ok(Answer::new(
        parts::ClickPage {
            items: page.clicks.into_iter().map(view).collect(),
            has_more: page.next.is_some(),
            next_cursor: page.next.map(seal),
        }
        .into(),
    ))
}

fn filters(params: ClicksListParams) -> Vec<(Column, String)> {
    let os = params.os.map(|os| os.as_str().to_owned());
    let all = [
        (Column::Link, params.link_id),
        (Column::SubId, params.sub_id),
        (Column::UtmContent, params.utm_content),
        (Column::UtmTerm, params.utm_term),
        (Column::UtmCampaign, params.utm_campaign),
        (Column::UtmMedium, params.utm_medium),
        (Column::UtmSource, params.utm_source),
        (Column::Country, params.country),
        (Column::Os, os),
    ];
    let given = |(column, value): (Column, Option<String>)| value.map(|value| (column, value));
    all.into_iter().filter_map(given).collect()
}

fn view(click: Stored) -> Click {
    let [source, medium, campaign, term, content] = click.utm;
    let utm = parts::Utm {
        source,
        medium,
        campaign,
        term,
        content,
    };
    Click::from(parts::Click {
        id: click.id,
        link_id: click.link_id,
        occurred_at: to_datetime(click.occurred_at),
        country: click.country,
        region: click.region,
        city: click.city,
        os: click.os.into(),
        device: click.device.into(),
        browser: click.browser,
        referrer_domain: click.referrer_domain,
        utm: utm.into(),
        sub_id: click.sub_id,
        trigger: click.trigger.into(),
        destination_kind: click.destination_kind.into(),
        is_bot: click.is_bot,
        is_unique: click.is_unique,
    })
}
