// The client itself: settings, copies, hooks, what is printed, how it is loaded.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { inspect } from "node:util";
import * as sdk from "@approute/node";
import { checkVersion, explain, native, platformName } from "../dist/esm/native.js";
import { errorFrom } from "../dist/esm/errors.js";
import * as shapes from "../dist/esm/generated/shapes.js";
import { json, LINK, program, scripted, WAYS } from "./support.mjs";

const { Approute } = sdk;
const require = createRequire(import.meta.url);

test("nothing shows the key", async (t) => {
  const { options } = await scripted(t, (_, response) => json(response, 401, { code: "invalid_api_key", detail: "no" }));
  for (const way of Object.values(WAYS)) {
    const client = new Approute({ ...options, ...way, apiKey: "ark_topsecret", defaultHeaders: { "x-api-token": "tok_topsecret" } });
    const error = await client.links.get("lnk_1").catch((thrown) => thrown);
    for (const value of [client, client.links, client.withOptions({}), client.links.list(), error, [client, error], { client }]) {
      const printed = [inspect(value, { depth: 20 }), String(value), JSON.stringify(value), `${value.stack}`].join();
      assert.doesNotMatch(printed, /topsecret/);
    }
    assert.match(inspect(client), /127\.0\.0\.1/);
  }
});

test("a copy has options of its own and shares the rest", async (t) => {
  const seen = [];
  const { options } = await scripted(t, (request, response) => {
    seen.push([request.url, request.headers["x-a"], request.headers["x-b"], request.socket.remotePort]);
    json(response, 200, LINK);
  });
  const client = new Approute(options);
  const copy = client.withOptions({ headers: { "x-a": "1", "x-b": "1" }, query: { trace: true } });
  await client.links.get("lnk_1");
  await copy.links.get("lnk_1", { headers: { "x-b": "2" } });
  await copy.withOptions({ query: { more: 1 } }).links.get("lnk_1");
  assert.deepEqual(seen.map((request) => request.slice(0, 3)), [
    ["/v1/links/lnk_1", undefined, undefined],
    ["/v1/links/lnk_1?trace=true", "1", "2"],
    ["/v1/links/lnk_1?trace=true&more=1", "1", "1"],
  ]);
  assert.equal(new Set(seen.map((request) => request[3])).size, 1, "one connection serves all");
  assert.throws(() => client.withOptions({ retries: 1 }), TypeError);
});

test("hooks and the logger are told, and what they throw ends no call", async (t) => {
  let tries = 0;
  const { options } = await scripted(t, (_, response) =>
    ++tries === 1 ? json(response, 500, {}, { "retry-after": "0", "x-request-id": "req_1" }) : json(response, 200, LINK));
  const warned = new Promise((resolve) => process.once("warning", resolve));
  for (const [way, more] of Object.entries(WAYS)) {
    tries = 0;
    const told = [];
    const client = new Approute({
      ...options,
      ...more,
      logLevel: "debug",
      logger: (level, line) => told.push(["log", level, typeof line]),
      onRequest: ({ operation, method, url, headers, attempt }) => told.push(["request", operation, method, new URL(url).pathname, headers.authorization, attempt]),
      onResponse: ({ attempt, status, requestId, took }) => {
        told.push(["response", attempt, status, requestId, took >= 0]);
        throw new Error("a hook of the user");
      },
      onRetry: ({ attempt, status, wait }) => told.push(["retry", attempt, status, wait]),
    });
    assert.equal((await client.links.get("lnk_1")).id, LINK.id);
    assert.deepEqual(told.filter(([hook]) => hook !== "log"), [
      ["request", "links.get", "GET", "/v1/links/lnk_1", undefined, 1],
      ["response", 1, 500, "req_1", true],
      ["retry", 1, 500, 0],
      ["request", "links.get", "GET", "/v1/links/lnk_1", undefined, 2],
      ["response", 2, 200, null, true],
    ], way);
    assert.ok(told.some(([hook, level]) => hook === "log" && level === "debug"));
  }
  assert.match((await warned).message, /a hook of the user/);
});

test("a function that gives no key rejects the call", async () => {
  const { MockTransport } = await import("@approute/node/mock");
  const failing = MockTransport.withExamples().client({ apiKey: async () => { throw new Error("the vault is shut"); } });
  await assert.rejects(failing.links.get("lnk_1"), /the vault is shut/);
  await assert.rejects(MockTransport.withExamples().client({ apiKey: () => 7 }).links.get("lnk_1"), TypeError);
  let asked = 0;
  const mock = MockTransport.withExamples();
  const client = mock.client({ apiKey: () => `key_${++asked}` });
  await client.links.get("lnk_1");
  await client.links.get("lnk_1");
  assert.deepEqual(mock.requests.map(({ headers }) => headers.authorization), ["Bearer key_1", "Bearer key_2"]);
});

