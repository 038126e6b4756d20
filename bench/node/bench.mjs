// Node.js: @approute/node beside fetch, undici.Pool and axios, in one process, in turn, so that whatever else the machine
// does hits all of them alike. Prints the medians of wall and CPU time and the ratios.
//
//   node --expose-gc bench/node/bench.mjs [--rounds=15] [--only=page] [--json=FILE]
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { readdirSync, statSync, writeFileSync } from "node:fs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? `${root}target`;
const rounds = Number(process.argv.find((a) => a.startsWith("--rounds="))?.split("=")[1] ?? 15);
const own = createRequire(new URL("package.json", import.meta.url));

const { Approute, webhook } = await import("../../bindings-node/dist/esm/index.js");
const edge = await import("../../bindings-node/dist/esm/webhooks.js");
const { Pool } = own("undici");
const axios = own("axios");
const { Webhook } = own("standardwebhooks");
const svix = own("svix");

const server = spawn(process.env.APPROUTE_BENCH_SERVER ?? `${target}/release/bench-server`, { stdio: ["pipe", "pipe", "inherit"] });
const [line] = await once(createInterface({ input: server.stdout }), "line");
const url = JSON.parse(line);

const key = "apr_bench_key";
const headers = { authorization: `Bearer ${key}`, accept: "application/json", "approute-version": "2026-11-01" };
const clients = (base) => {
  const client = new Approute({ apiKey: key, baseUrl: base });
  const pool = new Pool(base, { connections: 64 });
  const http = axios.create({ baseURL: base, headers });
  return {
    approute: (path) => client.links.get(path.slice(10)),
    fetch: async (path) => (await fetch(base + path, { headers })).json(),
    "undici.Pool": async (path) => (await pool.request({ path, method: "GET", headers })).body.json(),
    axios: async (path) => (await http.get(path)).data,
    list: () => client.links.list({ limit: 100 }).page(),
    pool,
  };
};
const one = clients(url.link);
const page = clients(url.page);

/** Reads every field of every item, by their names, as programs do. */
let seen = 0;
const fields = Object.keys(await one.approute("/v1/links/lnk_1"));
const readItem = new Function("item", `return ${fields.map((name) => `(item.${name} === null ? 0 : 1)`).join(" + ")}`);
function readAll({ items }) {
  for (const item of items) seen += readItem(item);
}

const PEERS = ["approute", "fetch", "undici.Pool", "axios"];
const path = "/v1/links/lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC";

async function sequential(send, count) {
  for (let at = 0; at < count; at++) (await send(path)).short_url;
}
async function together(send, count) {
  let left = count;
  const worker = async () => {
    while (left-- > 0) (await send(path)).short_url;
  };
  await Promise.all(Array.from({ length: 64 }, worker));
}

