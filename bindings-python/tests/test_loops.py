"""Event loops: they go on during calls, are cancelled, closed, and there may be several."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest
import uvloop

import approute
from approute import _loop
from conftest import Server, Slow


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoop:
    made = uvloop.new_event_loop() if request.param == "uvloop" else asyncio.new_event_loop()
    request.addfinalizer(made.close)
    return made


def test_works_on_any_loop(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    async def main() -> None:
        client = approute.AsyncClient(server.api_key, base_url=server.url)
        link = await client.links.create(url="https://example.com/loop")
        assert await asyncio.gather(*[client.links.get(link.id) for _ in range(50)]) == [link] * 50

    loop.run_until_complete(main())


def test_the_loop_goes_on_and_a_cancelled_task_closes_its_connection(
    loop: asyncio.AbstractEventLoop, slow: Slow
) -> None:
    async def main() -> None:
        client = approute.AsyncClient("key", base_url=slow.url)
        task = asyncio.ensure_future(client.links.get("lnk_1"))
        await asyncio.get_running_loop().run_in_executor(None, slow.arrived.acquire)
        turns = 0
        for _ in range(100):
            await asyncio.sleep(0)
            turns += 1
        assert turns == 100
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        left = await asyncio.get_running_loop().run_in_executor(None, lambda: slow.left.acquire(timeout=20))
        assert left, "the server sees that nobody waits"
        assert not _loop.calls().pending
        assert _loop.calls().native.running() == 0

    loop.run_until_complete(main())


def test_a_timeout_of_asyncio_cancels(slow: Slow) -> None:
    async def main() -> None:
        client = approute.AsyncClient("key", base_url=slow.url)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.links.get("lnk_1"), 0.3)

    asyncio.run(main())
    assert slow.left.acquire(timeout=20)


def test_a_loop_that_was_closed_in_mid_call(server: Server, slow: Slow) -> None:
    loop = asyncio.new_event_loop()
    client = approute.AsyncClient("key", base_url=slow.url)
    task = loop.create_task(client.links.get("lnk_1"))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert slow.arrived.acquire(timeout=20)
    # Nobody cancels the task: the loop ends as it does when a program forgets.
    loop.close()
    task.__class__  # keeps the task until here
    del task, loop
    gc.collect()

    other = approute.AsyncClient(server.api_key, base_url=server.url)

    async def main() -> None:
        assert (await other.links.list(limit=1).page()).response.status == 200

    asyncio.run(main())
    assert slow.left.acquire(timeout=20), "the call of the closed loop was ended"


def test_two_loops_at_once(server: Server) -> None:
    client = approute.AsyncClient(server.api_key, base_url=server.url)
    made: list[str] = []

    async def main(name: str) -> None:
        for number in range(20):
            link = await client.links.create(url=f"https://example.com/{name}/{number}")
            made.append(link.url)

    threads = [threading.Thread(target=lambda name=name: asyncio.run(main(name))) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(set(made)) == 60


def test_one_loop_after_the_other(server: Server) -> None:
    client = approute.AsyncClient(server.api_key, base_url=server.url)

    async def main() -> approute.models.LinkPage:
        return await client.links.list(limit=1).page()

    for _ in range(20):
        assert asyncio.run(main()).response.status == 200
    gc.collect()
    assert len(_loop._all) <= 2, "the queues of closed loops are gone"


def test_other_threads_go_on_during_a_blocking_call(slow: Slow) -> None:
    client = approute.Client("key", base_url=slow.url, timeout=3, max_retries=0)
    ended = threading.Event()

    def call() -> None:
        with pytest.raises(approute.APITimeoutError):
            client.links.get("lnk_1")
        ended.set()

    thread = threading.Thread(target=call)
    thread.start()
    assert slow.arrived.acquire(timeout=20)
    counted = 0
    began = time.monotonic()
    while counted < 1000:
        counted += 1
    assert time.monotonic() - began < 3
    assert not ended.is_set(), "the call still waits, and this thread has counted"
    thread.join(30)
    assert ended.is_set()


def test_without_a_loop_of_asyncio_it_says_so() -> None:
    client = approute.AsyncClient("key")
    with pytest.raises(ValueError, match="no running event loop"):
        client.links.get("lnk_1").send(None)


def test_a_hook_that_fails_does_not_fail_the_call(server: Server) -> None:
    seen: list[str] = []

    def fails(info: approute.RequestInfo) -> None:
        seen.append(info.operation)
        raise RuntimeError("in a hook")

    told: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context["exception"])))
        client = approute.AsyncClient(server.api_key, base_url=server.url, on_request=fails)
        await client.links.list(limit=1).page()

    asyncio.run(main())
    assert seen == ["links.list"]
    assert told == ["in a hook"]
