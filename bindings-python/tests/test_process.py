"""What a process does beside calls: it forks, is interrupted, ends."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

import approute
from conftest import Server, Slow, python

# Where it was loaded from: the sources, or what pip installed.
PACKAGE = str(pathlib.Path(approute.__file__).parents[1])
USE = """
import approute, os, sys
client = approute.Client(sys.argv[2], base_url=sys.argv[1])
"""


def run(code: str, server: Server, timeout: float = 60) -> str:
    done = python(USE + code, server.url, server.api_key, timeout=timeout, PYTHONPATH=PACKAGE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_import_loads_little() -> None:
    code = "import sys; known = set(sys.modules); import approute; print(*sorted(set(sys.modules) - known))"
    # Without the site module, which may load anything itself.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": PACKAGE},
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = done.stdout.split()
    assert "approute._native" in loaded
    heavy = {"asyncio", "typing", "json", "re", "logging", "ssl", "socket", "datetime", "httpx", "enum", "dataclasses"}
    assert heavy.isdisjoint(loaded), f"an import takes longer than it has to: {heavy & set(loaded)}"


@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
def test_works_after_a_fork(server: Server, used: bool) -> None:
    code = f"""
link = client.links.create(url="https://example.com/fork")
if {used}:
    client.links.get(link.id)
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        assert client.links.get(link.id) == link
        assert len(list(client.links.list(limit=100))) >= 1
        os._exit(7)
    children.append(child)
client.links.get(link.id)
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("done")
"""
    if not used:
        code = code.replace('link = client.links.create(url="https://example.com/fork")', "", 1).replace(
            "children = []", 'link = approute.Client(sys.argv[2], base_url=sys.argv[1]).links.create(url="https://e.com/f")\nchildren = []'
        )
    assert run(code, server) == "done\n"


def test_asyncio_works_after_a_fork(server: Server) -> None:
    code = """
import asyncio
client = approute.AsyncClient(sys.argv[2], base_url=sys.argv[1])
async def one():
    return await client.links.create(url="https://example.com/fork")
asyncio.run(one())
child = os.fork()
if child == 0:
    asyncio.run(one())
    os._exit(7)
asyncio.run(one())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("done")
"""
    assert run(code, server) == "done\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(server: Server, method: str, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        """
import multiprocessing, sys
import approute

def work(number):
    client = approute.Client(sys.argv[2], base_url=sys.argv[1])
    return client.links.create(url=f"https://example.com/{number}")

if __name__ == "__main__":
    approute.Client(sys.argv[2], base_url=sys.argv[1]).links.list().page()
    with multiprocessing.get_context(sys.argv[3]).Pool(2) as pool:
        links = pool.map(work, range(4))
    print([link.url for link in links])
"""
    )
    done = subprocess.run(
        [sys.executable, program, server.url, server.api_key, method],
        env={**os.environ, "PYTHONPATH": PACKAGE},
        timeout=90,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("https://example.com/") == 4


def test_preloaded_gunicorn(server: Server, tmp_path: pathlib.Path) -> None:
    (tmp_path / "app.py").write_text(
        """
import os
import approute
client = approute.Client(os.environ["KEY"], base_url=os.environ["URL"])
link = client.links.create(url="https://example.com/preloaded")

def application(environ, start_response):
    assert client.links.get(link.id) == link
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
    )
    socket_file = tmp_path / "gunicorn.sock"
    command = [sys.executable, "-m", "gunicorn", "--preload", "-w", "2", "-b", f"unix:{socket_file}", "app:application"]
    environment = {**os.environ, "PYTHONPATH": PACKAGE, "URL": server.url, "KEY": server.api_key}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            import httpx

            deadline = time.monotonic() + 60
            while not socket_file.exists():
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket_file))) as own:
                answers = [own.get("http://app/", timeout=60) for _ in range(8)]
            assert {answer.status_code for answer in answers} == {200}
            assert str(process.pid) not in {answer.text for answer in answers}
        finally:
            process.terminate()
            process.wait(30)
            assert process.stderr is not None
            process.stderr.read()


def test_ctrl_c_ends_a_blocking_call(slow: Slow) -> None:
    # Started in the background of a shell, tests have Ctrl-C ignored, and their children with them.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = heard + USE + "client.links.get('lnk_1')"
    with subprocess.Popen(
        [sys.executable, "-c", code, slow.url, "key"],
        env={**os.environ, "PYTHONPATH": PACKAGE},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert slow.arrived.acquire(timeout=60)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=15)
    assert "KeyboardInterrupt" in errors
    assert process.returncode in (-signal.SIGINT, 130, 1)
    assert slow.left.acquire(timeout=10), "the server sees that nobody waits"


@pytest.mark.parametrize("kind", ["thread", "asyncio"])
def test_exits_with_calls_in_flight(slow: Slow, kind: str) -> None:
    code = {
        "thread": """
import threading
threading.Thread(target=lambda: client.links.get("lnk_1"), daemon=True).start()
sys.stdin.readline()
""",
        "asyncio": """
import asyncio
client = approute.AsyncClient(sys.argv[2], base_url=sys.argv[1])
async def main():
    asyncio.ensure_future(client.links.get("lnk_1"))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
asyncio.run(main())
""",
    }[kind]
    with subprocess.Popen(
        [sys.executable, "-c", USE + code, slow.url, "key"],
        env={**os.environ, "PYTHONPATH": PACKAGE},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert slow.arrived.acquire(timeout=60)
        began = time.monotonic()
        _, errors = process.communicate("\n", timeout=30)
    assert process.returncode == 0, errors
    assert errors == ""
    assert time.monotonic() - began < 15, "far from the 20 s that a try may take"


def test_a_panic_is_an_ordinary_exception(server: Server) -> None:
    code = """
import asyncio
from approute._native import LoopQueue
link = client.links.create(url="https://example.com/panic")
try:
    client._native._panic()
except approute.ApprouteError as error:
    assert type(error) is approute.ApprouteError and "on purpose" in str(error), error
else:
    raise SystemExit("no exception")
assert client.links.get(link.id) == link

async def main():
    own = approute.AsyncClient(sys.argv[2], base_url=sys.argv[1])
    from approute._loop import calls
    here = calls()
    future = asyncio.get_running_loop().create_future()
    here.pending[here.native._panic(own._native, {"link_id": link.id}, 3)] = future, None
    try:
        await future
    except approute.ApprouteError as error:
        assert "on purpose" in str(error)
    else:
        raise SystemExit("no exception")
    assert await own.links.get(link.id) == link
asyncio.run(main())
print("done")
"""
    assert run(code, server) == "done\n"
