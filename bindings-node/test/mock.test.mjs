// The mock: what users test their own code with.
import assert from "node:assert/strict";
import { test } from "node:test";
import { APITimeoutError, NotFoundError, ServerError } from "@approute/node";
import { MockTransport, Reply } from "@approute/node/mock";

test("replies come in order, retries take no time, and what was sent is known", async () => {
  const mock = new MockTransport();
  mock.reply(new Reply(503), Reply.problem(404, "not_found", "There is no such link."));
  const began = performance.now();
  await assert.rejects(mock.client().links.get("lnk_1"), NotFoundError);
  assert.ok(performance.now() - began < 400);
  mock.assertSent("GET /v1/links/lnk_1", "GET /v1/links/lnk_1");
  mock.assertDone();
  assert.equal(mock.waits.length, 1);
  assert.throws(() => mock.assertSent("GET /v1/links"), /the requests differ/);
});

test("every operation is answered as the documentation shows it", async () => {
  const mock = MockTransport.withExamples();
  const client = mock.client();
  assert.match((await client.links.create({ url: "https://example.com/" })).id, /^lnk_/);
  assert.ok((await client.links.batch({ delete: ["lnk_1"] })).summary);
  assert.ok((await client.links.list({ limit: 2 }).toArray()).length > 0);
  assert.ok((await client.clicks.list().page()).items);
  assert.equal((await client.qr.get("lnk_1")).contentType, "image/png");
  assert.ok((await client.webhooks.rotateSecret("whk_1")).secret);
  assert.equal(await client.webhooks.delete("whk_1"), undefined);
  assert.equal(mock.lastRequest.toString(), "DELETE /v1/webhooks/whk_1");
  assert.deepEqual(mock.requests[0].json(), { url: "https://example.com/" });
});

test("routes, failures and time", async () => {
  const mock = new MockTransport();
  mock.when("get", "/v1/links/lnk_1", Reply.json(500, {}));
  await assert.rejects(mock.client({ maxRetries: 1 }).links.get("lnk_1"), ServerError);
  assert.equal(mock.requests.length, 2);
  for (const [reply, outcome] of [[Reply.refused(), "not_sent"], [Reply.reset(), "unknown"], [Reply.never(), "unknown"], [new Reply(200, { takes: 30_000 }), "unknown"]]) {
    const fresh = new MockTransport().reply(reply);
    const error = await fresh.client({ maxRetries: 0 }).links.get("lnk_1").catch((thrown) => thrown);
    assert.equal(error.outcome, outcome);
  }
  await assert.rejects(new MockTransport().reply(Reply.never()).client({ maxRetries: 0 }).links.get("x"), APITimeoutError);
  await assert.rejects(new MockTransport().client().links.get("x"), /no reply left for GET \/v1\/links\/x/);
  assert.throws(() => new Reply(99), RangeError);
});
