"""The blocking client against the real server."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

import pytest

import approute
from approute import enums
from conftest import Server


@pytest.fixture
def client(server: Server) -> approute.Client:
    return approute.Client(server.api_key, base_url=server.url)


def test_creates_gets_and_lists(client: approute.Client) -> None:
    made = client.links.create(
        url="https://example.com/a", tags=["sync"], targets={"ios": {"app_store_id": "123456789"}}
    )
    assert made.status is enums.LinkStatus.ACTIVE
    assert made.status == "active"
    assert made.redirect_status == 302
    assert made.targets.ios is not None
    assert made.targets.ios.app_store_id == "123456789"
    assert made.created_at.tzinfo is timezone.utc
    assert abs((datetime.now(timezone.utc) - made.created_at).total_seconds()) < 60
    assert made.response.status == 201
    assert made.response.request_id is not None
    assert made.response.request_id.startswith("req_")
    assert made.response.attempts == 1
    assert made.response.rate_limit is not None

    assert client.links.get(made.id) == made
    more = [client.links.create(url=f"https://example.com/{n}", tags=["sync"]) for n in range(4)]
    ids = [link.id for link in client.links.list(tag=["sync"], limit=2)]
    assert ids == [link.id for link in reversed([made, *more])]
    assert [len(page.items) for page in client.links.list(tag=["sync"], limit=2).pages()] == [2, 2, 1]
    page = client.links.list(tag=["sync"], limit=2).page()
    assert page.has_more
    assert page.items is page.items, "the list of a page is made once"
    assert page.items[0].response.request_id == page.response.request_id


def test_none_clears_and_what_is_left_out_stays(client: approute.Client) -> None:
    made = client.links.create(url="https://example.com/a", title="one", notes="two")
    changed = client.links.update(made.id, title=None)
    assert (changed.title, changed.notes) == (None, "two")
    changed = client.links.update(made.id, title="three", notes=approute.NOT_GIVEN)
    assert (changed.title, changed.notes) == ("three", "two")


def test_an_error_says_everything(client: approute.Client) -> None:
    with pytest.raises(approute.NotFoundError) as caught:
        client.links.get("lnk_none")
    error = caught.value
    assert isinstance(error, approute.APIError)
    assert (error.status, error.code, error.attempts, error.outcome) == (404, "not_found", 1, "rejected")
    assert error.request_id is not None
    assert error.request_id in str(error)
    assert "\n" not in str(error)
    assert error.headers["content-type"] == "application/problem+json"
    assert error.body.startswith(b"{")

    with pytest.raises(approute.UnprocessableEntityError) as refused:
        client.links.create(url="nonsense")
    assert {field.pointer for field in refused.value.errors} == {"/url"}


def test_an_empty_answer_gives_its_response(client: approute.Client) -> None:
    hook = client.webhooks.create(url="https://example.com/hook", events=["link.created"])
    assert hook.secret is not None
    assert hook.secret not in repr(hook)
    gone = client.webhooks.delete(hook.id)
    assert gone.status == 204
    assert gone.request_id is not None


def test_prefetch_gives_the_same(client: approute.Client) -> None:
    for n in range(5):
        client.links.create(url=f"https://example.com/{n}", tags=["prefetch"])
    plain = [link.id for link in client.links.list(tag=["prefetch"], limit=2)]
    ahead = client.links.list(tag=["prefetch"], limit=2, prefetch=True)
    assert [link.id for link in ahead] == plain
    assert [link.id for link in ahead] == plain, "a list can be gone through again"
    assert next(iter(ahead)).id == plain[0]


def test_threads_share_a_client(client: approute.Client) -> None:
    made = client.links.create(url="https://example.com/a")
    got: list[approute.models.Link] = []
    threads = [
        threading.Thread(target=lambda: got.extend(client.links.get(made.id) for _ in range(10))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [made] * 80
