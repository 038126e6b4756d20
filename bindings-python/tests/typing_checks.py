"""What type checkers must see, and what they must refuse: an ignore that is not needed is an error. Not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx
from typing_extensions import assert_type

import approute
from approute import enums, models, types


def seen(client: approute.Client) -> None:
    link = client.links.create(url="https://example.com/", targets={"ios": {"app_store_id": "1"}}, timeout=3)
    assert_type(link, models.Link)
    assert_type(link.title, str | None)
    assert_type(link.created_at, datetime)
    assert_type(link.tags, Sequence[str])
    assert_type(link.geo, Mapping[str, str])
    assert_type(link.status, enums.LinkStatus)
    assert_type(link.targets.ios, models.IosTarget | None)
    assert_type(link.response, approute.Response)
    assert_type(client.links.list(), approute.Pager[models.LinkPage, models.Link])
    for item in client.links.list(status="active", limit=3):
        assert_type(item, models.Link)
    for page in client.links.list(status=enums.LinkStatus("new")).pages():
        assert_type(page.items, Sequence[models.Link])
    assert_type(client.qr.get("lnk_1", format="svg"), approute.Binary)
    assert_type(client.webhooks.delete("whk_1"), approute.Response)
    assert_type(client.with_options(timeout=3), approute.Client)
    approute.Client(http_client=httpx.Client())


async def seen_async(client: approute.AsyncClient) -> None:
    assert_type(await client.links.get("lnk_1"), models.Link)
    async for item in client.links.list():
        assert_type(item, models.Link)
    approute.AsyncClient(http_client=httpx.AsyncClient())


def told(event: models.Event) -> None:
    if isinstance(event, models.LinkCreatedEvent):
        assert_type(event.data.link, models.Link)
    match event:
        case models.LinkClickThresholdEvent(data=data):
            assert_type(data.threshold, int)
        case models.UnknownEvent(type=kind):
            assert_type(kind, str)


def refused(client: approute.Client, link: models.Link) -> None:
    client.links.create()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.links.create(url=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.links.create(url="x", titel="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.links.create(url="x", utm={"sauce": "x"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.links.list(status="actve")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.webhooks.update("whk_1", url=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.links.get("lnk_1", timeout="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    link.title = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    enums.LinkStatus.ACTVE  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    batch: types.LinkBatch = {"delete": [1]}  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType]
    del batch
