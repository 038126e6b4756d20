"""Wrong arguments: an error of our tree that is Python's own as well, before anything is sent."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import approute
from approute.testing import MockTransport, Reply

mock = MockTransport()
# What the checkers refuse is what is tested here.
client: Any = mock.client()
make: Any = approute.Client
URL = "https://example.com/"

deep: dict[str, Any] = {}
for _ in range(1000):
    deep = {"a": deep}

CASES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("wrong type", lambda: client.links.create(url=1), TypeError, "`url` must be a string"),
    ("bytes", lambda: client.links.create(url=b"x"), TypeError, "`url` must be text, not bytes"),
    ("a text for a list", lambda: client.links.create(url=URL, tags="x"), TypeError, "`tags` must be a list"),
    ("a wrong entry", lambda: client.links.create(url=URL, tags=["x", 1]), TypeError, r"`tags\[1\]` must be a string"),
    ("a set", lambda: client.links.create(url=URL, tags={"x"}), TypeError, "`tags` cannot be sent: it is of type set"),
    ("an object", lambda: client.links.create(url=URL, title=object()), TypeError, "`title` cannot be sent"),
    ("a wrong key", lambda: client.links.create(url=URL, geo={1: URL}), TypeError, "`geo` must have keys"),
    ("unknown", lambda: client.links.create(url=URL, titel="x"), TypeError, "unexpected keyword argument `titel`"),
    ("unknown inside", lambda: client.links.create(url=URL, utm={"sauce": "x"}), TypeError, "unknown field `sauce`"),
    ("a float", lambda: client.links.create(url=URL, click_limit=1.5), TypeError, "`click_limit` must be an integer"),
    ("huge", lambda: client.links.create(url=URL, click_limit=10**30), ValueError, "larger than any integer"),
    ("surrogate", lambda: client.links.create(url="\ud800"), ValueError, "`url` holds a lone surrogate"),
    ("surrogate id", lambda: client.links.get("\ud800"), ValueError, "`link_id` holds a lone surrogate"),
    ("naive", lambda: client.links.create(url=URL, starts_at=datetime(2026, 1, 1)), ValueError, "a time zone"),
    ("deep", lambda: client.links.create(url=URL, utm=deep), ValueError, "nested too deeply"),
    ("empty id", lambda: client.links.get(""), ValueError, "link_id"),
    ("dots", lambda: client.links.get(".."), ValueError, "which is no id"),
    ("None for an id", lambda: client.links.get(None), TypeError, "`link_id` is missing"),
    ("null for what has none", lambda: client.webhooks.update("w", url=None), TypeError, "`url` must be a string"),
    ("timeout", lambda: client.links.get("l", timeout="1"), TypeError, "`timeout` must be a number of seconds"),
    ("timeout 0", lambda: client.links.get("l", timeout=0), ValueError, "`timeout` must be longer than zero"),
    ("timeout nan", lambda: client.links.get("l", timeout=math.nan), ValueError, "longer than zero"),
    ("retries", lambda: client.links.get("l", max_retries=-1), Exception, "`max_retries` must be an integer of 0"),
    ("key", lambda: client.links.delete("l", idempotency_key="a b"), ValueError, "idempotency_key"),
    ("header", lambda: client.links.get("l", extra_headers={"x": "a\nb"}), ValueError, "header"),
    ("headers", lambda: client.links.get("l", extra_headers=["x"]), TypeError, "`extra_headers` must map"),
    ("no key", lambda: make(), ValueError, "api_key"),
    ("an URL", lambda: make("k", base_url="nonsense"), ValueError, "base_url"),
    ("a level", lambda: make("k", log_level="loud"), ValueError, "log_level"),
    ("a hook", lambda: make("k", on_retry=1), TypeError, "on_retry"),
    ("a client", lambda: make("k", http_client=1), TypeError, "http_client"),
    ("proxy twice", lambda: make("k", http_client=mock, proxy="http://x"), ValueError, "your own HTTP client"),
    ("a CA", lambda: make("k", extra_ca="nonsense"), ValueError, "extra_ca"),
]


@pytest.mark.parametrize(("attempt", "kind", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_is_refused(attempt: Callable[[], Any], kind: type[Exception], message: str) -> None:
    before = len(mock.requests)
    with pytest.raises(kind, match=message) as caught:
        attempt()
    error = caught.value
    assert isinstance(error, approute.ConfigurationError)
    assert isinstance(error, (TypeError, ValueError))
    assert (error.outcome, error.attempts) == ("not_sent", 0)
    assert "\n" not in str(error)
    assert len(mock.requests) == before


def sent(**arguments: Any) -> Any:
    mock.reply(Reply(500))
    with pytest.raises(approute.ServerError):
        client.links.create(url=URL, max_retries=0, **arguments)
    return mock.requests[-1].json()


def test_what_can_be_sent() -> None:
    assert sent(title="\0 ü 😀", tags=("a", "b"), geo=OrderedDict(DE=URL)) == {
        **{"url": URL, "title": "\0 ü 😀", "tags": ["a", "b"], "geo": {"DE": URL}}
    }
    east = timezone(timedelta(hours=5, minutes=30))
    body = sent(starts_at=datetime(2026, 1, 1, 5, 30, tzinfo=east), expires_at=datetime(2027, 1, 1, tzinfo=timezone.utc))
    assert body["starts_at"] == "2026-01-01T00:00:00Z"
    assert body["expires_at"] == "2027-01-01T00:00:00Z"
    assert sent(title=None, redirect_status=approute.enums.RedirectStatus.FOUND) == {"url": URL, "redirect_status": 302}
    assert sent(title="x" * 200_000)["title"] == "x" * 200_000


def test_options() -> None:
    mock.reply(Reply.json(200, {"items": [], "next_cursor": None, "has_more": False}))
    options = mock.client(default_headers={"X-One": "1"}).with_options(extra_headers={"X-Two": "2"}, timeout=10)
    options.links.list(
        limit=3, extra_headers={"X-Three": "3"}, extra_query={"q": ["a", "b"], "n": 1, "f": True}, timeout=timedelta(seconds=5)
    ).page()
    request = mock.requests[-1]
    assert [request.headers.get(name) for name in ("x-one", "x-two", "x-three")] == ["1", "2", "3"]
    assert request.query == "limit=3&q=a&q=b&n=1&f=true"
    assert 4 < request.timeout <= 5


def test_a_closed_client_says_so() -> None:
    with approute.Client("k") as closed:
        assert repr(closed) == "<approute.Client base_url='https://getapproute.com'>"
    with pytest.raises(ValueError, match="closed"):
        closed.links.get("l")
    assert repr(closed) == "<approute.Client closed>"


def test_a_function_gives_the_key_of_each_call() -> None:
    keys = iter(["one", "two"])
    own = approute.Client(lambda: next(keys), http_client=mock)
    for expected in ("one", "two"):
        mock.reply(Reply(204))
        own.webhooks.delete("w")
        assert mock.requests[-1].headers["authorization"] == f"Bearer {expected}"