test("CommonJS has the same names, and each knows the other's errors", async () => {
  const cjs = require("@approute/node");
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(sdk).sort());
  assert.notEqual(cjs.ApprouteError, sdk.ApprouteError);
  const client = new cjs.Approute({ apiKey: "x", baseUrl: "http://127.0.0.1:1" });
  const error = await client.links.get("").catch((thrown) => thrown);
  assert.ok(error instanceof cjs.ConfigurationError && error instanceof sdk.ConfigurationError);
  assert.ok(error instanceof sdk.ApprouteError && error instanceof RangeError && error instanceof Error);
  assert.ok(!(error instanceof sdk.APIError) && !(error instanceof cjs.NotFoundError));
  assert.ok(!(new Error("x") instanceof sdk.ApprouteError) && !(null instanceof sdk.ApprouteError));
  class Own extends sdk.NotFoundError {}
  assert.ok(!(errorFrom(new Error('{"class":"NotFoundError","message":"m"}')) instanceof Own));
});

test("an error says everything, on one line and in its stack", async (t) => {
  const { options } = await scripted(t, (_, response) =>
    json(response, 409, { code: "slug_taken", detail: "Taken.\nReally.", errors: [] }, { "x-request-id": "req_7", "retry-after": "1" }));
  const error = await new Approute(options).links.create({ url: "x" }, { idempotencyKey: "k1" }).catch((thrown) => thrown);
  assert.ok(error instanceof sdk.ConflictError && error instanceof sdk.APIError);
  assert.equal(String(error), "ConflictError: 409 slug_taken: Taken. Really. (request id req_7)");
  assert.match(error.stack, /^ConflictError: 409 slug_taken: .*req_7/);
  assert.equal(error.headers["retry-after"], "1");
  assert.equal(JSON.parse(error.body).code, "slug_taken");
  assert.deepEqual(
    { status: error.status, code: error.code, requestId: error.requestId, attempts: error.attempts, retryable: error.retryable, idempotencyKey: error.idempotencyKey, outcome: error.outcome },
    { status: 409, code: "slug_taken", requestId: "req_7", attempts: 1, retryable: false, idempotencyKey: "k1", outcome: "rejected" },
  );
  assert.equal(JSON.parse(JSON.stringify(error)).requestId, "req_7");
});

test("a panic in the native library is an ordinary error, and the next call works", async (t) => {
  const { options } = await scripted(t, (_, response) => json(response, 200, LINK));
  const client = new Approute(options);
  assert.throws(() => native().panicForTest(), (thrown) => {
    const error = errorFrom(thrown);
    assert.ok(error instanceof sdk.ApprouteError);
    assert.match(error.message, /native part failed.*on purpose.*please report it/);
    return true;
  });
  assert.equal((await client.links.get("lnk_1")).id, LINK.id);
});

test("the native library has this version and these operations", async () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url)));
  assert.equal(sdk.VERSION, manifest.version);
  assert.equal(native().version(), manifest.version);
  for (const version of Object.values(manifest.optionalDependencies ?? {})) assert.equal(version, manifest.version);
  const source = readFileSync(new URL("../dist/esm/generated/resources.js", import.meta.url), "utf8");
  const ids = [...source.matchAll(/number: (\d+),\s+id: "([^"]+)"/g)].map(([, number, id]) => [Number(number), id]);
  assert.deepEqual(ids, [...native().operations().entries()]);
  assert.ok(Object.keys(shapes.models).length > 10);
  assert.throws(() => checkVersion("0.0.9"), /found the native library of version 0\.0\.9.*npm install/);
});

test("what is missing is named", () => {
  assert.equal(platformName("linux", "x64", () => true), "linux-x64-musl");
  assert.equal(platformName("linux", "arm64", () => false), "linux-arm64-gnu");
  assert.equal(platformName("darwin", "arm64"), "darwin-arm64");
  assert.equal(platformName("win32", "x64"), "win32-x64-msvc");
  assert.match(explain("linux-x64-gnu", []), /@approute\/node-linux-x64-gnu is missing.*--omit=optional/);
  assert.match(explain("sunos-x64", []), /no native library for sunos-x64.*@approute\/node\/webhooks/);
  assert.match(explain("linux-x64-gnu", ["./x.node: GLIBC_2.99 not found"]), /GLIBC_2\.99/);
});

test("importing loads no native library, and webhooks never do", async () => {
  const source = `
    import "@approute/node"; import "@approute/node/mock";
    import { verify } from "@approute/node/webhooks";
    await verify("x", {}, "whsec_eA==").catch((error) => console.log(error.reason));
    console.log(process.report.getReport().sharedObjects.some((name) => name.includes("approute")));`;
  const { output } = await program(source);
  assert.equal(output, "no_signature\nfalse\n");
});
