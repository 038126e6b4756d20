// Bring your own HTTP: what intercepts fetch sees our requests, with our retries, keys and errors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { APIConnectionError, Approute, NotFoundError } from "@approute/node";
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { fetch as undiciFetch, MockAgent } from "undici";
import { LINK, scripted } from "./support.mjs";

const base = { apiKey: "test_key", baseUrl: "https://api.example.com" };

test("MSW sees the requests", async (t) => {
  const keys = [];
  let tries = 0;
  const server = setupServer(
    http.post("https://api.example.com/v1/links", async ({ request }) => {
      keys.push(request.headers.get("idempotency-key"));
      if (++tries === 1) return new HttpResponse(null, { status: 503, headers: { "retry-after": "0" } });
      assert.deepEqual(await request.json(), { url: "https://example.com/" });
      assert.equal(request.headers.get("authorization"), "Bearer test_key");
      assert.match(request.headers.get("user-agent"), /^approute-node\//);
      return HttpResponse.json(LINK, { status: 201 });
    }),
    http.get("https://api.example.com/v1/links/:id", () => HttpResponse.json({ code: "not_found", detail: "None." }, { status: 404 })),
    http.get("https://api.example.com/v1/clicks", () => new Promise(() => undefined)),
    http.get("https://api.example.com/v1/webhooks", () => HttpResponse.error()),
  );
  server.listen({ onUnhandledRequest: "error" });
  t.after(() => server.close());
  const client = new Approute({ ...base, fetch });

  const { data, response } = await client.links.create({ url: "https://example.com/" }).withResponse();
  assert.equal(data.id, LINK.id);
  assert.equal(response.attempts, 2);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  await assert.rejects(client.links.get("lnk_1"), NotFoundError);
  await assert.rejects(client.clicks.list({}, { attemptTimeout: 30, maxRetries: 0 }).page(), { name: "APITimeoutError" });
  await assert.rejects(client.clicks.list({}, { signal: AbortSignal.timeout(30) }).page(), { name: "TimeoutError" });
  const broken = await client.webhooks.list({}, { maxRetries: 0 }).page().catch((error) => error);
  assert.ok(broken instanceof APIConnectionError);
  assert.ok(broken.cause instanceof TypeError, "fetch's own exception is the cause");
});

test("undici's MockAgent answers", async () => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent.get(base.baseUrl).intercept({ path: "/v1/links/lnk_1", method: "GET" }).reply(200, LINK, { headers: { "x-request-id": "req_m" } });
  const client = new Approute({ ...base, fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: agent }) });
  const { data, response } = await client.links.get("lnk_1").withResponse();
  assert.equal(data.id, LINK.id);
  assert.equal(response.requestId, "req_m");
  await assert.rejects(client.links.get("lnk_2", { maxRetries: 0 }), APIConnectionError);
  await agent.close();
});

test("a port that nobody listens on is not_sent, and the reason is the cause", async (t) => {
  const { server, options } = await scripted(t, () => undefined);
  server.close();
  const client = new Approute({ ...options, fetch, maxRetries: 0 });
  const error = await client.links.get("lnk_1").catch((thrown) => thrown);
  assert.equal(error.name, "APIConnectionError");
  assert.equal(error.outcome, "not_sent");
  assert.match(error.message, /ECONNREFUSED/);
  assert.equal(error.cause.cause.code, "ECONNREFUSED");
});

test("whatever a fetch throws or returns becomes an error of the tree", async () => {
  for (const fetch of [
    () => Promise.reject(new Error("boom")),
    () => { throw "a string"; },
    async () => undefined,
    async () => ({ status: 200 }),
  ]) {
    const client = new Approute({ ...base, fetch, maxRetries: 0 });
    await assert.rejects(client.links.get("lnk_1"), { name: "APIConnectionError", outcome: "unknown" });
  }
});
