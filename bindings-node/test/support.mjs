// What the tests share: the real server, servers that do as they are told, and programs of their own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Approute } from "@approute/node";

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? `${root}/target`;

/** The reference server in memory. Ends with the test. */
export async function realServer(t, ...more) {
  const server = spawn(`${target}/debug/approute-server`, ["serve", "--dev", "--listen", "127.0.0.1:0", ...more], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const { base_url: baseUrl, api_key: apiKey, read_key: readKey } = JSON.parse(line);
  return { baseUrl, apiKey, readKey, client: new Approute({ baseUrl, apiKey }) };
}

/** A server that answers as `handler` does. Ends with the test. */
export async function scripted(t, handler) {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  return { server, baseUrl, options: { baseUrl, apiKey: "test_key" } };
}

/** The options of a client with each of the ways to send. */
export const WAYS = {
  native: {},
  fetch: { fetch: (...args) => globalThis.fetch(...args) },
};

export function json(response, status, value, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

/** Runs a program of its own; gives its exit code, what it wrote, and how long it took. */
export async function program(source, { env = {}, args = [], timeout = 60_000 } = {}) {
  const began = performance.now();
  const child = spawn(process.execPath, [...args, "--input-type=module", "-e", source], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, output, took: performance.now() - began };
}

export const LINK = {
  id: "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC",
  domain: "go.example.com",
  slug: "autumn-nora",
  short_url: "https://go.example.com/autumn-nora",
  url: "https://example.com/autumn?ref=nora",
  external_id: null,
  title: "Nora",
  notes: null,
  tags: ["autumn"],
  targets: { ios: null, android: null },
  geo: {},
  variants: [],
  utm: { source: null, medium: null, campaign: null, term: null, content: null },
  forward_query: true,
  redirect_status: 302,
  has_password: false,
  password_policy: { max_failures: 5, window_seconds: 600 },
  starts_at: null,
  expires_at: null,
  expired_url: null,
  click_limit: null,
  click_thresholds: [],
  program_id: null,
  sub_id: "nora-lind",
  archived: false,
  status: "active",
  click_count: 42,
  bot_click_count: 3,
  last_clicked_at: null,
  created_at: "2026-11-01T08:00:00Z",
  updated_at: "2026-11-01T08:00:00Z",
  deleted_at: null,
  purge_at: null,
  created_by_key_id: "key_01JD7Y0T6K4N2V9H7R3P1W8XAB",
  version: 1,
};
