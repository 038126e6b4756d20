// Webhooks: the native functions and those by WebCrypto are held to the same. Beside these, both run the conformance
// cases.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { UnknownEvent, webhook, WebhookVerificationError } from "@approute/node";
import * as edge from "@approute/node/webhooks";
import { Webhook } from "standardwebhooks";
import { LINK, realServer } from "./support.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const now = 1_793_871_000;
const event = (more = {}) => JSON.stringify({
  id: "evt_1", type: "link.created", created_at: "2026-11-05T09:30:00Z", sent_at: new Date(now * 1000).toISOString(), attempt: 1,
  api_version: "2026-11-01", workspace_id: "wsp_1", data: { link: LINK }, ...more,
});

for (const [name, { verify, unwrap, sign }] of Object.entries({ native: webhook, WebCrypto: edge })) {
  const refused = async (reason, ...args) => {
    // Both kinds of functions: those that throw and those that reject.
    const error = await (async () => verify(...args))().then(() => assert.fail("it was taken"), (thrown) => thrown);
    assert.ok(error instanceof WebhookVerificationError, String(error));
    assert.equal(error.reason, reason);
  };

  test(`the public vector, ${name}`, async () => {
    const headers = await sign('{"test": 2432232314}', secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330);
    assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    delete headers["x-approute-signature"];
    await verify('{"test": 2432232314}', headers, secret, { now: 1614265330 });
    await refused("too_old", '{"test": 2432232314}', headers, secret);
  });

  test(`headers and payloads in all their forms, ${name}`, async () => {
    const body = event();
    const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const upper = { "X-Approute-Signature": signature, Host: "x", "Content-Length": "3" };
    for (const headers of [signature, upper, new Headers(upper), new Map(Object.entries(upper)), Object.entries(upper), { "x-approute-signature": [signature] }]) {
      for (const payload of [body, Buffer.from(body), new TextEncoder().encode(body), new TextEncoder().encode(body).buffer]) {
        await verify(payload, headers, secret, { now });
        await verify(payload, headers, ["whsec_b3RoZXI=", secret], { now });
      }
    }
    await refused("no_match", body, signature, "whsec_b3RoZXI=", { now });
    await refused("no_match", body + " ", upper, secret, { now });
    await refused("malformed", body, "sha256=zz", secret, { now });
    await refused("no_signature", body, {}, secret, { now });
    await refused("in_future", body, upper, secret, { now: now - 301 });
    await refused("too_old", body, upper, secret, { now: now + 61, tolerance: 60 });
    await verify(body, upper, secret, { now: now + 300 });
    const wrong = async (...args) => assert.rejects((async () => verify(...args))(), TypeError);
    await wrong({ id: "evt_1" }, upper, secret);
    await wrong(body, null, secret);
    await wrong(body, upper, 7);
  });

  test(`unwrap goes by the machine's clock as verify does, ${name}`, async () => {
    const outcome = (check, ...args) =>
      (async () => check(...args))().then(() => "taken", (thrown) => thrown.reason ?? thrown.name);
    const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
    const other = `sha256=${"0".repeat(64)}`;
    for (const [body, verified, unwrapped, signature] of [
      [event({ sent_at: ago(0) }), "taken", "taken"],
      [event({ sent_at: ago(290) }), "taken", "taken"],
      [event({ sent_at: ago(310) }), "too_old", "too_old"],
      [event({ sent_at: ago(-310) }), "in_future", "in_future"],
      [event({ sent_at: "soon" }), "malformed", "malformed"],
      [event({ sent_at: 7 }), "malformed", "malformed"],
      ["no JSON", "malformed", "malformed"],
      [event({ type: "link.unheard_of", sent_at: ago(310) }), "too_old", "too_old"],
      [event({ data: 7, sent_at: ago(0) }), "taken", "DecodeError"],
      [event({ data: 7, sent_at: ago(310) }), "too_old", "too_old"],
      [event({ sent_at: ago(0) }), "no_match", "no_match", other],
    ]) {
      const headers = signature ?? (await sign(body, secret, "evt_1"))["x-approute-signature"];
      assert.equal(await outcome(verify, body, headers, secret), verified, body);
      assert.equal(await outcome(unwrap, body, headers, secret), unwrapped, body);
    }
  });

  test(`events, ${name}`, async () => {
    const take = async (body) => unwrap(body, await sign(body, secret, "evt_1", now), secret, { now });
    const created = await take(event());
    assert.equal(created.type, "link.created");
    assert.deepEqual(created.data.link, LINK);
    const unknown = await take(event({ type: "link.frozen", data: { cold: true } }));
    assert.ok(unknown instanceof UnknownEvent);
    assert.equal(String(unknown.type), "link.frozen");
    assert.deepEqual(unknown.data, { cold: true });
    await assert.rejects(take(event({ data: { link: { ...LINK, slug: 7 } } })), /`data.link.slug` is not a string/);
    await assert.rejects(take(event({ type: 7 })), { name: "DecodeError" });
  });

  test(`the library of Standard Webhooks and ours agree, ${name}`, async () => {
    const body = event();
    const at = Math.floor(Date.now() / 1000);
    const headers = await sign(body, secret, "evt_1", at);
    new Webhook(secret).verify(body, headers);
    const theirs = { "webhook-id": "evt_1", "webhook-timestamp": String(at), "webhook-signature": new Webhook(secret).sign("evt_1", new Date(at * 1000), body) };
    await verify(body, theirs, secret);
  });
}

test("a delivery of the reference server", async (t) => {
  const { createServer } = await import("node:http");
  const { once } = await import("node:events");
  const { client } = await realServer(t);
  let receive;
  const received = new Promise((resolve) => (receive = resolve));
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      receive({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(204).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => (server.closeAllConnections(), server.close()));
  const made = await client.webhooks.create({ url: `http://127.0.0.1:${server.address().port}/`, events: ["link.created"] });
  const link = await client.links.create({ url: "https://example.com/" });
  const { headers, body } = await received;
  assert.equal(webhook.unwrap(body, headers, made.secret).data.link.id, link.id);
  assert.equal((await edge.unwrap(body, headers, made.secret)).data.link.id, link.id);
});
