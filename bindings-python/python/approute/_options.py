"""Options of calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypedDict, Union


class CallOptions(TypedDict, total=False):
    """What every call takes beside its own arguments. What is left out or None comes from the client."""

    timeout: Union[float, timedelta, None]
    """How long the whole call may take, tries and waits included, in seconds."""
    attempt_timeout: Union[float, timedelta, None]
    """How long one try may take, in seconds."""
    max_retries: Union[int, None]
    """How many times a failed try is repeated; 0 for exactly one try."""
    max_response_bytes: Union[int, None]
    """How many bytes an answer may have after decompression."""
    idempotency_key: Union[str, None]
    """1 to 255 visible ASCII characters that name this one effect. Without it a random one is made, the same for
    all tries. Repeat a call with the same key and it is carried out once."""
    confirmation: Union[str, None]
    """The token of a ConfirmationRequiredError, after a person agreed."""
    extra_headers: Union[Mapping[str, str], None]
    """More headers, or other values for the SDK's own."""
    extra_query: Union[Mapping[str, Union[str, int, bool, Sequence[str]]], None]
    """More query parameters."""
