"""httpx as the transport, synchronous and asynchronous. Imported when a client of it is given.

httpx counts its timeouts per operation (connect, read, write) and knows none for a whole try: the body of a server that
sends a byte a second never ends. So each read gets what is left of the try, and what is read is counted.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from ._transport import Reply, Request, TransportError

if TYPE_CHECKING:
    import ssl

    import httpx


def transport(client: Any, connect: float = 5) -> HttpxTransport | None:
    """The transport of an httpx.Client; None for anything else."""
    httpx = sys.modules.get("httpx")
    if httpx is not None and isinstance(client, httpx.Client):
        return HttpxTransport(client, connect)
    return None


def async_transport(client: Any, connect: float = 5) -> AsyncHttpxTransport | None:
    """The transport of an httpx.AsyncClient; None for anything else."""
    httpx = sys.modules.get("httpx")
    if httpx is not None and isinstance(client, httpx.AsyncClient):
        return AsyncHttpxTransport(client, connect)
    return None


def _failure(error: httpx.HTTPError | httpx.InvalidURL) -> TransportError:
    """What became of a try, in the SDK's words."""
    import ssl

    import httpx

    words = str(error) or type(error).__name__
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return TransportError("timeout", words, sent=False)
    if isinstance(error, httpx.TimeoutException):
        return TransportError("timeout", words)
    if isinstance(error, httpx.ProxyError):
        kind = "proxy_authentication" if "407" in words else "connect"
        return TransportError(kind, words, sent=False)
    if isinstance(error, httpx.ConnectError):
        certificate = _caused_by(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in words
        return TransportError("certificate" if certificate else "connect", words, sent=False)
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)):
        return TransportError("configuration", words, sent=False)
    if isinstance(error, httpx.DecodingError):
        return TransportError("undecodable", words)
    return TransportError("interrupted", words)


def _caused_by(error: BaseException, kind: type[ssl.SSLError]) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, kind):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _timed_out(request: Request) -> TransportError:
    return TransportError("timeout", f"no whole answer within {request.timeout:g} s")


def _build(client: httpx.Client | httpx.AsyncClient, request: Request, connect: float) -> httpx.Request:
    import httpx

    headers = [(name.encode("ascii"), value.encode("utf-8")) for name, value in request.headers]
    timeout = httpx.Timeout(request.timeout, connect=min(connect, request.timeout))
    built = client.build_request(
        request.method, request.url, headers=headers, content=request.body or None, timeout=timeout
    )
    return built


class HttpxTransport:
    """An httpx.Client."""

    def __init__(self, client: httpx.Client, connect: float) -> None:
        self.client = client
        self.connect = connect

    def send(self, request: Request) -> Reply:
        import httpx

        ends = time.monotonic() + request.timeout
        try:
            built = _build(self.client, request, self.connect)
            response = self.client.send(built, stream=True, follow_redirects=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failure(error) from error
        try:
            body = bytearray()
            if time.monotonic() > ends:
                raise _timed_out(request)
            _limit_reads(built, ends)
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > request.max_response_bytes:
                    # The rest is not read: this much is enough to be refused.
                    break
                if time.monotonic() > ends:
                    raise _timed_out(request)
                _limit_reads(built, ends)
        except httpx.HTTPError as error:
            raise _failure(error) from error
        finally:
            response.close()
        headers = [(name.decode("latin-1").lower(), value) for name, value in response.headers.raw]
        return Reply(response.status_code, headers, bytes(body))


class AsyncHttpxTransport:
    """An httpx.AsyncClient."""

    def __init__(self, client: httpx.AsyncClient, connect: float) -> None:
        self.client = client
        self.connect = connect

    async def send_async(self, request: Request) -> Reply:
        import httpx

        ends = time.monotonic() + request.timeout
        try:
            built = _build(self.client, request, self.connect)
            response = await self.client.send(built, stream=True, follow_redirects=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failure(error) from error
        try:
            body = bytearray()
            if time.monotonic() > ends:
                raise _timed_out(request)
            _limit_reads(built, ends)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > request.max_response_bytes:
                    # The rest is not read: this much is enough to be refused.
                    break
                if time.monotonic() > ends:
                    raise _timed_out(request)
                _limit_reads(built, ends)
        except httpx.HTTPError as error:
            raise _failure(error) from error
        finally:
            await response.aclose()
        headers = [(name.decode("latin-1").lower(), value) for name, value in response.headers.raw]
        return Reply(response.status_code, headers, bytes(body))


def _limit_reads(request: httpx.Request, ends: float) -> None:
    """What is left of the try is all that the next read may take. httpcore looks it up for each."""
    timeout = request.extensions.get("timeout")
    if isinstance(timeout, dict):
        timeout["read"] = max(ends - time.monotonic(), 0.001)
