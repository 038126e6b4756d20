"""The real server, one for all tests, and clients of it."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
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


class Slow:
    """A server that never answers, and sees whether the client is still there."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.arrived = threading.Semaphore(0)
        """Released with each request."""
        self.left = threading.Semaphore(0)
        """Released with each client that closes its connection."""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    if b"\r\n\r\n" in data:
                        self.arrived.release()
                        if self.answer:
                            connection.sendall(self.answer)
                            return
            except OSError:
                pass
            self.left.release()


@pytest.fixture
def slow() -> Iterator[Slow]:
    server = Slow()
    yield server
    server.listener.close()


def answered(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer as bytes."""
    lines = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}connection: close\r\n\r\n".encode() + body
