"""The conformance driver for Python: one message per line on stdin, one answer per line on stdout.

    driver.py sync | async | httpx | httpx-async

See tests/conformance/README.md.
"""

import asyncio
import base64
import functools
import gc
import json
import logging
import os
import pathlib
import signal
import ssl
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[4] / "bindings-python/python"))

import approute
import httpx

KIND = sys.argv[1]
ASYNC = KIND in ("async", "httpx-async")
CAPABILITIES = ["api_key_function", "cancel", "extra_ca", "gauges", "hooks", "log", "prefetch", "proxy"]
if KIND == "httpx":
    # A blocking client of somebody else's has no second thread.
    CAPABILITIES.remove("prefetch")


class Cancelled(BaseException):
    """What the signal raises."""


class Log(logging.Handler):
    lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


logger = logging.Logger("conformance", logging.DEBUG)
logger.addHandler(Log())
hooks = []
printed_hooks = []


def client(message):
    options, times = {}, ("timeout", "attempt_timeout", "connect_timeout")
    for name, value in message["options"].items():
        options[name] = value / 1000 if name in times else value
    keys = options.pop("api_key_function", None)
    if keys is not None:
        options["api_key"] = iter(keys).__next__
    if KIND.startswith("httpx"):
        proxy, extra = options.pop("proxy", None), options.pop("extra_ca", None)
        context = trusted(extra)
        own = httpx.AsyncClient if ASYNC else httpx.Client
        options["http_client"] = own(verify=context, proxy=proxy)
    return (approute.AsyncClient if ASYNC else approute.Client)(
        **options,
        logger=logger,
        on_request=lambda seen: note(seen, "request", attempt=seen.attempt, operation=seen.operation),
        on_response=lambda seen: note(seen, "response", attempt=seen.attempt, status=seen.status, request_id=seen.request_id),
        on_retry=lambda seen: note(seen, "retry", attempt=seen.attempt, wait=seen.wait * 1000, status=seen.status),
        _script=message["script"],
    )


@functools.cache
def trusted(extra):
    """Made once: it reads all certificates of the machine."""
    return ssl.create_default_context(cadata=extra)


def note(info, hook, **fields):
    hooks.append({"hook": hook, **fields})
    printed_hooks.append(printed(info))


def arguments(message):
    """The body of a request is spread out over keyword arguments, and so are options."""
    spelled = {"from": "from_"}
    given = {**message.get("args", {}), **message.get("args", {}).get("body", {})}
    given.pop("body", None)
    given = {spelled.get(name, name): value for name, value in given.items()}
    for name, value in message.get("options", {}).items():
        name = {"headers": "extra_headers", "query": "extra_query"}.get(name, name)
        given[name] = value / 1000 if "timeout" in name else value
    return given


def method(the_client, message):
    if message.get("copy"):
        the_client = the_client.with_options()
    resource, verb = message["call"].split(".")
    return getattr(getattr(the_client, resource), verb)


def watch(file, cancel):
    def look():
        while not os.path.exists(file):
            time.sleep(0.002)
        cancel()

    threading.Thread(target=look, daemon=True).start()


def raise_cancelled(*_):
    raise Cancelled


def call(the_client, message):
    given = arguments(message)
    how = message.get("list")
    result = method(the_client, message)(**given, **({"prefetch": True} if how and how.get("prefetch") else {}))
    if isinstance(result, approute.Pager):
        return listed(result, how) if how else told(result.page(), message)
    return told(result, message)


def listed(pager, how):
    seen = {"items": [], "pages": []}
    try:
        for part in pager.pages() if how["by"] == "pages" else pager:
            if stops(seen, part, how):
                appears(how)
                break
    except approute.ApprouteError as error:
        return {**seen, **failed(error)}
    return seen


async def call_async(the_client, message):
    given = arguments(message)
    how = message.get("list")
    result = method(the_client, message)(**given, **({"prefetch": True} if how and how.get("prefetch") else {}))
    if isinstance(result, approute.AsyncPager):
        return await listed_async(result, how) if how else told(await result.page(), message)
    return told(await result, message)


async def listed_async(pager, how):
    seen = {"items": [], "pages": []}
    parts = pager.pages() if how["by"] == "pages" else aiter(pager)
    try:
        async for part in parts:
            if stops(seen, part, how):
                await asyncio.to_thread(appears, how)
                break
    except approute.ApprouteError as error:
        return {**seen, **failed(error)}
    finally:
        await parts.aclose()
    return seen


