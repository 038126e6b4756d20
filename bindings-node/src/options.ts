// Settings of a client, options of a call, and how both are written for the native library.
import { badArgument } from "./errors.js";

/** The `fetch` of the platform, or one that behaves like it. */
export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** A try that begins. */
export interface RequestInfo {
  /** Such as `links.create`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** Without those that carry secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** 1 for the first. */
  readonly attempt: number;
}

/** A try that has ended. */
export interface ResponseNotice {
  /** Such as `links.create`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** How long the try took, in milliseconds. */
  readonly took: number;
  /** Null when there was no answer. */
  readonly status: number | null;
  /** Without those that carry secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** `X-Request-Id`. */
  readonly requestId: string | null;
  /** Why there was no answer. */
  readonly failure: string | null;
}

/** A wait that begins before another try. */
export interface RetryNotice {
  /** Such as `links.create`. */
  readonly operation: string;
  /** The try that failed. */
  readonly attempt: number;
  /** How long it waits, in milliseconds. */
  readonly wait: number;
  /** The failed try's status. */
  readonly status: number | null;
  /** Why it failed. */
  readonly reason: string;
}

/** How much is logged. */
export type LogLevel = "off" | "info" | "debug";

/** Settings of a client that each call can have its own of. Times are milliseconds. */
export interface SharedOptions {
  /** For the whole call, tries and waits included; 90,000 by default. */
  timeout?: number | undefined;
  /** For one try; 20,000 by default. */
  attemptTimeout?: number | undefined;
  /** Retries after the first try; 2 by default, 0 means exactly one try. */
  maxRetries?: number | undefined;
  /** How large an answer may be after decompression; 64 MiB by default. */
  maxResponseBytes?: number | undefined;
}

/** Options of one call, always its last argument. */
export interface CallOptions extends SharedOptions {
  /** Headers to add to the request, or to send in place of others. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Parameters to add to the query. */
  query?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** The key under which the server carries a write out once. By default a random one for each call. */
  idempotencyKey?: string | undefined;
  /** The token of a ConfirmationRequiredError, after a person agreed. */
  confirmation?: string | undefined;
  /** Ends the call when it is aborted; the promise is then rejected with its reason. */
  signal?: AbortSignal | undefined;
}

/** Options of a list. They count for each of its pages. */
export interface ListOptions extends CallOptions {
  /** Whether the page after the current one is fetched meanwhile; off by default. */
  prefetch?: boolean | undefined;
}

/** Settings of a client. */
export interface ClientOptions extends SharedOptions {
  /** The API key, or a function that returns one and is asked before each call. By default `APPROUTE_API_KEY`. */
  apiKey?: string | (() => string | Promise<string>) | undefined;
  /** Where the API is. By default `APPROUTE_BASE_URL`, else `https://getapproute.com`. */
  baseUrl?: string | undefined;
  /** Whether plain http may leave this machine. */
  allowInsecureHttp?: boolean | undefined;
  /** For a connection to be made; 5,000 by default. */
  connectTimeout?: number | undefined;
  /** Headers of every request. */
  defaultHeaders?: Readonly<Record<string, string>> | undefined;
  /** Sends requests in place of the native HTTP client, so that your mocks, agents and instrumentation see them. */
  fetch?: Fetch | undefined;
  /** The proxy's URL. By default `HTTPS_PROXY` and `NO_PROXY` count. */
  proxy?: string | undefined;
  /** Certificate authorities to trust beside the system's, PEM. */
  extraCa?: string | readonly string[] | undefined;
  /** How much is logged. By default `APPROUTE_LOG`, else `off`. */
  logLevel?: LogLevel | undefined;
  /** Takes the lines of the log, in place of stderr. */
  logger?: ((level: "info" | "debug", line: string) => void) | undefined;
  /** Called when a try begins. */
  onRequest?: ((request: RequestInfo) => void) | undefined;
  /** Called when a try has ended. */
  onResponse?: ((response: ResponseNotice) => void) | undefined;
  /** Called when a wait before another try begins. */
  onRetry?: ((retry: RetryNotice) => void) | undefined;
}

type Kind = "number" | "time" | "string" | "boolean" | "function" | "strings" | "pairs" | "signal" | "key";

const SHARED: Record<keyof SharedOptions, Kind> = {
  timeout: "time",
  attemptTimeout: "time",
  maxRetries: "number",
  maxResponseBytes: "number",
};

