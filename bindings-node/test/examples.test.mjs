// What the README and the examples show runs as it is written.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Approute, NotFoundError, webhook } from "@approute/node";
import { MockTransport, Reply } from "@approute/node/mock";
import { program, realServer } from "./support.mjs";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name) => readFileSync(path(name), "utf8");
const blocks = () => [...read("bindings-node/README.md").matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);

test("the quick starts are the program, and it runs", async (t) => {
  const quickstart = read("examples/node/quickstart.mjs");
  assert.equal(blocks()[0], quickstart);
  assert.ok(read("README.md").includes(quickstart), "README.md quotes it too");
  const { baseUrl, apiKey } = await realServer(t);
  const { code, output } = await program(quickstart, { env: { APPROUTE_BASE_URL: baseUrl, APPROUTE_API_KEY: apiKey } });
  assert.match(output, /^share http.*\nso far it has 0 clicks\n$/);
  assert.equal(code, 0);
});

test("every other block of the README runs", async (t) => {
  const { baseUrl, apiKey } = await realServer(t);
  const client = new Approute({ baseUrl, apiKey });
  const link = await client.links.create({ url: "https://example.com/" });
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const rawBody = JSON.stringify({ type: "link.frozen", sent_at: new Date().toISOString() });
  const sdk = await import("@approute/node");
  const names = {
    ...sdk, assert, client, link, MockTransport, Reply, NotFoundError, rawBody, console: { log() {} },
    request: { headers: webhook.sign(rawBody, secret, "evt_1") }, process: { env: { WEBHOOK_SECRET: secret } },
  };
  const given = Object.keys(names).filter((name) => name !== "default");
  const AsyncFunction = (async () => undefined).constructor;
  for (const block of blocks().slice(1)) {
    // In a scope inside that of the given names, so that it may declare the same ones.
    await new AsyncFunction(...given, `{ ${block.replace(/^import .*$/gm, "")} }`)(...given.map((name) => names[name]));
  }
});

test("the creators' job makes nothing twice", async (t) => {
  const { baseUrl, apiKey } = await realServer(t);
  const job = (csv) =>
    promisify(execFile)(process.execPath, ["--import", new URL("resolve.mjs", import.meta.url).href, path("examples/node/creators.mjs"), csv], {
      env: { ...process.env, APPROUTE_BASE_URL: baseUrl, APPROUTE_API_KEY: apiKey },
    }).then(({ stdout }) => stdout.trimEnd().split("\n"), ({ stderr, code }) => ({ stderr, code }));
  const first = await job(path("examples/creators.csv"));
  assert.equal(first[0], "200 links made", first.stderr);
  assert.equal(first.length, 201);
  const second = await job(path("examples/creators.csv"));
  assert.equal(second[0], "all links are there");
  assert.deepEqual(second.slice(1).sort(), first.slice(1).sort());
  const broken = await job(path("Cargo.toml"));
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /has no column external_id/);
});

test("the samples of the API's documentation run", async (t) => {
  const { client } = await realServer(t);
  const signs = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#x27;": "'", "&#x2f;": "/" };
  const found = read("server-reference/src/generated/docs.html").matchAll(/<summary>Node\.js<\/summary><pre[^>]*><code>(.*?)<\/code>/gs);
  const samples = [...found].map(([, code]) => code.replace(/&[#\w]+;/g, (sign) => signs[sign]));
  assert.ok(samples.length >= 15);
  const AsyncFunction = (async () => undefined).constructor;
  for (const sample of samples) {
    try {
      assert.notEqual(await new AsyncFunction("client", `${sample}\nreturn answer;`)(client), undefined, sample);
    } catch (error) {
      // The server has read the whole request; it only knows none of the ids.
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
});
