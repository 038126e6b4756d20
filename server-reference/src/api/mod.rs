//! The operations of the spec: what [`crate::generated::api::Api`] asks for, one method each.

mod answer;
mod context;

use approute::models::{
    BatchResult, ClickPage, Link, LinkBatch, LinkCreate, LinkPage, LinkUpdate, Webhook,
    WebhookCreate, WebhookPage, WebhookRotateSecret, WebhookUpdate,
};
use bytes::Bytes;

pub use self::answer::{Answer, Raw, etag};
pub use self::context::{Change, Input, PendingConfirmation, Read, Reveal, Write};
use crate::clicks;
use crate::generated::api::{
    Api, ClicksListParams, LinksListParams, LinksUpdateParams, QrGetParams, WebhooksListParams,
};
use crate::links;
use crate::problem::Failure;
use crate::qr;
use crate::webhooks;

/// The handlers of this server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Handlers;

type Outcome<T> = Result<Answer<T>, Failure>;

impl Api for Handlers {
    async fn links_create(&self, cx: &mut Write<'_>, body: LinkCreate) -> Outcome<Link> {
        links::create::create(cx, body).await
    }

    async fn links_list(&self, cx: &mut Read<'_>, params: LinksListParams) -> Outcome<LinkPage> {
        links::list::list(cx, params).await
    }

    async fn links_batch(&self, cx: &mut Write<'_>, body: LinkBatch) -> Outcome<BatchResult> {
        links::batch::batch(cx, body).await
    }

    async fn links_get(&self, cx: &mut Read<'_>, link_id: String) -> Outcome<Link> {
        links::single::get(cx, link_id).await
    }

    async fn links_update(
        &self,
        cx: &mut Write<'_>,
        link_id: String,
        params: LinksUpdateParams,
        body: LinkUpdate,
    ) -> Outcome<Link> {
        links::update::update(cx, link_id, params, body).await
    }

    async fn links_delete(&self, cx: &mut Write<'_>, link_id: String) -> Outcome<Link> {
        links::delete::delete(cx, link_id).await
    }

    async fn links_restore(&self, cx: &mut Write<'_>, link_id: String) -> Outcome<Link> {
        links::single::restore(cx, link_id).await
    }

    async fn clicks_list(&self, cx: &mut Read<'_>, params: ClicksListParams) -> Outcome<ClickPage> {
        clicks::list(cx, params).await
    }

    async fn qr_get(
        &self,
        cx: &mut Read<'_>,
        link_id: String,
        params: QrGetParams,
    ) -> Outcome<Bytes> {
        qr::get::get(cx, link_id, params).await
    }

    async fn webhooks_create(&self, cx: &mut Write<'_>, body: WebhookCreate) -> Outcome<Webhook> {
        webhooks::create::create(cx, body).await
    }

    async fn webhooks_list(
        &self,
        cx: &mut Read<'_>,
        params: WebhooksListParams,
    ) -> Outcome<WebhookPage> {
        webhooks::list::list(cx, params).await
    }

    async fn webhooks_get(&self, cx: &mut Read<'_>, webhook_id: String) -> Outcome<Webhook> {
        webhooks::single::get(cx, webhook_id).await
    }

    async fn webhooks_update(
        &self,
        cx: &mut Write<'_>,
        webhook_id: String,
        body: WebhookUpdate,
    ) -> Outcome<Webhook> {
        webhooks::update::update(cx, webhook_id, body).await
    }

    async fn webhooks_delete(&self, cx: &mut Write<'_>, webhook_id: String) -> Outcome<()> {
        webhooks::single::delete(cx, webhook_id).await
    }

    async fn webhooks_rotate_secret(
        &self,
        cx: &mut Write<'_>,
        webhook_id: String,
        body: WebhookRotateSecret,
    ) -> Outcome<Webhook> {
        webhooks::rotate::rotate(cx, webhook_id, body).await
    }
}