const CALL: Record<keyof ListOptions, Kind> = {
  ...SHARED,
  headers: "pairs",
  query: "pairs",
  idempotencyKey: "string",
  confirmation: "string",
  signal: "signal",
  prefetch: "boolean",
};

const CLIENT: Record<keyof ClientOptions, Kind> = {
  ...SHARED,
  apiKey: "key",
  baseUrl: "string",
  allowInsecureHttp: "boolean",
  connectTimeout: "time",
  defaultHeaders: "pairs",
  fetch: "function",
  proxy: "string",
  extraCa: "strings",
  logLevel: "string",
  logger: "function",
  onRequest: "function",
  onResponse: "function",
  onRetry: "function",
};

/** An option's name and value as the native library reads it, or undefined for what stays on this side. */
function written(name: string, kind: Kind, value: unknown): unknown {
  const refuse = (what: string) => badArgument("type", `\`${name}\` must be ${what}`);
  switch (kind) {
    case "time":
    case "number":
      if (typeof value !== "number") throw refuse("a number");
      if (Number.isNaN(value)) throw badArgument("value", `\`${name}\` is not a number`);
      // JSON has no infinity. Longer than the longest time there is, it means the same.
      return value === Infinity && kind === "time" ? Number.MAX_SAFE_INTEGER : value;
    case "string":
      if (typeof value !== "string") throw refuse("a string");
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw refuse("true or false");
      return value;
    case "function":
      if (typeof value !== "function") throw refuse("a function");
      return undefined;
    case "key":
      if (typeof value !== "string" && typeof value !== "function") throw refuse("a string or a function");
      // The native client wants a key; each call then brings its own.
      return typeof value === "function" ? "from-a-function" : value;
    case "signal":
      if (typeof value !== "object" || typeof (value as AbortSignal).addEventListener !== "function") {
        throw refuse("an AbortSignal");
      }
      return undefined;
    case "strings": {
      const list = typeof value === "string" ? [value] : value;
      if (!Array.isArray(list) || list.some((item) => typeof item !== "string")) throw refuse("a string or strings");
      return list;
    }
    case "pairs":
      return pairs(name, value);
  }
}

function pairs(name: string, value: unknown): [string, string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badArgument("type", `\`${name}\` must be an object of names and values`);
  }
  const list: [string, string][] = [];
  const entries = value instanceof Headers ? value.entries() : Object.entries(value);
  for (const [key, item] of entries) {
    if (item === undefined) continue;
    if (typeof item !== "string" && typeof item !== "number" && typeof item !== "boolean") {
      throw badArgument("type", `\`${name}.${key}\` must be a string`);
    }
    list.push([key, String(item)]);
  }
  return list;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Options with the names that the native library knows. */
function wire(options: object, known: Record<string, Kind>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name.startsWith("_")) continue;
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      throw badArgument("type", `there is no option \`${name}\`; there are: ${Object.keys(known).join(", ")}`);
    }
    const given = written(name, kind, value);
    if (given !== undefined) out[snake(name)] = given;
  }
  delete out["prefetch"];
  return out;
}

/** @internal */
export function callOptions(options: ListOptions): Record<string, unknown> {
  if (typeof options !== "object" || options === null) throw badArgument("type", "the options must be an object");
  return wire(options, CALL);
}

/** @internal */
export function clientOptions(options: ClientOptions): Record<string, unknown> {
  if (typeof options !== "object" || options === null) throw badArgument("type", "the options must be an object");
  return wire(options, CLIENT);
}

/** @internal A call's options over those of a client's copy. */
export function merged(base: CallOptions | undefined, over: ListOptions | undefined): ListOptions | undefined {
  if (base === undefined || over === undefined) return over ?? base;
  const all = { ...base };
  for (const [name, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const both = name === "headers" || name === "query";
    Object.assign(all, { [name]: both ? { ...(base as Record<string, object>)[name], ...value } : value });
  }
  return all;
}

const SPELLED = new RegExp(
  `\`(${Object.keys({ ...CALL, ...CLIENT })
    .map(snake)
    .filter((name) => name.includes("_"))
    .join("|")})\``,
  "g",
);

/** @internal A message of the native library with options spelled as in JavaScript. */
export function spelled(message: string): string {
  return message.replace(SPELLED, (name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}