async function measure(run, count) {
  // Nobody pays for what another one left behind. A full collection would throw compiled code away too.
  globalThis.gc?.({ type: "minor" });
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  await run(count);
  const wall = Number(process.hrtime.bigint() - began) / 1000 / count;
  const { user, system } = process.cpuUsage(cpu);
  return [wall, (user + system) / count];
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Runs every contestant in each round, in turn, and takes the medians. */
async function contest(title, contestants, count, times = rounds) {
  if (only !== undefined && !title.includes(only)) return;
  const names = Object.keys(contestants);
  const walls = Object.fromEntries(names.map((name) => [name, []]));
  const cpus = structuredClone(walls);
  for (const name of names) await measure(contestants[name], Math.ceil(count / 2));
  for (let round = 0; round < times; round++) {
    // Another one begins each time.
    for (let at = 0; at < names.length; at++) {
      const name = names[(at + round) % names.length];
      const [wall, cpu] = await measure(contestants[name], count);
      walls[name].push(wall);
      cpus[name].push(cpu);
    }
  }
  results[title] = Object.fromEntries(names.map((name) => [name, { wall: median(walls[name]), cpu: median(cpus[name]) }]));
}

const results = {};
const only = process.argv.find((a) => a.startsWith("--only="))?.split("=")[1];
await contest("one after the other", Object.fromEntries(PEERS.map((peer) => [peer, (count) => sequential(one[peer], count)])), 400);
await contest("64 at once", Object.fromEntries(PEERS.map((peer) => [peer, (count) => together(one[peer], count)])), 2000);
const many = (get) => async (count) => {
  for (let at = 0; at < count; at++) readAll(await get());
};
const pageText = await (await fetch(`${url.page}/v1/links?limit=100`)).text();
await contest("page of 1,000 links", {
  approute: many(page.list),
  ...Object.fromEntries(PEERS.slice(1).map((peer) => [peer, many(() => page[peer]("/v1/links?limit=100"))])),
  // Without a network: what a page costs at least, where it is parsed by JSON.parse.
  "JSON.parse alone": many(() => JSON.parse(pageText)),
}, 20);

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const now = Math.floor(Date.now() / 1000);
const body = JSON.stringify({
  id: "evt_1", type: "link.click_threshold", created_at: new Date().toISOString(), sent_at: new Date().toISOString(),
  attempt: 1, api_version: "2026-11-01", workspace_id: "wsp_1",
  data: { link: await one.approute(path), threshold: 100, click_count: 100, crossed_at: new Date().toISOString() },
});
const signed = webhook.sign(body, secret, "evt_1", now);
const standard = { ...signed };
delete standard["x-approute-signature"];
const standardwebhooks = new Webhook(secret);
const svixWebhook = new svix.Webhook(secret);
const looped = (work) => async (count) => {
  for (let at = 0; at < count; at++) work();
};
await contest("verify a webhook and parse it", {
  approute: looped(() => (webhook.verify(body, signed, secret), JSON.parse(body))),
  "approute unwrap": looped(() => webhook.unwrap(body, signed, secret)),
  "approute, WebCrypto": async (count) => {
    for (let at = 0; at < count; at++) await edge.unwrap(body, signed, secret);
  },
  standardwebhooks: looped(() => standardwebhooks.verify(body, standard)),
  svix: looped(() => svixWebhook.verify(body, standard)),
  // What no SDK can be faster than, where the JSON is parsed by JSON.parse.
  "JSON.parse alone": looped(() => JSON.parse(body)),
  "approute, verify alone": looped(() => webhook.verify(body, signed, secret)),
}, 1000);

// --- what happens once ------------------------------------------------------------------------------------------------

function once_(source) {
  const values = Array.from({ length: 9 }, () =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", source], { cwd: fileURLToPath(new URL(".", import.meta.url)) })));
  return median(values);
}
const folder = fileURLToPath(new URL("../../bindings-node/", import.meta.url));
const entry = fileURLToPath(new URL("../../bindings-node/dist/esm/index.js", import.meta.url));
const timed = (work) => `const began = performance.now(); ${work}; console.log(performance.now() - began); process.exit();`;
if (only === undefined) results.once = {
  "import, ms": { approute: once_(timed(`await import(${JSON.stringify(entry)})`)), undici: once_(timed(`await import("undici")`)), axios: once_(timed(`await import("axios")`)) },
  "import, client and first call, ms": {
    approute: once_(timed(`const { Approute } = await import(${JSON.stringify(entry)}); await new Approute({ apiKey: "k", baseUrl: ${JSON.stringify(url.link)} }).links.get("x")`)),
    fetch: once_(timed(`await (await fetch(${JSON.stringify(url.link + path)})).json()`)),
    axios: once_(timed(`const { default: axios } = await import("axios"); await axios.get(${JSON.stringify(url.link + path)})`)),
  },
};

// --- what it takes --------------------------------------------------------------------------------------------------------

// Resident memory after a first call, above that of a bare process; of the package, what is installed.
const resident = (source) => once_(`${source}; console.log(process.memoryUsage.rss() / 2 ** 20); process.exit();`);
const sizeOf = (place) =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .reduce((sum, file) => sum + statSync(`${file.parentPath ?? file.path}/${file.name}`).size, 0) / 2 ** 20;
if (only === undefined) {
  const bare = resident("");
  results.once["memory of the first call, MiB"] = {
    approute: resident(`const { Approute } = await import(${JSON.stringify(entry)}); await new Approute({ apiKey: "k", baseUrl: ${JSON.stringify(url.link)} }).links.get("x")`) - bare,
    fetch: resident(`await (await fetch(${JSON.stringify(url.link + path)})).json()`) - bare,
    axios: resident(`const { default: axios } = await import("axios"); await axios.get(${JSON.stringify(url.link + path)})`) - bare,
  };
  const native = readdirSync(folder).filter((file) => file.endsWith(".node"));
  const ours = native.reduce((sum, file) => sum + statSync(`${folder}${file}`).size / 2 ** 20, sizeOf(`${folder}dist`));
  results.once["installed, MiB"] = { approute: ours, undici: sizeOf(`${root}bench/node/node_modules/undici`), axios: sizeOf(`${root}bench/node/node_modules/axios`) };
}

server.stdin.end();
await one.pool.close();
await page.pool.close();

const file = process.argv.find((a) => a.startsWith("--json="))?.split("=")[1];
if (file !== undefined) writeFileSync(file, JSON.stringify(results, null, 2));
console.log(`Node.js ${process.versions.node}; microseconds per call, wall / CPU, medians of ${rounds} rounds\n`);
for (const [name, all] of Object.entries(results)) {
  if (name === "once") continue;
  console.log(name);
  const best = all.approute;
  for (const [peer, { wall, cpu }] of Object.entries(all)) {
    const ratio = peer === "approute" ? "" : `  approute is ${(best.wall / wall).toFixed(2)} of it`;
    console.log(`  ${peer.padEnd(22)} ${wall.toFixed(1).padStart(9)} / ${cpu.toFixed(1).padStart(8)}${ratio}`);
  }
}
for (const [name, all] of Object.entries(results.once ?? {})) {
  console.log(name);
  for (const [peer, value] of Object.entries(all)) console.log(`  ${peer.padEnd(22)} ${value.toFixed(1).padStart(9)}`);
}
