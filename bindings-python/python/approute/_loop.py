"""Calls of asyncio's event loops. Imported with the first of them.

Each loop has one queue. The native I/O thread puts into it what has come and makes its file descriptor readable, once for
however much comes until the loop takes it.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from ._errors import ApprouteError, ConfigurationValueError
from ._native import LoopQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._native import NativeClient

_here = threading.local()
_all: weakref.WeakSet[LoopCalls] = weakref.WeakSet()


def calls() -> LoopCalls:
    """Those of the running loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        message = "there is no running event loop of asyncio; under trio, give an httpx.AsyncClient as `http_client`"
        raise ConfigurationValueError(message) from None
    known: LoopCalls | None = getattr(_here, "calls", lambda: None)()
    if known is not None and known.loop() is loop and known.process == os.getpid():
        return known
    return _new(loop)


def _new(loop: asyncio.AbstractEventLoop) -> LoopCalls:
    # A loop that was closed in mid-call will not come back for what it asked.
    for other in list(_all):
        other.close_with_loop()
    for other in list(_all):
        if other.loop() is loop and other.process == os.getpid():
            found = other
            break
    else:
        found = LoopCalls(loop)
        _all.add(found)
    # The loop alone keeps it alive, by its reader.
    _here.calls = weakref.ref(found)
    return found


class LoopCalls:
    """The calls of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self.process = os.getpid()
        self.native = LoopQueue()
        self.pending: dict[int, tuple[asyncio.Future[Any], Callable[[str], None] | None]] = {}
        loop.add_reader(self.native.fileno(), self.ready)

    async def submit(
        self,
        client: NativeClient,
        operation: int,
        args: dict[str, Any],
        options: Mapping[str, Any],
        notify: Callable[[str], None] | None,
    ) -> Any:
        """Makes a call and waits for its end."""
        future = asyncio.get_running_loop().create_future()
        number = self.native.submit(client, operation, args, options)
        self.pending[number] = future, notify
        try:
            return await future
        except asyncio.CancelledError:
            self.native.cancel(number)
            raise
        finally:
            self.pending.pop(number, None)

    def ready(self) -> None:
        """Takes what has come."""
        pending = self.pending
        for number, kind, what in self.native.drain():
            entry = pending.get(number)
            if entry is None:
                continue
            future, notify = entry
            if kind == 2:
                self.tell(notify, what)
            elif future.done():
                continue
            elif kind == 0:
                future.set_result(what)
            else:
                future.set_exception(what)

    def tell(self, notify: Callable[[str], None] | None, notice: str) -> None:
        """Tells the user's hooks. One that fails is the user's affair and no reason to fail the call."""
        try:
            if notify is not None:
                notify(notice)
        except Exception as error:  # noqa: BLE001
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a hook of approute failed", "exception": error})

    def close_with_loop(self) -> None:
        """Ends all calls, if the loop is gone."""
        loop = self.loop()
        if loop is None or loop.is_closed():
            self.native.close()
            _all.discard(self)


__all__ = ["ApprouteError", "LoopCalls", "calls"]
