//! The operations of the spec: what [`crate::generated::api::Api`] asks for, one method each.

mod answer;
mod context;

use approute::models::{
    BatchResult, ClickPage, Link, LinkBatch, LinkCreate, LinkPage, LinkUpdate, Webhook,
    WebhookCreate, WebhookPage, WebhookRotateSecret, WebhookUpdate,
};
use bytes::Bytes;

pub use self::answer::{Answer, Raw, etag};
pub use self::context::{Change, Input, PendingConfirmation, Read, Write};
use crate::generated::api::{
    Api, ClicksListParams, LinksListParams, LinksUpdateParams, QrGetParams, WebhooksListParams,
};
use crate::links;
use crate::problem::{Code, Failure, Problem};

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

    async fn clicks_list(&self, _: &mut Read<'_>, _: ClicksListParams) -> Outcome<ClickPage> {
        not_implemented("clicks.list")
    }

    async fn qr_get(&self, _: &mut Read<'_>, _: String, _: QrGetParams) -> Outcome<Bytes> {
        not_implemented("qr.get")
    }

    async fn webhooks_create(&self, _: &mut Write<'_>, _: WebhookCreate) -> Outcome<Webhook> {
        not_implemented("webhooks.create")
    }

    async fn webhooks_list(&self, _: &mut Read<'_>, _: WebhooksListParams) -> Outcome<WebhookPage> {
        not_implemented("webhooks.list")
    }

    async fn webhooks_get(&self, _: &mut Read<'_>, _: String) -> Outcome<Webhook> {
        not_implemented("webhooks.get")
    }

    async fn webhooks_update(
        &self,
        _: &mut Write<'_>,
        _: String,
        _: WebhookUpdate,
    ) -> Outcome<Webhook> {
        not_implemented("webhooks.update")
    }

    async fn webhooks_delete(&self, _: &mut Write<'_>, _: String) -> Outcome<()> {
        not_implemented("webhooks.delete")
    }

    async fn webhooks_rotate_secret(
        &self,
        _: &mut Write<'_>,
        _: String,
        _: WebhookRotateSecret,
    ) -> Outcome<Webhook> {
        not_implemented("webhooks.rotate_secret")
    }
}

fn not_implemented<T>(operation: &str) -> Outcome<T> {
    let detail = format!(
        "This version of the server does not have {operation} yet. Upgrade it when it does."
    );
    Err(Problem::new(Code::NotImplemented, detail).into())
}
