// What callers get wrong is told at once, as an error of our tree that is also JavaScript's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Approute, ApprouteError, ConfigurationError } from "@approute/node";
import { MockTransport } from "@approute/node/mock";

const mock = MockTransport.withExamples();
const client = mock.client();
const cycle = {};
cycle.self = cycle;

for (const [what, call, type, message] of [
  ["a number where text belongs", () => client.links.create({ url: 7 }), TypeError, /^`body.url` must be a string$/],
  ["text where a number belongs", () => client.links.create({ url: "x", click_limit: "9" }), TypeError, /`body.click_limit` must be an integer/],
  ["nothing where something must be", () => client.links.create({}), TypeError, /`url` is missing/],
  ["an unknown field", () => client.links.create({ url: "x", colour: "s3cret" }), TypeError, /unknown field `colour`/],
  ["null where it clears nothing", () => client.links.create({ url: null }), TypeError, /`body.url`/],
  ["NaN", () => client.links.update("lnk_1", { click_limit: NaN }), RangeError, /`body.click_limit` is NaN/],
  ["infinity", () => client.links.update("lnk_1", { click_limit: Infinity }), RangeError, /Infinity/],
  ["a fraction", () => client.links.update("lnk_1", { click_limit: 1.5 }), TypeError, /must be an integer/],
  ["a bigint", () => client.links.update("lnk_1", { click_limit: 1n }), TypeError, /bigint/],
  ["a function", () => client.links.create({ url: "x", title: () => "x" }), TypeError, /`body.title` is a function/],
  ["a symbol", () => client.links.create({ url: "x", title: Symbol("x") }), TypeError, /`body.title` is a symbol/],
  ["a Map", () => client.links.create({ url: "x", geo: new Map([["DE", "x"]]) }), TypeError, /`body.geo` is a Map/],
  ["a promise", () => client.links.create({ url: "x", title: Promise.resolve("x") }), TypeError, /await it/],
  ["a hole in a list", () => client.links.create({ url: "x", tags: ["a", undefined] }), TypeError, /tags\[1\]/],
  ["a cycle", () => client.links.create({ url: "x", utm: cycle }), TypeError, /cycle/],
  ["an invalid Date", () => client.links.create({ url: "x", expires_at: new Date("nonsense") }), RangeError, /invalid Date/],
  ["a time that is none", () => client.links.create({ url: "x", expires_at: "tomorrow" }), RangeError, /`body.expires_at`/],
  ["a lone surrogate", () => client.links.create({ url: "x", title: "\ud800" }), RangeError, /surrogate/],
  ["a lone surrogate in an id", () => client.links.get("\udfff"), RangeError, /surrogate/],
  ["an empty id", () => client.links.get(""), RangeError, /`link_id` is empty/],
  ["an id that leaves its place", () => client.links.get(".."), RangeError, /no id/],
  ["no id", () => client.links.get(undefined), TypeError, /link_id/],
  ["an id that is no string", () => client.links.get(7), TypeError, /`link_id` must be a string/],
  ["options that are none", () => client.links.get("lnk_1", "fast"), TypeError, /options/],
  ["an unknown option", () => client.links.get("lnk_1", { retries: 3 }), TypeError, /no option `retries`; there are: timeout/],
  ["a time limit of zero", () => client.links.get("lnk_1", { attemptTimeout: 0 }), RangeError, /`attemptTimeout` must be longer than zero/],
  ["a time limit that is text", () => client.links.get("lnk_1", { timeout: "1s" }), TypeError, /`timeout` must be a number/],
  ["retries that are none", () => client.links.get("lnk_1", { maxRetries: -1 }), Error, /`maxRetries`/],
  ["a header that is none", () => client.links.get("lnk_1", { headers: { "x y": "1" } }), RangeError, /header/],
  ["a header with a line break", () => client.links.get("lnk_1", { headers: { x: "1\r\ny: 2" } }), RangeError, /header/],
  ["a NUL in a key", () => client.links.create({ url: "x" }, { idempotencyKey: "a\0b" }), RangeError, /idempotencyKey|idempotency/],
  ["a signal that is none", () => client.links.get("lnk_1", { signal: true }), TypeError, /AbortSignal/],
]) {
  test(what, async () => {
    const before = mock.requests.length;
    const error = await call().then(() => assert.fail("it was taken"), (thrown) => thrown);
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.ok(error instanceof ApprouteError);
    assert.ok(error instanceof type, `${error.constructor.name} is no ${type.name}: ${error.message}`);
    assert.match(error.message, message);
    assert.doesNotMatch(String(error.stack), /s3cret/);
    assert.equal(error.outcome, "not_sent");
    assert.equal(error.attempts, 0);
    assert.equal(mock.requests.length, before, "nothing is sent");
  });
}

test("what is odd and right goes through", async () => {
  await client.links.get("a/b?c#d%2e \0é");
  assert.equal(mock.lastRequest.path, "/v1/links/a%2Fb%3Fc%23d%252e%20%00%C3%A9");
  const huge = "ä".repeat(400_000);
  await client.links.create({ url: "https://example.com/", notes: huge, title: "\0", expires_at: new Date(0) });
  assert.deepEqual(mock.lastRequest.json(), { url: "https://example.com/", title: "\0", notes: huge, expires_at: "1970-01-01T00:00:00Z" });
  class Utm { source = "x"; #hidden = 1; }
  await client.links.create({ url: "x", utm: new Utm() });
  assert.deepEqual(mock.lastRequest.json().utm, { source: "x" });
});

for (const [options, message] of [
  [{ apiKey: "" }, /APPROUTE_API_KEY/],
  [{ apiKey: 7 }, /`apiKey` must be a string or a function/],
  [{ apiKey: "x", baseUrl: "http://example.com" }, /allowInsecureHttp/],
  [{ apiKey: "x", baseUrl: "nonsense" }, /`?baseUrl`?|base URL/i],
  [{ apiKey: "x", timeout: 0 }, /`timeout`/],
  [{ apiKey: "x", fetch: true }, /`fetch` must be a function/],
  [{ apiKey: "x", fetch, proxy: "http://localhost:1" }, /`proxy` says nothing beside `fetch`/],
  [{ apiKey: "x", extraCa: "nonsense" }, /certificate|PEM/i],
  [{ apiKey: "x", logLevel: "loud" }, /`logLevel`/],
  [{ apikey: "x" }, /no option `apikey`/],
  [null, /options must be an object/],
]) {
  test(`a client of ${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => new Approute(options), (error) => {
      assert.ok(error instanceof ConfigurationError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}
