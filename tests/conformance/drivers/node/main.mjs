// The conformance driver for Node.js. `--fetch` sends with the platform's fetch, checks webhooks by WebCrypto, and takes
// the CommonJS build. See tests/conformance/README.md.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { format, inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { operations } from "./dispatch.mjs";

const overFetch = process.argv.includes("--fetch");
const require = createRequire(import.meta.url);
const dist = "../../../../bindings-node/dist";
const sdk = overFetch ? require(`${dist}/cjs/index.js`) : await import(`${dist}/esm/index.js`);
const webhooks = overFetch ? require(`${dist}/cjs/webhooks.js`) : sdk.webhook;

const NATIVE_ONLY = ["proxy", "extra_ca"];
const CAPABILITIES = ["api_key_function", "cancel", "gauges", "hooks", "log", "prefetch"].concat(overFetch ? [] : NATIVE_ONLY);

let client;
let hooks = [];
let told = "";
let log = "";

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const spelled = (options) => Object.fromEntries(Object.entries(options).map(([name, value]) => [camel(name), value]));
const printed = (value) => [inspect(value, { depth: 9 }), format(value), String(value)].join(" ");

/** Notes what a hook was given, and how all of it prints. */
function note(notice, seen) {
  hooks.push(seen);
  told += `${printed(notice)}${JSON.stringify(notice)}\n`;
}

function makeClient({ options, script }) {
  const { api_key_function: keys, ...rest } = options;
  const given = spelled(rest);
  if (keys) {
    given.apiKey = async () => {
      if (keys.length === 0) throw new Error("there is no further key");
      return keys.shift();
    };
  }
  if (overFetch) given.fetch = (...args) => fetch(...args);
  client = new sdk.Approute({
    ...given,
    logger: (_, line) => (log += `${line}\n`),
    onRequest: (notice) => note(notice, { hook: "request", attempt: notice.attempt, operation: notice.operation }),
    onResponse: (notice) => {
      const { attempt, status, requestId } = notice;
      note(notice, { hook: "response", attempt, status, request_id: requestId });
    },
    onRetry: (notice) => note(notice, { hook: "retry", attempt: notice.attempt, wait: notice.wait, status: notice.status }),
    _native: { script },
  });
  return { printed: printed(client) + JSON.stringify(client) };
}

function responseOf({ status, requestId, rateLimit, attempts, replayed, headers }) {
  return { status, request_id: requestId, rate_limit: rateLimit, attempts, replayed, headers };
}

function errorOf(error) {
  if (!(error instanceof sdk.ApprouteError)) return { problem: inspect(error) };
  const { name, status, code, message, errors, requestId, headers, body, attempts, retryable, idempotencyKey, outcome } = error;
  return {
    error: {
      class: name, status: status ?? null, code: code ?? null, message, errors, request_id: requestId ?? null, headers, body,
      attempts, retryable, idempotency_key: idempotencyKey ?? null, outcome, confirmation: error.confirmation ?? null,
      reason: error.reason ?? null, text: String(error),
    },
    printed: printed(error) + JSON.stringify(error) + inspect(error.confirmation),
  };
}

async function appears(file) {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function listed(pager, { by, stop_after: most, until }) {
  const items = [];
  const pages = [];
  let error;
  const full = async (count) => {
    if (count !== most) return false;
    if (until) await appears(until);
    return true;
  };
  try {
    if (by === "pages") {
      for await (const page of pager.pages()) {
        items.push(...page.items);
        pages.push(page.items.length);
        if (await full(pages.length)) break;
      }
    } else {
      for await (const item of pager) {
        items.push(item);
        if (await full(items.length)) break;
      }
    }
  } catch (thrown) {
    error = errorOf(thrown);
  }
  return { items, ...(by === "pages" && { pages }), ...error };
}

async function makeCall({ call, args, options, copy, cancel, list, file }) {
  const given = spelled(options);
  const controller = new AbortController();
  let watch;
  if (cancel) {
    given.signal = controller.signal;
    watch = setInterval(() => existsSync(cancel) && controller.abort(), 2);
  }
  try {
    if (list) {
      const pager = operations[call](client, args, { ...given, prefetch: list.prefetch });
      return await listed(pager, list);
    }
    const started = operations[call](copy ? client.withOptions({}) : client, args, given);
    const promise = started instanceof sdk.Pager ? started.page() : started;
    const { data, response } = await promise.withResponse();
    const report = { response: responseOf(response), printed: printed(data) };
    if (data instanceof sdk.Binary) {
      if (file) await data.writeTo(file);
      return { ...report, bytes: { content_type: data.contentType, length: data.data.length } };
    }
    return { ...report, ...(data !== undefined && { value: data }) };
  } catch (thrown) {
    return thrown === controller.signal.reason ? { cancelled: true } : errorOf(thrown);
  } finally {
    clearInterval(watch);
  }
}

/** Headers as node:http has them, with a list where a name is repeated; over fetch they stay pairs. */
function grouped(pairs) {
  const all = {};
  for (const [name, value] of pairs) all[name] = name in all ? [all[name], value].flat() : value;
  return all;
}

async function useWebhook({ do: what, payload, headers, signature, secrets, now, tolerance, id, timestamp }) {
  const body = Buffer.from(payload, "base64");
  if (what === "webhook.sign") return { headers: await webhooks.sign(body, secrets[0], id, timestamp) };
  const given = [body, signature ?? (overFetch ? headers : grouped(headers)), secrets, { now, tolerance }];
  if (what === "webhook.verify") return (await webhooks.verify(...given), {});
  const value = await webhooks.unwrap(...given);
  return { event: { known: !(value instanceof sdk.UnknownEvent), value }, printed: printed(value) };
}

/** What a leak would show in. */
let collect;
function gauges() {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc");
  }
  collect();
  return { gauges: { heap: process.memoryUsage().heapUsed } };
}

async function answer(message) {
  try {
    if (message.do === "client") return makeClient(message);
    if (message.do === "call") return await makeCall(message);
    if (message.do === "gauges") return gauges();
    return await useWebhook(message);
  } catch (thrown) {
    return errorOf(thrown);
  }
}

const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
write({ protocol: 2, capabilities: CAPABILITIES, zero_is_null: false });
for await (const line of createInterface({ input: process.stdin })) {
  const report = await answer(JSON.parse(line));
  write({ ...report, ...(hooks.length > 0 && { hooks, told }), ...(log && { log }) });
  hooks = [];
  told = "";
  log = "";
}
