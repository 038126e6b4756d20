// Calls that are given up: the server sees it, nothing is left behind, the client goes on.
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { test } from "node:test";
import { Approute } from "@approute/node";
import { json, LINK, scripted, WAYS } from "./support.mjs";

for (const [way, options] of Object.entries(WAYS)) {
  test(`an abort reaches the server as a disconnect, over ${way}`, async (t) => {
    let arrived;
    const here = new Promise((resolve) => (arrived = resolve));
    const { options: own } = await scripted(t, (request, response) => {
      if (request.url === "/v1/links/lnk_slow") arrived(request.socket);
      else json(response, 200, LINK);
    });
    const client = new Approute({ ...own, ...options });
    const controller = new AbortController();
    let theirs = 0;
    controller.signal.onabort = () => theirs++;
    const call = client.links.get("lnk_slow", { signal: controller.signal });
    const socket = await here;
    const closed = once(socket, "close");
    controller.abort(new Error("enough"));
    await assert.rejects(call, /^Error: enough$/);
    await closed;
    assert.equal(theirs, 1, "the user's own onabort is left alone");
    assert.equal((await client.links.get("lnk_1")).id, LINK.id);
  });

  test(`an aborted signal sends nothing, over ${way}`, async (t) => {
    let requests = 0;
    const { options: own } = await scripted(t, (_, response) => (requests++, json(response, 200, LINK)));
    const client = new Approute({ ...own, ...options });
    await assert.rejects(client.links.get("lnk_1", { signal: AbortSignal.abort() }), { name: "AbortError" });
    await client.links.get("lnk_1");
    assert.equal(requests, 1);
  });

  test(`a wait between tries can be given up, over ${way}`, async (t) => {
    const { options: own } = await scripted(t, (_, response) => json(response, 503, {}, { "retry-after": "20" }));
    const controller = new AbortController();
    const client = new Approute({ ...own, ...options, onRetry: () => controller.abort() });
    await assert.rejects(client.links.get("lnk_1", { signal: controller.signal }), { name: "AbortError" });
  });

  test(`a call that is over leaves no listener on the signal, over ${way}`, async (t) => {
    const { options: own } = await scripted(t, (_, response) => json(response, 200, LINK));
    const client = new Approute({ ...own, ...options });
    const { signal } = new AbortController();
    for (let at = 0; at < 20; at++) await client.links.get("lnk_1", { signal });
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  test(`a list that is left early fetches nothing more, and gives up what it fetched ahead, over ${way}`, async (t) => {
    let second;
    const arrived = new Promise((resolve) => (second = resolve));
    const { options: own } = await scripted(t, (request, response) => {
      if (request.url.includes("cursor=")) second(request.socket);
      else json(response, 200, { items: [LINK, LINK], next_cursor: "c1", has_more: true });
    });
    const client = new Approute({ ...own, ...options });
    let closed;
    for await (const _ of client.links.list({}, { prefetch: true })) {
      closed = once(await arrived, "close");
      break;
    }
    await closed;
  });
}
