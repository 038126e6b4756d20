"""Webhook deliveries: checked, read, and signed for tests. Works without a client and without a network."""

from __future__ import annotations

from ._native import webhook_sign, webhook_unwrap, webhook_verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import TypeAlias, Union

    from .models import Event

    Payload: TypeAlias = Union[bytes, bytearray, memoryview, str]
    Headers: TypeAlias = Union[
        Mapping[str, str],
        Mapping[str, Sequence[str]],
        Iterable[tuple[str, str]],
        Iterable[tuple[bytes, bytes]],
        str,
    ]

__all__ = ["sign", "unwrap", "verify"]


def verify(
    payload: Payload,
    headers: Headers,
    secret: str | Sequence[str],
    *,
    tolerance: float | timedelta | None = None,
    now: float | datetime | None = None,
) -> None:
    """Checks that a delivery is AppRoute's; a WebhookVerificationError says why it is not.

    Arguments:

    - `payload`: the raw body of the request, before anything has parsed it.
    - `headers`: its headers as your framework has them, or the value of `X-Approute-Signature` alone.
    - `secret`: the webhook's secret, or several while one is rotated.
    - `tolerance`: how many seconds `sent_at` may be from now; 300.
    - `now`: for tests; the machine's clock.
    """
    webhook_verify(payload, headers, secret, tolerance=tolerance, now=now)


def unwrap(
    payload: Payload,
    headers: Headers,
    secret: str | Sequence[str],
    *,
    tolerance: float | timedelta | None = None,
    now: float | datetime | None = None,
) -> Event:
    """Checks a delivery, as `verify` does, and reads its event. One of a new type is an UnknownEvent."""
    return webhook_unwrap(payload, headers, secret, tolerance=tolerance, now=now)


def sign(payload: Payload, secret: str, *, id: str, timestamp: float | datetime | None = None) -> dict[str, str]:
    """Signs a payload as AppRoute does: all headers of a delivery, for tests of your own receiver."""
    return webhook_sign(payload, secret, id=id, timestamp=timestamp)