def stops(seen, part, how):
    items = part.items if how["by"] == "pages" else [part]
    seen["items"] += [json.loads(item.to_json()) for item in items]
    seen["pages"].append(len(items))
    return len(seen["pages"]) == how.get("stop_after")


def appears(how):
    while "until" in how and not os.path.exists(how["until"]):
        time.sleep(0.002)


def told(result, message):
    if isinstance(result, approute.Response):
        return {"response": facts(result), "printed": printed(result)}
    seen = {"response": facts(result.response), "printed": printed(result)}
    if isinstance(result, approute.Binary):
        result.write_to(message["file"])
        return {**seen, "bytes": {"content_type": result.content_type, "length": len(result)}}
    return {**seen, "value": json.loads(result.to_json())}


def facts(response):
    limit = response.rate_limit
    return {
        "status": response.status,
        "request_id": response.request_id,
        "rate_limit": limit and {"limit": limit.limit, "remaining": limit.remaining, "reset": limit.reset},
        "attempts": response.attempts,
        "replayed": response.is_replayed,
        "headers": response.headers,
    }


def printed(value):
    cause = getattr(value, "__cause__", None)
    return f"{value} {value!r}" + (f" {printed(cause)}" if cause else "")


def failed(error):
    names = [base.__name__ for base in type(error).__mro__]
    confirmation = getattr(error, "confirmation", None)
    fields = {
        "class": "ConfigurationError" if "ConfigurationError" in names else names[0],
        "errors": [json.loads(field.to_json()) for field in error.errors],
        "body": error.body.decode("utf-8", "replace"),
        "confirmation": confirmation and json.loads(confirmation.to_json()),
        "reason": getattr(error, "reason", None),
        "text": str(error),
    }
    for name in ("status", "code", "message", "request_id", "headers", "attempts", "retryable", "idempotency_key", "outcome"):
        fields[name] = getattr(error, name)
    return {"error": fields, "printed": printed(error) + printed(confirmation)}


def webhook(message):
    payload = base64.b64decode(message["payload"])
    if message["do"] == "webhook.sign":
        secret, stamp = message["secrets"][0], message["timestamp"]
        return {"headers": approute.webhooks.sign(payload, secret, id=message["id"], timestamp=stamp)}
    headers = message.get("signature", message.get("headers"))
    rules = {"tolerance": message.get("tolerance"), "now": message.get("now")}
    if message["do"] == "webhook.verify":
        approute.webhooks.verify(payload, headers, message["secrets"], **rules)
        return {}
    event = approute.webhooks.unwrap(payload, headers, message["secrets"], **rules)
    known = not isinstance(event, approute.models.UnknownEvent)
    return {"event": {"known": known, "value": json.loads(event.to_json())}, "printed": printed(event)}


def perform(the_client, message, loop):
    try:
        if message["do"] == "gauges":
            gc.collect()
            return {"gauges": {"objects": len(gc.get_objects())}}
        if message["do"] != "call":
            return webhook(message)
        if not ASYNC:
            if "cancel" in message:
                watch(message["cancel"], lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1))
            return call(the_client, message)
        task = loop.create_task(call_async(the_client, message))
        if "cancel" in message:
            watch(message["cancel"], lambda: loop.call_soon_threadsafe(task.cancel))
        return loop.run_until_complete(task)
    except approute.ApprouteError as error:
        return failed(error)
    except (Cancelled, asyncio.CancelledError):
        return {"cancelled": True}


def main():
    signal.signal(signal.SIGUSR1, raise_cancelled)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    hello = {"protocol": 2, "capabilities": CAPABILITIES, "zero_is_null": False}
    print(json.dumps(hello), flush=True)
    the_client = None
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "client":
            try:
                the_client = client(message)
                answer = {"printed": printed(the_client)}
            except approute.ApprouteError as error:
                answer = failed(error)
            except ssl.SSLError as error:
                answer = {"problem": f"httpx takes no such CA: {error}"}
        else:
            answer = perform(the_client, message, loop)
        answer["hooks"], answer["log"] = hooks[:], "\n".join(Log.lines)
        answer["told"] = "\n".join(printed_hooks)
        hooks.clear()
        printed_hooks.clear()
        Log.lines.clear()
        print(json.dumps(answer), flush=True)


main()
