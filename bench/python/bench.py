"""Compares the Python SDK with what its users would otherwise write. `make bench-python` runs it.

    bench.py BENCH_SERVER [--json FILE] [--quick]

All contestants of a table run in turns in one process, round after round, against one server that answers each GET with the
same body; the figures are medians over the rounds. Wall is what a caller waits for, CPU what the process burns, both per
call. A ratio is the SDK's figure divided by the other's: below 1 the SDK is faster.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time
from datetime import datetime
from typing import Optional
from urllib.parse import urlsplit

import aiohttp
import httpx
import msgspec
import pydantic
import requests
import standardwebhooks
import svix.webhooks

import approute
from approute import webhooks

PATH = "/v1/links/lnk_1"
LIST = "/v1/links?limit=100"
HEADERS = {"Authorization": "Bearer ak_bench", "Accept": "application/json"}


class Parts(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")


class IosTarget(Parts):
    app_store_id: Optional[str]
    bundle_id: Optional[str]
    universal_link_url: Optional[str]
    fallback_url: Optional[str]
    min_version: Optional[str]


class AndroidTarget(Parts):
    package_name: Optional[str]
    app_link_url: Optional[str]
    fallback_url: Optional[str]
    min_version_code: Optional[int]


class Targets(Parts):
    ios: Optional[IosTarget]
    android: Optional[AndroidTarget]


class Variant(Parts):
    url: str
    weight: int


class Utm(Parts):
    source: Optional[str]
    medium: Optional[str]
    campaign: Optional[str]
    term: Optional[str]
    content: Optional[str]


class PasswordPolicy(Parts):
    max_failures: int
    window_seconds: int


class Link(Parts):
    id: str
    domain: str
    slug: str
    short_url: str
    url: str
    external_id: Optional[str]
    title: Optional[str]
    notes: Optional[str]
    tags: list[str]
    targets: Targets
    geo: dict[str, str]
    variants: list[Variant]
    utm: Utm
    forward_query: bool
    redirect_status: int
    has_password: bool
    password_policy: PasswordPolicy
    starts_at: Optional[datetime]
    expires_at: Optional[datetime]
    expired_url: Optional[str]
    click_limit: Optional[int]
    click_thresholds: list[int]
    program_id: Optional[str]
    sub_id: Optional[str]
    archived: bool
    status: str
    click_count: int
    bot_click_count: int
    last_clicked_at: Optional[datetime]
    created_at: datetime
    updated_at: datetime
    deleted_at: Optional[datetime]
    purge_at: Optional[datetime]
    created_by_key_id: str
    version: int


class LinkPage(Parts):
    items: list[Link]
    next_cursor: Optional[str]
    has_more: bool


def struct(model: type[pydantic.BaseModel], known: dict) -> type:
    """The same model for msgspec."""
    if model not in known:
        fields = []
        for name, field in model.model_fields.items():
            kind = field.annotation
            for inner in [IosTarget, AndroidTarget, Targets, Variant, Utm, PasswordPolicy, Link]:
                if kind is inner:
                    kind = struct(inner, known)
                elif kind == Optional[inner]:
                    kind = Optional[struct(inner, known)]
                elif kind == list[inner]:
                    kind = list[struct(inner, known)]
            fields.append((name, kind))
        known[model] = msgspec.defstruct(model.__name__, fields)
    return known[model]


FIELDS = list(Link.model_fields)
NESTED = {
    "utm": list(Utm.model_fields),
    "password_policy": list(PasswordPolicy.model_fields),
}
IOS, ANDROID = list(IosTarget.model_fields), list(AndroidTarget.model_fields)


def read_all(items) -> int:
    """Reads every field of every item, those of the parts included."""
    count = 0
    for link in items:
        for name in FIELDS:
            getattr(link, name)
        for name, fields in NESTED.items():
            part = getattr(link, name)
            for field in fields:
                getattr(part, field)
        targets = link.targets
        for part, fields in ((targets.ios, IOS), (targets.android, ANDROID)):
            if part is not None:
                for field in fields:
                    getattr(part, field)
        for variant in link.variants:
            variant.url, variant.weight
        count += 1
    return count


def compare(contestants: dict, calls: int, rounds: int) -> dict:
    """Microseconds per call, wall and CPU, of functions that make so many calls."""
    seen = {name: ([], []) for name in contestants}
    for run in contestants.values():
        run(max(1, calls // 10))
    for _ in range(rounds):
        for name, run in contestants.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run(calls)
            walls, cpus = seen[name]
            walls.append((time.perf_counter() - wall) / calls * 1e6)
            cpus.append((time.process_time() - cpu) / calls * 1e6)
    return {name: (statistics.median(walls), statistics.median(cpus)) for name, (walls, cpus) in seen.items()}


def show(title: str, table: dict, unit: str = "µs", scale: float = 1.0) -> dict:
    print(f"\n{title}\n")
    print("| | wall | CPU | SDK's wall / its | SDK's CPU / its |\n|---|---|---|---|---|")
    own = next(iter(table.values()))
    for name, (wall, cpu) in table.items():
        print(f"| {name} | {wall * scale:.2f} {unit} | {cpu * scale:.2f} {unit} | {own[0] / wall:.2f} | {own[1] / cpu:.2f} |")
    sys.stdout.flush()
    return {name: {"wall": wall, "cpu": cpu} for name, (wall, cpu) in table.items()}


def sequential(url: str, calls: int, rounds: int) -> dict:
    sdk = approute.Client("ak_bench", base_url=url)
    plain = http.client.HTTPConnection(urlsplit(url).netloc)
    session = requests.Session()
    session.headers.update(HEADERS)
    own = httpx.Client(headers=HEADERS)

    def with_sdk(n):
        for _ in range(n):
            sdk.links.get("lnk_1").id

    def with_http_client(n):
        for _ in range(n):
            plain.request("GET", PATH, headers=HEADERS)
            json.loads(plain.getresponse().read())["id"]

    def with_requests(n):
        for _ in range(n):
            session.get(url + PATH).json()["id"]

    def with_httpx(n):
        for _ in range(n):
            Link.model_validate_json(own.get(url + PATH).content).id

    contestants = {
        "approute": with_sdk,
        "http.client, json": with_http_client,
        "requests": with_requests,
        "httpx + pydantic": with_httpx,
    }
    return show("One call after another", compare(contestants, calls, rounds))


def concurrent(url: str, calls: int, rounds: int) -> dict:
    loop = asyncio.new_event_loop()
    sdk = approute.AsyncClient("ak_bench", base_url=url)

    async def make():
        connector = aiohttp.TCPConnector(limit=64)
        return aiohttp.ClientSession(headers=HEADERS, connector=connector)

    session = loop.run_until_complete(make())
    own = httpx.AsyncClient(headers=HEADERS, limits=httpx.Limits(max_connections=64, max_keepalive_connections=64))

    async def one_sdk():
        (await sdk.links.get("lnk_1")).id

    async def one_aiohttp():
        async with session.get(url + PATH) as response:
            (await response.json())["id"]

    async def one_httpx():
        Link.model_validate_json((await own.get(url + PATH)).content).id

    def tasks(one):
        async def main(n):
            async def worker(count):
                for _ in range(count):
                    await one()

            await asyncio.gather(*[worker(max(1, n // 64)) for _ in range(64)])

        return lambda n: loop.run_until_complete(main(n))

    contestants = {"approute": tasks(one_sdk), "aiohttp": tasks(one_aiohttp), "httpx + pydantic": tasks(one_httpx)}
    table = show("64 tasks at once", compare(contestants, calls, rounds))
    loop.run_until_complete(session.close())
    loop.run_until_complete(own.aclose())
    return table


def page(url: str, calls: int, rounds: int) -> dict:
    sdk = approute.Client("ak_bench", base_url=url)
    own = httpx.Client(headers=HEADERS)
    plain = http.client.HTTPConnection(urlsplit(url).netloc)
    decoder = msgspec.json.Decoder(struct(LinkPage, {}))

    def with_sdk(n):
        for _ in range(n):
            assert read_all(sdk.links.list(limit=100).page().items) == 1000

    def with_httpx(n):
        for _ in range(n):
            assert read_all(LinkPage.model_validate_json(own.get(url + LIST).content).items) == 1000

    def with_msgspec(n):
        for _ in range(n):
            plain.request("GET", LIST, headers=HEADERS)
            assert read_all(decoder.decode(plain.getresponse().read()).items) == 1000

    def undecoded(n):
        for _ in range(n):
            assert len(sdk.links.list(limit=100).page().items) == 1000

    contestants = {
        "approute": with_sdk,
        "httpx + pydantic": with_httpx,
        "http.client + msgspec": with_msgspec,
        "approute, no field read": undecoded,
    }
    return show("A page of 1,000 links, every field of every one read", compare(contestants, calls, rounds), "ms", 0.001)


def event(stamp: str) -> dict:
    """A delivery of link.created."""
    url = "https://example.com/"
    link = {
        **{name: None for name in FIELDS},
        **{name: "0" * 12 for name in ("id", "domain", "slug", "status", "created_by_key_id")},
        **{"url": url, "short_url": url, "tags": ["autumn"], "geo": {}, "variants": [], "click_thresholds": []},
        **{name: False for name in ("forward_query", "has_password", "archived")},
        **{name: 302 for name in ("redirect_status", "click_count", "bot_click_count", "version")},
        **{"created_at": stamp, "updated_at": stamp, "targets": {"ios": None, "android": None}},
        **{"utm": dict.fromkeys(Utm.model_fields), "password_policy": {"max_failures": 5, "window_seconds": 600}},
    }
    return {
        **{"id": "evt_1", "type": "link.created", "created_at": stamp, "sent_at": stamp, "attempt": 1},
        **{"api_version": "2026-11-01", "workspace_id": "wsp_1", "data": {"link": link}},
    }


def verify(calls: int, rounds: int) -> dict:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    now = int(time.time())
    stamp = datetime.fromtimestamp(now).astimezone().isoformat()
    body = json.dumps(event(stamp)).encode()
    headers = webhooks.sign(body, secret, id="evt_1", timestamp=now)
    library = standardwebhooks.Webhook(secret)
    svixs = svix.webhooks.Webhook(secret)

    def with_sdk(n):
        for _ in range(n):
            webhooks.verify(body, headers, secret)

    def unwrapped(n):
        for _ in range(n):
            webhooks.unwrap(body, headers, secret)

    def with_library(n):
        for _ in range(n):
            library.verify(body, headers)

    def with_svix(n):
        for _ in range(n):
            svixs.verify(body, headers)

    def parsed(n):
        """What nothing that parses with the standard library can be faster than."""
        for _ in range(n):
            json.loads(body)

    contestants = {
        "approute, unwrap: a typed event": unwrapped,
        "standardwebhooks, which parses the JSON": with_library,
        "svix, which parses the JSON": with_svix,
        "approute, verify alone": with_sdk,
        "json.loads alone": parsed,
    }
    return show("Verifying a webhook", compare(contestants, calls, rounds))


def imports(rounds: int) -> dict:
    """What an import adds to the start of the interpreter, in a new process each."""
    names = ["approute", "httpx", "requests", "aiohttp", "httpx, pydantic"]
    seen = {name: ([], []) for name in names}

    # Compiled once, as pip leaves it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def start(code):
        wall, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        burned = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
        return (time.perf_counter() - wall) * 1e6, burned * 1e6

    for name in names:
        start(f"import {name}")
    for _ in range(rounds):
        for name in names:
            bare, loaded = start("pass"), start(f"import {name}")
            for values, before, after in zip(seen[name], bare, loaded):
                values.append(after - before)
    table = {name: (statistics.median(walls), statistics.median(cpus)) for name, (walls, cpus) in seen.items()}
    return show("What an import adds", table, "ms", 0.001)


def memory_and_size(url: str) -> None:
    code = "{}\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    bare = int(subprocess.run([sys.executable, "-c", code.format("")], check=True, capture_output=True).stdout)
    programs = {
        "approute": f"import approute\napproute.Client('k', base_url={url!r}).links.get('lnk_1')",
        "httpx": f"import httpx\nhttpx.Client().get({url + PATH!r}).json()",
        "requests": f"import requests\nrequests.Session().get({url + PATH!r}).json()",
    }
    print("\nMemory and time of the first call, in a new process\n\n| | memory | until the first answer |\n|---|---|---|")
    for name, program in programs.items():
        run = [sys.executable, "-c", code.format(program)]
        memory = int(subprocess.run(run, check=True, capture_output=True).stdout) - bare
        times = []
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            times.append(time.perf_counter() - began)
        print(f"| {name} | {memory / 1024:.1f} MiB | {statistics.median(times) * 1000:.0f} ms |")
    folder = pathlib.Path(approute.__file__).parent
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    print(f"\nInstalled size of approute: {size / 2**20:.1f} MiB, without dependencies.")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--json")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    factor, rounds = (10, 3) if given.quick else (1, 11)
    with subprocess.Popen([given.server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        urls = json.loads(server.stdout.readline())
        print(f"CPython {sys.version.split()[0]}, {os.cpu_count()} cores, loopback; medians of {rounds} rounds")
        results = {
            "one after the other": sequential(urls["link"], 2000 // factor, rounds),
            "64 at once": concurrent(urls["link"], 6400 // factor, rounds),
            "page of 1,000 links": page(urls["page"], 30 // factor, rounds),
            "verify a webhook and parse it": verify(20000 // factor, rounds),
            "import": imports(15 // min(factor, 3)),
        }
        memory_and_size(urls["link"])
        server.stdin.close()
    if given.json:
        pathlib.Path(given.json).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
