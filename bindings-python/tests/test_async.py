"""The async client against the real server."""

from __future__ import annotations

import asyncio

import pytest

import approute
from conftest import Server


def test_does_all_that_the_blocking_one_does(server: Server) -> None:
    async def main() -> None:
        async with approute.AsyncClient(server.api_key, base_url=server.url) as client:
            made = await client.links.create(url="https://example.com/a", tags=["async"])
            assert made.response.status == 201
            got = await asyncio.gather(*[client.links.get(made.id) for _ in range(64)])
            assert got == [made] * 64
            for n in range(4):
                await client.links.create(url=f"https://example.com/{n}", tags=["async"])
            links = client.links.list(tag=["async"], limit=2)
            ids = [link.id async for link in links]
            assert len(ids) == 5
            assert [len(page.items) async for page in links.pages()] == [2, 2, 1]
            assert [item.id for item in (await links.page()).items] == ids[:2]
            ahead = client.links.list(tag=["async"], limit=2, prefetch=True)
            assert [link.id async for link in ahead] == ids
            with pytest.raises(approute.NotFoundError):
                await client.links.get("lnk_none")

    asyncio.run(main())
