// A server, a browser, and what must hold on every page.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";

import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** People do not come with a headless browser, and the server counts those as bots. */
const PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
export const DESKTOP = { width: 1100, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** The browser: Debian's, with a profile of its own that goes when it is closed. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.APPROUTE_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The reference server in development, in memory, on a free port, until the test is over. */
export async function startServer(test) {
  const program = process.env.APPROUTE_SERVER;
  assert.ok(program, "APPROUTE_SERVER names the approute-server to test; see scripts/test");
  const child = spawn(program, ["serve", "--dev", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", process.env.APPROUTE_VERBOSE ? "inherit" : "ignore"],
  });
  test.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const ready = JSON.parse(line);
  return {
    url: ready.base_url,
    signIn: ready.dashboard_url,
    key: ready.api_key,
    /** Calls the API, or a control for tests. */
    async call(method, path, body, key = ready.api_key, headers = {}) {
      const response = await fetch(ready.base_url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }), ...headers },
        body: body && JSON.stringify(body),
        redirect: "manual",
      });
      const text = await response.text();
      return { status: response.status, body: text ? JSON.parse(text) : null };
    },
  };
}

/** What `make demo` starts, on a terminal, with its data in a folder of the test's own. */
export async function startDemo(test) {
  const server = resolve(process.env.APPROUTE_SERVER);
  const data = await mkdtemp(`${tmpdir()}/approute-demo-`);
  const command = `'${dirname(server)}/approute-demo' --server '${server}' --data '${data}'`;
  const { CI, ...env } = process.env;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    cwd: resolve(import.meta.dirname, "../.."), env, stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  child.stdin.on("error", () => {});
  const end = async () => {
    // As the terminal does, so that the program under it ends its server.
    child.stdin.write("\x03");
    return (await exited)[0] === 130;
  };
  test.after(async () => {
    if (child.exitCode === null) await end();
    await rm(data, { recursive: true, force: true });
  });
  for await (const line of createInterface(child.stdout)) {
    const [signIn] = line.match(/http:\S+\/dashboard\/sign-in\?token=\S+/) ?? [];
    if (!signIn) continue;
    child.stdout.resume();
    return { signIn, end };
  }
  assert.fail("the demo ended without a link to the dashboard");
}

/** Where links lead, and where webhooks are sent: the internet of these tests. */
export async function startWorld(test) {
  const deliveries = [];
  const world = { status: 204, deliveries };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method === "POST") deliveries.push(JSON.parse(Buffer.concat(chunks)));
    response.writeHead(request.method === "POST" ? world.status : 200, { "content-type": "text/html" });
    response.end("<!doctype html><title>Landing</title><link rel=icon href=data:,><h1>You are there</h1>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  world.url = `http://127.0.0.1:${server.address().port}`;
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return world;
}

/**
 * A window of the browser, which is watched: no error on the console, no exception, no dialog, no request to any other
 * host. `check()` says what was seen, and is called at the end of every test.
 */
export async function open(test, browser, hosts, options = {}) {
  const context = await browser.newContext({ userAgent: PERSON, viewport: DESKTOP, ...options });
  test.after(() => context.close());
  // A machine under load takes its time.
  context.setDefaultTimeout(30_000);
  const seen = [];
  /** Pages that were refused on purpose: Chromium reports each on the console. */
  const refused = new Set();
  const watch = (page) => {
    page.on("pageerror", (error) => seen.push(`exception: ${error.message}`));
    page.on("dialog", (dialog) => {
      seen.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("response", (response) => {
      if (response.status() >= 400 && response.request().isNavigationRequest()) refused.add(response.url());
    });
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      if (/^Failed to load resource: .* status of 4\d\d/.test(message.text()) && refused.has(message.location().url)) return;
      seen.push(`console: ${message.text()} (${message.location().url})`);
    });
  };
  context.on("page", watch);
  context.on("request", (request) => {
    if (!hosts.some((host) => request.url().startsWith(`${host}/`))) seen.push(`request to ${request.url()}`);
  });
  const page = await context.newPage();
  return {
    page,
    context,
    check: () => assert.deepEqual(seen, []),
  };
}

/** Signs in by the button of the link, with the keyboard. */
export async function signIn(page, link) {
  await page.goto(link);
  await page.getByRole("button", { name: "Open the dashboard" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

/** axe finds nothing on this page, and nothing is wider than the screen. */
export async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.map((violation) => ({
      id: violation.id,
      help: violation.help,
      nodes: violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`),
    }));
  });
  assert.deepEqual(found, [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what}: the page is ${wide} pixels wider than the screen`);
}
