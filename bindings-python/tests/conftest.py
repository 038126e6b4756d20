"""The real server, one for all tests, and clients of it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


class Server(NamedTuple):
    url: str
    api_key: str


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    program = TARGET / "debug" / "approute-server"
    process = subprocess.Popen(
        [program, "serve", "--dev", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    told = json.loads(line)
    try:
        yield Server(told["base_url"], told["api_key"])
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("APPROUTE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def python(code: str, *arguments: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        timeout=timeout,
        text=True,
        capture_output=True,
    )
