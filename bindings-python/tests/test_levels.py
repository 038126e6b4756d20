"""Calls by the thousand leave memory, file descriptors and threads level. APPROUTE_TEST_CALLS makes it more."""

from __future__ import annotations

import asyncio
import gc
import os
import pathlib
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

import approute
from conftest import Server, Slow

# Taken at import: the tests see no variable of that prefix.
CALLS = int(os.environ.get("APPROUTE_TEST_CALLS", "5000"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")


class Level(NamedTuple):
    memory: int
    files: int
    threads: int


def level() -> Level:
    gc.collect()
    status = pathlib.Path("/proc/self/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return Level(int(fields["VmRSS"].split()[0]), len(os.listdir("/proc/self/fd")), int(fields["Threads"]))


def holds(run: Callable[[int], None]) -> None:
    run(CALLS // 5)
    before = level()
    run(CALLS)
    after = level()
    # Were each call to leave a link behind, 5,000 of them would take some 10 MB.
    assert after.memory - before.memory < 4_000 + CALLS // 5, (before, after)
    assert after.files <= before.files + 3, (before, after)
    assert after.threads <= before.threads + 1, (before, after)


def test_blocking(server: Server) -> None:
    client = approute.Client(server.api_key, base_url=server.url)
    link = client.links.create(url="https://example.com/level")

    def run(calls: int) -> None:
        for number in range(calls // 2):
            assert client.links.get(link.id).tags == []
            if number % 5 == 0:
                with pytest.raises(approute.NotFoundError):
                    client.links.get("lnk_none")

    holds(run)


def test_asyncio(server: Server, slow: Slow) -> None:
    async def main() -> None:
        client = approute.AsyncClient(server.api_key, base_url=server.url)
        silent = approute.AsyncClient("key", base_url=slow.url)
        link = await client.links.create(url="https://example.com/level")

        async def some(calls: int) -> None:
            for number in range(calls):
                assert (await client.links.get(link.id)).id == link.id
                if number % 5 == 0:
                    with pytest.raises(approute.NotFoundError):
                        await client.links.get("lnk_none")
                if number % 10 == 0:
                    task = asyncio.ensure_future(silent.links.get("lnk_1"))
                    await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task

        async def run(calls: int) -> None:
            await asyncio.gather(*[some(calls // 16) for _ in range(8)])
            # The connections of what was cancelled are closed by the I/O thread, a moment later.
            for _ in range(200):
                if len(os.listdir("/proc/self/fd")) < 60:
                    break
                await asyncio.sleep(0.05)

        await run(CALLS // 5)
        before = level()
        await run(CALLS)
        after = level()
        assert after.memory - before.memory < 4_000 + CALLS // 5, (before, after)
        assert after.files <= before.files + 12, (before, after)
        assert after.threads <= before.threads + 10, (before, after)

    asyncio.run(main())


def test_clients(server: Server) -> None:
    def run(calls: int) -> None:
        for _ in range(calls // 50):
            with approute.Client(server.api_key, base_url=server.url) as client:
                client.links.list(limit=1).page()

    holds(run)
