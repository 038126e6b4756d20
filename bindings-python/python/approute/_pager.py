"""Lists, page by page or item by item."""

from __future__ import annotations

from ._errors import DecodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterator, Iterator, Mapping
    from typing import Any, Generic, TypeVar

    from ._async_client import AsyncClient
    from ._client import Client

    P = TypeVar("P")
    T = TypeVar("T")

    class _List(Generic[P, T]):
        pass

else:
    P = T = None

    class _List:
        # The module `typing` takes longer to load than the rest of this package.
        def __class_getitem__(cls, types):
            return cls


class _Steps:
    """From page to page: which cursors there were."""

    __slots__ = ("_cursor", "_next", "_seen", "args")

    def __init__(self, args: Mapping[str, Any], cursor: str, following: str) -> None:
        self.args = dict(args)
        self._cursor = cursor
        self._next = following
        self._seen = {args[cursor]} - {None}

    def follow(self, page: Any) -> bool | DecodeError:
        """Whether another page follows, or why none can."""
        following = getattr(page, self._next)
        if following is None:
            return False
        if following in self._seen:
            response = page.response
            message = "the server returned a cursor that it had returned before; the list would never end"
            text = message
            if response.request_id is not None:
                text += f" (request {response.request_id})"
            return DecodeError(
                message,
                _text=text,
                status=response.status,
                headers=response.headers,
                request_id=response.request_id,
                attempts=response.attempts,
                outcome="applied",
            )
        self._seen.add(following)
        self.args[self._cursor] = following
        return True


class Pager(_List[P, T]):
    """A list that is fetched as it is needed.

    Iterate over it for all items, over `pages()` for whole pages, or take the one `page()` that it begins with. Nothing
    is sent before; an iteration that is stopped fetches nothing more.
    """

    __slots__ = ("_args", "_client", "_items", "_names", "_operation", "_options", "_prefetch")

    def __init__(
        self,
        client: Client,
        operation: int,
        args: dict[str, Any],
        options: Mapping[str, Any],
        items: str,
        cursor: str,
        following: str,
        prefetch: bool,
    ) -> None:
        self._client = client
        self._operation = operation
        self._args = args
        self._options = options
        self._items = items
        self._names = cursor, following
        self._prefetch = prefetch

    def page(self) -> P:
        """The first page, in one call."""
        page: P = self._client._call(self._operation, self._args, self._options)
        return page

    def pages(self) -> Iterator[P]:
        """All pages."""
        steps = _Steps(self._args, *self._names)
        ahead = None
        try:
            while True:
                if ahead is not None:
                    page: P = ahead.result()
                    ahead = None
                else:
                    page = self._client._call(self._operation, steps.args, self._options)
                more = steps.follow(page)
                if more is True and self._prefetch:
                    ahead = self._client._begin(self._operation, steps.args, self._options)
                yield page
                if more is False:
                    return
                if more is not True:
                    raise more
        finally:
            if ahead is not None:
                ahead.cancel()

    def __iter__(self) -> Iterator[T]:
        pages = self.pages()
        try:
            for page in pages:
                yield from getattr(page, self._items)
        finally:
            # An iteration that is stopped ends the page ahead too.
            pages.close()  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<Pager of {self._client!r}>"


async def _end(task: Task[Any]) -> None:
    """Cancels a task, and waits until it has closed its connection."""
    import asyncio

    task.cancel()
    await asyncio.wait([task])


class AsyncPager(_List[P, T]):
    """A list that is fetched as it is needed.

    Iterate over it (`async for`) for all items, over `pages()` for whole pages, or await the one `page()` that it begins
    with. Nothing is sent before; an iteration that is stopped fetches nothing more.
    """

    __slots__ = ("_args", "_client", "_items", "_names", "_operation", "_options", "_prefetch")

    def __init__(
        self,
        client: AsyncClient,
        operation: int,
        args: dict[str, Any],
        options: Mapping[str, Any],
        items: str,
        cursor: str,
        following: str,
        prefetch: bool,
    ) -> None:
        self._client = client
        self._operation = operation
        self._args = args
        self._options = options
        self._items = items
        self._names = cursor, following
        self._prefetch = prefetch

    async def page(self) -> P:
        """The first page, in one call."""
        page: P = await self._client._call(self._operation, self._args, self._options)
        return page

    async def pages(self) -> AsyncIterator[P]:
        """All pages."""
        steps = _Steps(self._args, *self._names)
        ahead = None
        try:
            while True:
                if ahead is not None:
                    page: P = await ahead
                    ahead = None
                else:
                    page = await self._client._call(self._operation, steps.args, self._options)
                more = steps.follow(page)
                if more is True and self._prefetch:
                    ahead = self._client._begin(self._operation, steps.args, self._options)
                yield page
                if more is False:
                    return
                if more is not True:
                    raise more
        finally:
            if ahead is not None:
                await _end(ahead)

    async def __aiter__(self) -> AsyncIterator[T]:
        pages = self.pages()
        try:
            async for page in pages:
                for item in getattr(page, self._items):
                    yield item
        finally:
            # An iteration that is stopped ends the page ahead too.
            await pages.aclose()  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<AsyncPager of {self._client!r}>"
