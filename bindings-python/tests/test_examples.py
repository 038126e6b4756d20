"""What the README and the examples show is what runs."""

from __future__ import annotations

import html
import os
import pathlib
import re
import subprocess
import sys

import pytest

import approute
from conftest import ROOT, Server

PACKAGE = str(pathlib.Path(approute.__file__).parents[1])
README = ROOT / "bindings-python" / "README.md"
DOCS = ROOT / "server-reference" / "src" / "generated" / "docs.html"


def environment(server: Server) -> dict[str, str]:
    own = {"PYTHONPATH": PACKAGE, "APPROUTE_BASE_URL": server.url, "APPROUTE_API_KEY": server.api_key}
    return {**os.environ, **own}


def test_readme(server: Server, tmp_path: pathlib.Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) >= 8
    # One after the other in one program, as a reader would type them.
    program = tmp_path / "readme.py"
    program.write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env=environment(server), timeout=120, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "leads to https://example.com/autumn" in done.stdout
    assert "was clicked 0 times" in done.stdout
    assert "not_found req_" in done.stdout
    assert "slug_taken" in done.stdout
    assert (tmp_path / "autumn.png").read_bytes().startswith(b"\x89PNG")


def test_the_types_of_the_readme(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("mypy")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    program = tmp_path / "readme.py"
    program.write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", program],
        # What pip installed, mypy finds by itself, and only so.
        env=dict(os.environ) if PACKAGE.endswith("site-packages") else {**os.environ, "MYPYPATH": PACKAGE},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_samples_of_the_documentation(server: Server) -> None:
    samples = re.findall(r"<summary>Python</summary><pre[^>]*><code>(.*?)</code>", DOCS.read_text(), re.DOTALL)
    assert len(samples) >= 15
    client = approute.Client(server.api_key, base_url=server.url)
    for sample in map(html.unescape, samples):
        names = {"client": client}
        try:
            exec(compile(sample, "<sample>", "exec"), names)
        except approute.NotFoundError:
            # The server has read the whole request; it only knows none of the ids.
            continue
        assert "answer" in names, sample


def test_creators(server: Server) -> None:
    program = ROOT / "examples" / "python" / "creators.py"
    for expected in ("200 links made", "all links are there"):
        done = subprocess.run(
            [sys.executable, program, ROOT / "examples" / "creators.csv"],
            env=environment(server),
            timeout=120,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0] == expected
        assert len(lines) == 201


def test_quickstart(server: Server) -> None:
    program = ROOT / "examples" / "python" / "quickstart.py"
    done = subprocess.run(
        [sys.executable, program], env=environment(server), timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("share http")
    assert "so far it has 0 clicks" in done.stdout
