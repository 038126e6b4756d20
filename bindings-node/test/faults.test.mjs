// Servers that misbehave.
import assert from "node:assert/strict";
import { test } from "node:test";
import { APIConnectionError, APITimeoutError, Approute, DecodeError } from "@approute/node";
import { json, LINK, scripted, WAYS } from "./support.mjs";

for (const [way, options] of Object.entries(WAYS)) {
  const make = async (t, handler, more = {}) => {
    const { options: own } = await scripted(t, handler);
    return new Approute({ ...own, maxRetries: 0, ...options, ...more });
  };

  test(`a body that is cut short, over ${way}`, async (t) => {
    const client = await make(t, (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"id":');
      setTimeout(() => response.destroy(), 10);
    });
    const error = await client.links.get("lnk_1").catch((thrown) => thrown);
    assert.ok(error instanceof APIConnectionError, String(error));
    assert.equal(error.outcome, "unknown");
    assert.equal(error.retryable, true);
  });

  test(`an answer that does not come, over ${way}`, async (t) => {
    const client = await make(t, () => undefined, { attemptTimeout: 50 });
    const error = await client.links.get("lnk_1").catch((thrown) => thrown);
    assert.ok(error instanceof APITimeoutError, String(error));
    assert.ok(error instanceof APIConnectionError);
  });

  test(`a body that trickles in counts as one try, over ${way}`, async (t) => {
    const client = await make(t, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(timer));
    }, { attemptTimeout: 80 });
    await assert.rejects(client.links.get("lnk_1"), APITimeoutError);
  });

  test(`a body that is too large, over ${way}`, async (t) => {
    const client = await make(t, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(Buffer.alloc(100_000, " "));
    }, { maxResponseBytes: 50_000 });
    await assert.rejects(client.links.get("lnk_1"), /max_?response_?bytes/i);
  });

  test(`bytes that are no UTF-8, over ${way}`, async (t) => {
    const client = await make(t, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]));
    });
    const error = await client.links.get("lnk_1").catch((thrown) => thrown);
    assert.ok(error instanceof DecodeError, String(error));
    assert.equal(error.status, 200);
    assert.equal(error.outcome, "applied");
  });

  test(`JSON that is nested a hundred thousand deep, over ${way}`, async (t) => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const client = await make(t, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`{"more":${deep},${JSON.stringify(LINK).slice(1)}`);
    });
    // Kept like any field that the SDK does not know, or refused as undecodable; no crash, and the client goes on.
    const link = await client.links.get("lnk_1").catch((thrown) => thrown);
    assert.ok(link instanceof DecodeError || link.id === LINK.id, String(link));
    assert.equal((await client.links.get("lnk_1").catch(() => LINK)).id, LINK.id);
  });

  test(`fields of the wrong type are named and not shown, over ${way}`, async (t) => {
    const client = await make(t, (_, response) => json(response, 200, { ...LINK, variants: [{ url: "s3cret", weight: "s3cret" }] }));
    const error = await client.links.get("lnk_1").catch((thrown) => thrown);
    assert.ok(error instanceof DecodeError);
    assert.match(error.message, /`variants\[0\]\.weight` is not an integer/);
    assert.doesNotMatch(String(error.stack), /s3cret/);
    assert.match(error.body, /s3cret/);
  });

  test(`a redirect is an answer and is not followed, over ${way}`, async (t) => {
    let requests = 0;
    const client = await make(t, (request, response) => {
      requests++;
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    await assert.rejects(client.links.get("lnk_1"), (error) => error.status === 307);
    assert.equal(requests, 1);
  });
}

test("hundreds of calls at once, some of which fail, come back each to its own caller", async (t) => {
  const { options } = await scripted(t, (request, response) => {
    const id = request.url.split("/").at(-1);
    const number = Number(id.slice(4));
    setTimeout(() => (number % 7 === 0 ? json(response, 404, { code: "not_found", detail: id }) : json(response, 200, { ...LINK, id })), number % 13);
  });
  const client = new Approute(options);
  const results = await Promise.allSettled(Array.from({ length: 300 }, (_, at) => client.links.get(`lnk_${at}`)));
  results.forEach(({ value, reason }, at) => {
    if (at % 7 === 0) assert.equal(reason.message, `lnk_${at}`);
    else assert.equal(value.id, `lnk_${at}`);
  });
});
