"""Your own HTTP client: httpx with its mocks, asyncio and trio; and the mock of the package."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import respx
import trio

import approute
from approute.testing import MockTransport, Reply
from conftest import Server, Slow, answered

EMPTY: dict[str, Any] = {"items": [], "next_cursor": None, "has_more": False}
BASE = "https://getapproute.com"


def test_the_real_server_through_httpx(server: Server) -> None:
    with httpx.Client() as own:
        client = approute.Client(server.api_key, base_url=server.url, http_client=own)
        link = client.links.create(url="https://example.com/httpx")
        assert client.links.get(link.id) == link
        with pytest.raises(approute.NotFoundError):
            client.links.get("lnk_none")


@pytest.mark.parametrize("run", [asyncio.run, trio.run], ids=["asyncio", "trio"])
def test_the_real_server_through_httpx_async(server: Server, run: Any) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as own:
            client = approute.AsyncClient(server.api_key, base_url=server.url, http_client=own)
            link = await client.links.create(url="https://example.com/httpx", tags=["httpx-async"])
            assert await client.links.get(link.id) == link
            assert [item.id async for item in client.links.list(tag=["httpx-async"], prefetch=True)][0] == link.id

    run(main) if run is trio.run else run(main())


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_waits_in_whatever_runs(kind: str) -> None:
    answers = iter([httpx.Response(503, headers={"retry-after-ms": "50"}), httpx.Response(200, json=EMPTY)])
    own = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: next(answers)))
    client = approute.AsyncClient("key", http_client=own)

    async def main() -> None:
        page = await client.links.list().page()
        assert page.response.attempts == 2

    trio.run(main) if kind == "trio" else asyncio.run(main())


def test_mock_transport_of_httpx() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=EMPTY, headers={"x-request-id": "req_1"})

    client = approute.Client("key", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
    page = client.links.list(limit=5).page()
    assert page.response.request_id == "req_1"
    assert str(seen[0].url) == BASE + "/v1/links?limit=5"
    assert seen[0].headers["authorization"] == "Bearer key"
    assert seen[0].headers["user-agent"].startswith("approute-python/")


@respx.mock
def test_respx() -> None:
    route = respx.get(BASE + "/v1/links").mock(side_effect=[httpx.Response(500), httpx.Response(200, json=EMPTY)])
    client = approute.Client("key", http_client=httpx.Client())
    page = client.links.list(extra_query={"q": "x"}, max_retries=1, timeout=30).page()
    assert page.response.attempts == 2
    assert route.call_count == 2


def test_redirects_and_retries_of_its_own_are_off() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": BASE + "/elsewhere"})

    own = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    with pytest.raises(approute.APIError) as caught:
        approute.Client("key", http_client=own).links.get("lnk_1")
    assert (caught.value.status, caught.value.attempts) == (302, 1)


def test_its_own_exception_is_the_cause() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    own = httpx.Client(transport=httpx.MockTransport(refuse))
    with pytest.raises(approute.APIConnectionError) as caught:
        approute.Client("key", http_client=own, max_retries=0).links.get("lnk_1")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert caught.value.outcome == "not_sent"


def test_a_try_ends_in_time_though_bytes_keep_coming() -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            import time

            while True:
                time.sleep(0.05)
                yield b" "

    own = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip())))
    with pytest.raises(approute.APITimeoutError):
        approute.Client("key", http_client=own, max_retries=0, attempt_timeout=0.5).links.get("lnk_1")


def test_a_server_that_is_silent(slow: Slow) -> None:
    with httpx.Client() as own, pytest.raises(approute.APITimeoutError) as caught:
        approute.Client("key", base_url=slow.url, http_client=own, max_retries=0, attempt_timeout=0.5).links.get("l")
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)


def test_a_client_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="httpx.Client"):
        approute.Client("key", http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    with httpx.Client() as own, pytest.raises(TypeError, match="httpx.AsyncClient"):
        approute.AsyncClient("key", http_client=own)  # type: ignore[arg-type]


def test_our_mock() -> None:
    mock = MockTransport()
    mock.reply(Reply(503)).reply(Reply.reset()).reply(Reply.problem(404, "not_found", "There is no such link."))
    with pytest.raises(approute.NotFoundError) as caught:
        mock.client().links.get("lnk_1")
    assert caught.value.code == "not_found"
    assert caught.value.attempts == 3
    mock.assert_sent(*["GET /v1/links/lnk_1"] * 3)
    mock.assert_done()
    assert len(mock.waits) == 2

    mock.when("GET", "/v1/links", Reply.json(200, EMPTY))
    assert list(mock.client().links.list()) == []

    async def main() -> None:
        assert [item async for item in mock.async_client().links.list()] == []

    asyncio.run(main())
    with pytest.raises(AssertionError, match="no reply for GET /v1/clicks"):
        list(mock.client().clicks.list())


def test_what_is_broken_on_the_way() -> None:
    """Answers that no client should fall over, through the built-in transport."""
    deep = b"[" * 100_000
    for body, headers, kind in [
        (b'{"id":', {}, approute.DecodeError),
        (b'{"id": "\xff"}', {}, approute.DecodeError),
        (deep, {}, approute.DecodeError),
        (b'{"items": 1}', {}, approute.DecodeError),
        (b"", {}, approute.DecodeError),
        (b"<html>", {"content_type": "text/html"}, approute.DecodeError),
        (b"{}", {"content_length": "100"}, approute.APIConnectionError),
        (b"x" * 2_000_000, {}, approute.APIConnectionError),
    ]:
        server = Slow(answered(body, **headers))
        client = approute.Client("key", base_url=server.url, max_retries=0, max_response_bytes=1_000_000)
        with pytest.raises(approute.ApprouteError) as caught:
            client.links.get("lnk_1")
        server.listener.close()
        assert "\n" not in str(caught.value)
        if body != b"x" * 2_000_000:
            assert type(caught.value) is kind, body[:20]
