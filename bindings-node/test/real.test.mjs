// Against the reference server.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Approute,
  ConflictError,
  ConfirmationRequiredError,
  NotFoundError,
  PermissionDeniedError,
  PreconditionFailedError,
  UnprocessableEntityError,
} from "@approute/node";
import { realServer, WAYS } from "./support.mjs";

for (const [way, options] of Object.entries(WAYS)) {
  test(`a link's life, over ${way}`, async (t) => {
    const { baseUrl, apiKey } = await realServer(t);
    const client = new Approute({ baseUrl, apiKey, ...options });

    const { data: link, response } = await client.links
      .create({ url: "https://example.com/a", slug: "Autumn", title: "Grüße 👩‍👧", tags: ["a", "b"], expires_at: new Date("2030-01-01T00:00:00Z") })
      .withResponse();
    assert.equal(link.title, "Grüße 👩‍👧");
    assert.equal(link.expires_at, "2030-01-01T00:00:00Z");
    assert.equal(response.status, 201);
    assert.equal(response.attempts, 1);
    assert.match(response.requestId, /^req_/);
    assert.ok(response.rateLimit.limit > 0);
    assert.ok(response.idempotencyKey);

    assert.deepEqual(await client.links.get(link.id), link);
    // Absent stays, null clears.
    const changed = await client.links.update(link.id, { title: null, notes: undefined, if_match: '"1"' });
    assert.equal(changed.title, null);
    assert.deepEqual(changed.tags, ["a", "b"]);
    await assert.rejects(client.links.update(link.id, { title: "x", if_match: '"1"' }), PreconditionFailedError);

    const taken = await client.links.create({ url: "https://example.com/b", slug: "autumn" }).catch((error) => error);
    assert.ok(taken instanceof ConflictError);
    assert.equal(taken.code, "slug_taken");
    assert.equal(taken.status, 409);
    assert.equal(taken.outcome, "rejected");

    const wrong = await client.links.create({ url: "nonsense" }).catch((error) => error);
    assert.ok(wrong instanceof UnprocessableEntityError);
    assert.equal(wrong.errors[0].pointer, "/url");
    assert.match(String(wrong), /^UnprocessableEntityError: 422 validation_failed: .*req_/);

    const gone = await client.links.delete(link.id);
    assert.ok(gone.deleted_at);
    assert.equal((await client.links.restore(link.id)).deleted_at, null);
    await assert.rejects(client.links.get("lnk_none"), NotFoundError);
  });

  test(`lists, over ${way}`, async (t) => {
    const { baseUrl, apiKey } = await realServer(t);
    const client = new Approute({ baseUrl, apiKey, ...options });
    const result = await client.links.batch({
      create: Array.from({ length: 25 }, (_, at) => ({ url: `https://example.com/${at}`, tags: ["batch"] })),
    });
    assert.equal(result.summary.succeeded, 25);

    for (const prefetch of [false, true]) {
      const seen = [];
      for await (const link of client.links.list({ limit: 10, tag: ["batch"] }, { prefetch })) seen.push(link.url);
      assert.equal(new Set(seen).size, 25);
    }
    const sizes = [];
    for await (const page of client.links.list({ limit: 10 }).pages()) sizes.push(page.items.length);
    assert.deepEqual(sizes, [10, 10, 5]);
    const page = await client.links.list({ limit: 10 }).page();
    assert.equal(page.has_more, true);
    assert.equal((await client.links.list({ limit: 10, cursor: page.next_cursor }).toArray()).length, 15);
  });
}

test("webhooks show their secret once, and never when printed", async (t) => {
  const { client } = await realServer(t);
  const made = await client.webhooks.create({ url: "https://hooks.example.com/", events: ["link.created"] });
  assert.match(made.secret, /^whsec_/);
  const { inspect, format } = await import("node:util");
  assert.doesNotMatch(inspect(made) + format(made) + inspect([made], { depth: 9 }), /whsec_/);
  assert.match(JSON.stringify(made), /whsec_/);
  assert.equal((await client.webhooks.get(made.id)).secret, undefined);
  const rotated = await client.webhooks.rotateSecret(made.id);
  assert.notEqual(rotated.secret, made.secret);
  assert.equal(await client.webhooks.delete(made.id), undefined);
});

test("many deletes ask for a person", async (t) => {
  const { client } = await realServer(t);
  const { create } = await client.links.batch({ create: Array(30).fill({ url: "https://example.com/" }) });
  const ids = create.map(({ link }) => link.id);
  const asked = await client.links.batch({ delete: ids }).catch((error) => error);
  assert.ok(asked instanceof ConfirmationRequiredError);
  assert.equal(asked.confirmation.delete_count, 30);
  const { inspect } = await import("node:util");
  assert.ok(!inspect(asked).includes(asked.confirmation.token));
  const done = await client.links.batch({ delete: ids }, { confirmation: asked.confirmation.token });
  assert.equal(done.summary.succeeded, 30);
});

test("a read key may not write", async (t) => {
  const { baseUrl, readKey } = await realServer(t);
  const client = new Approute({ baseUrl, apiKey: async () => readKey });
  assert.deepEqual((await client.links.list().page()).items, []);
  await assert.rejects(client.links.create({ url: "https://example.com/" }), (error) => {
    assert.ok(error instanceof PermissionDeniedError);
    return error.code === "read_only_key";
  });
});
