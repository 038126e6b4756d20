// The process around the client: it stays while a call is pending and no longer, and nothing piles up in it.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Approute } from "@approute/node";
import { json, LINK, program, scripted, WAYS } from "./support.mjs";

const full = process.env.APPROUTE_FULL === "1";

test("a pending call keeps the process, a finished one does not", async (t) => {
  const { options } = await scripted(t, (_, response) => setTimeout(() => json(response, 200, LINK), 300));
  const { code, output } = await program(`
    import { Approute } from "@approute/node";
    const client = new Approute(${JSON.stringify(options)});
    client.links.get("lnk_1").then((link) => console.log(link.id));`);
  assert.equal(output, `${LINK.id}\n`);
  assert.equal(code, 0);
});

test("exit with calls in flight is prompt and clean", async (t) => {
  const { options } = await scripted(t, () => undefined);
  for (const way of ["", "fetch,"]) {
    const { code, signal, output, took } = await program(`
      import { Approute } from "@approute/node";
      const client = new Approute({ ...${JSON.stringify(options)}, ${way} });
      for (let at = 0; at < 50; at++) client.links.get("lnk_1").catch(() => undefined);
      setTimeout(() => process.exit(), 100);`);
    assert.deepEqual({ code, signal, output }, { code: 0, signal: null, output: "" });
    assert.ok(took < 15_000, `${took} ms`);
  }
});

test("the event loop goes on during slow calls", async (t) => {
  const { options } = await scripted(t, (_, response) => setTimeout(() => json(response, 200, LINK), 300));
  const client = new Approute(options);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await client.links.get("lnk_1");
  clearInterval(timer);
  assert.ok(ticks > 5, `${ticks} ticks`);
});

const workers = full ? 500 : 60;
test(`${workers} workers come and go, half of them in mid-call`, async (t) => {
  let slow = 0;
  const { options } = await scripted(t, (request, response) => {
    if (request.url.endsWith("slow")) slow++;
    else json(response, 200, LINK);
  });
  const entry = new URL("../dist/esm/index.js", import.meta.url).href;
  const source = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(entry)}).then(async ({ Approute }) => {
      const client = new Approute(workerData.options);
      const link = await client.links.get("lnk_1");
      if (workerData.stays) client.links.get("lnk_slow").catch(() => undefined);
      parentPort.postMessage(link.id);
    });`;
  const one = (stays) => new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true, workerData: { options, stays } });
    let got;
    worker.on("message", (id) => {
      got = id;
      // In mid-call, or on its own.
      if (stays) worker.terminate();
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(got));
  });
  for (let at = 0; at < workers; at += 10) {
    const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => one(index % 2 === 0)));
    assert.deepEqual(new Set(ids), new Set([LINK.id]));
  }
  // The main thread's own calls still work.
  assert.equal((await new Approute(options).links.get("lnk_1")).id, LINK.id);
});

const count = full ? 100_000 : 5_000;
for (const [way, more] of Object.entries(WAYS)) {
  test(`${count} calls that succeed, fail and are given up leave everything level, over ${way}`, async (t) => {
    const { options } = await scripted(t, (request, response) => {
      const kind = request.url.split("_").at(-1);
      if (kind === "ok") json(response, 200, LINK);
      else if (kind === "bad") json(response, 404, { code: "not_found", detail: "None." });
    });
    const client = new Approute({ ...options, ...more });
    const kinds = [
      () => client.links.get("lnk_ok"),
      () => client.links.get("lnk_bad").catch(() => undefined),
      () => client.links.get("lnk_slow", { signal: AbortSignal.timeout(1) }).catch(() => undefined),
    ];
    const some = async (number) => {
      for (let at = 0; at < number; at += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, index) => kinds[index % 3]()));
      }
    };
    const settled = async () => {
      for (let at = 0; at < 5; at++) {
        global.gc?.();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const count = (folder) => (process.platform === "linux" ? readdirSync(folder).length : 0);
      return { rss: process.memoryUsage().rss / 2 ** 20, fds: count("/proc/self/fd"), threads: count("/proc/self/task") };
    };
    await some(1_000);
    const before = await settled();
    await some(count);
    const after = await settled();
    const told = JSON.stringify({ before, after });
    // Generous: allocators keep what they had, and how many of the 50 connections (both ends are here) are kept or still
    // closing differs from wave to wave. A leak would be one for each call that was given up, 1,700 of them or more.
    assert.ok(after.rss - before.rss < 60, told);
    assert.ok(after.fds - before.fds < 200, told);
    assert.ok(after.threads - before.threads <= 2, told);
  });
}

test("a hundred clients that were used are let go", { skip: typeof gc === "undefined" && "needs --expose-gc" }, async (t) => {
  const { options } = await scripted(t, (_, response) => json(response, 200, LINK));
  let gone = 0;
  const registry = new FinalizationRegistry(() => gone++);
  for (let at = 0; at < 100; at++) {
    const client = new Approute(options);
    await client.links.get("lnk_1");
    registry.register(client, 0);
  }
  for (let at = 0; at < 100 && gone < 90; at++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(gone >= 90, `${gone} of 100`);
});
