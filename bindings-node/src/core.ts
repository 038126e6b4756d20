// A client's calls: from a method's arguments to a promise.
import { argumentsJson } from "./arguments.js";
import { Binary } from "./binary.js";
import { Call, ResponseInfo } from "./call.js";
import { badArgument, errorFrom, errorOf, type ApprouteError, type ErrorDetails } from "./errors.js";
import { FetchTransport } from "./fetch.js";
import * as shapes from "./generated/shapes.js";
import { carryOut, type Transport } from "./host.js";
import { cancel, submit } from "./loop.js";
import { native, type NativeClient, type Reading } from "./native.js";
import {
  callOptions,
  clientOptions,
  merged,
  spelled,
  type CallOptions,
  type ClientOptions,
  type ListOptions,
} from "./options.js";
import { mend } from "./shapes.js";
import { VERSION } from "./version.js";

/** An operation, as generated code describes it. */
export interface Operation {
  /** Its number in the native library. */
  readonly number: number;
  /** Such as `links.create`. */
  readonly id: string;
  readonly reading: Reading;
  /** The model of its answer. */
  readonly model?: string;
  /** Whether a value is one. */
  readonly fits?: (value: any) => boolean;
  /** Keeps the secrets of one from being printed. */
  readonly hide?: (value: any) => void;
}

/** @internal Settings that only this package's own parts give. */
export interface HiddenOptions {
  /** In place of the native HTTP client. */
  readonly _transport?: Transport;
  /** More settings for the native library. */
  readonly _native?: Record<string, unknown>;
}

/** What a client and its copies share, and what is a copy's own. */
export class Core {
  readonly client: NativeClient;
  /** Whether hooks are to be told. */
  readonly tells: boolean;
  /** Whether waits belong to a conformance case. */
  readonly scripted: boolean;
  readonly #transport: Transport | undefined;
  readonly #given: ClientOptions;
  readonly #defaults: CallOptions | undefined;

  constructor(given: ClientOptions & HiddenOptions, parent?: Core, defaults?: CallOptions) {
    this.#given = given;
    this.#defaults = defaults;
    this.scripted = given?._native?.["script"] !== undefined;
    if (parent !== undefined) {
      this.client = parent.client;
      this.tells = parent.tells;
      this.#transport = parent.#transport;
      return;
    }
    for (const name of ["proxy", "extraCa", "connectTimeout"] as const) {
      if (given?.fetch !== undefined && given[name] !== undefined) {
        throw badArgument("type", `\`${name}\` says nothing beside \`fetch\`, which brings its own connections`);
      }
    }
    const settings = clientOptions(given);
    const hooks = hooksOf(given);
    this.tells = hooks.length > 0;
    const config = { ...settings, user_agent: userAgent(), hooks, ...given._native };
    try {
      this.client = new (native().Client)(JSON.stringify(config));
    } catch (thrown) {
      throw inJavaScript(errorFrom(thrown));
    }
    this.#transport = given._transport ?? (given.fetch && new FetchTransport(given.fetch));
  }

  /** A copy with other options for its calls. It shares connections and retry budget. */
  copy(options: CallOptions): Core {
    callOptions(options);
    return new Core(this.#given, this, merged(this.#defaults, options));
  }

  /** Starts a call. Whatever is wrong with its arguments rejects the promise. */
  call<T>(operation: Operation, args: object, options?: ListOptions, ended?: AbortSignal): Call<T> {
    let resolve!: (value: T) => void;
    let reject!: (reason: unknown) => void;
    const call = new Call<T>((settle, fail) => {
      resolve = settle;
      reject = fail;
    });
    const waiting = new Waiting(this, operation, call as Call<unknown>, resolve as (value: unknown) => void, reject);
    try {
      const all = merged(this.#defaults, options);
      const signal = all?.signal;
      const given = all === undefined ? undefined : callOptions(all);
      if (signal?.aborted) {
        reject(signal.reason);
        return call;
      }
      const text = argumentsJson(args);
      waiting.listen(signal);
      ended?.addEventListener("abort", () => waiting.end(ended.reason), { once: true });
      const key = this.#given.apiKey;
      if (typeof key === "function") void this.#ask(key, text, given, waiting);
      else this.#start(text, given, waiting);
    } catch (thrown) {
      waiting.refused(thrown);
    }
    return call;
  }

  async #ask(
    key: () => string | Promise<string>,
    text: string,
    given: Record<string, unknown> | undefined,
    waiting: Waiting,
  ): Promise<void> {
    try {
      const api_key = await key();
      if (typeof api_key !== "string") throw badArgument("type", "the function `apiKey` must return a string");
      // Aborted meanwhile.
      if (waiting.over) return;
      this.#start(text, { ...given, api_key }, waiting);
    } catch (thrown) {
      waiting.refused(thrown);
    }
  }

  #start(text: string, given: Record<string, unknown> | undefined, waiting: Waiting): void {
    const request = given === undefined ? `{"args":${text}}` : `{"args":${text},"options":${JSON.stringify(given)}}`;
    if (this.#transport !== undefined) {
      waiting.ending = carryOut(this.client, request, waiting, this.#transport);
      return;
    }
    const id = submit(this.client, request, waiting);
    waiting.ending = () => cancel(id);
  }

  /** Tells a hook. What it throws is its own affair, and must not end the call. */
  tell(json: string): void {
    const { hook, request_id, headers, ...rest } = JSON.parse(json) as {
      hook: string;
      request_id?: string | null;
      headers?: [string, string][];
      level: "info" | "debug";
      line: string;
    };
    const notice: Record<string, unknown> = rest;
    if (headers !== undefined) notice["headers"] = Object.fromEntries(headers);
    if (request_id !== undefined) notice["requestId"] = request_id;
    const { logger, onRequest, onResponse, onRetry } = this.#given;
    try {
      if (hook === "request") onRequest?.(notice as never);
      else if (hook === "response") onResponse?.(notice as never);
      else if (hook === "retry") onRetry?.(notice as never);
      else logger?.(rest.level, rest.line);
    } catch (error) {
      process.emitWarning(`a hook of @approute/node (${hook}) threw: ${String(error)}`);
    }
  }
}

/** A call that is under way. */
export class Waiting {
  over = false;
  /** Ends what is under way. */
  ending: (() => void) | undefined;
  #signal: AbortSignal | undefined;

  constructor(
    readonly core: Core,
    readonly operation: Operation,
    readonly call: Call<unknown>,
    readonly resolve: (value: unknown) => void,
    readonly reject: (reason: unknown) => void,
  ) {}

  listen(signal: AbortSignal | undefined): void {
    this.#signal = signal;
    // Not `onabort`, which is the user's.
    signal?.addEventListener("abort", this.#aborted, { once: true });
  }

  readonly #aborted = (): void => {
    this.end(this.#signal?.reason);
  };

  /** Ends the call with a reason of the caller's. */
  end(reason: unknown): void {
    if (this.#settled()) return;
    this.ending?.();
    this.reject(reason);
  }

  /** Whether it was settled before. */
  #settled(): boolean {
    if (this.over) return true;
    this.over = true;
    this.#signal?.removeEventListener("abort", this.#aborted);
    return false;
  }

  answered(body: unknown, facts: string): void {
    if (this.#settled()) return;
    try {
      this.call.info = new ResponseInfo(facts);
      this.resolve(read(this.operation, body, this.call.info));
    } catch (error) {
      this.reject(error);
    }
  }

  failed(details: string, body: Uint8Array, cause?: unknown): void {
    if (this.#settled()) return;
    this.reject(errorOf(JSON.parse(details) as ErrorDetails, body, cause));
  }

  refused(thrown: unknown): void {
    if (!this.#settled()) this.reject(inJavaScript(errorFrom(thrown)));
  }
}

/** Makes the value of an answer. */
function read(operation: Operation, body: unknown, info: ResponseInfo): unknown {
  if (operation.reading === 2) return undefined;
  if (operation.reading === 1) {
    return new Binary(info.headers["content-type"] ?? "application/octet-stream", body as Uint8Array);
  }
  const text = body as string;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Its message quotes the text, which may hold a secret.
    throw undecodable(notJson(text, info), text, info);
  }
  if (operation.fits?.(value) === false) {
    const wrong = mend(shapes, operation.model ?? "", value);
    if (wrong !== undefined) throw undecodable(wrong, text, info);
  }
  operation.hide?.(value);
  return value;
}

/** What went wrong, told so that a proxy's HTML is recognised as what it is. */
function notJson(text: string, info: ResponseInfo): string {
  const contentType = info.headers["content-type"];
  if (text === "") return "it is empty";
  if (contentType !== undefined && !contentType.includes("json")) return `it is ${contentType}, not JSON`;
  return "its JSON is broken";
}

/** @internal */
export function undecodable(reason: string, body: string, info: ResponseInfo): ApprouteError {
  const message = reason.startsWith("the ") ? reason : `the answer is not what the API promises: ${reason}`;
  const tries = info.attempts > 1 ? ` (after ${info.attempts} tries)` : "";
  const id = info.requestId === null ? "" : ` (request id ${info.requestId})`;
  return errorOf(
    {
      class: "DecodeError",
      message,
      text: `${info.status}: ${message}${tries}${id}`,
      status: info.status,
      request_id: info.requestId,
      headers: Object.entries(info.headers),
      attempts: info.attempts,
      idempotency_key: info.idempotencyKey,
      outcome: "applied",
    },
    body,
  );
}

/** A bad argument's message with the options' names in JavaScript's spelling. */
function inJavaScript(error: unknown): unknown {
  if (error instanceof Error && error.name === "ConfigurationError") {
    const message = spelled(error.message);
    if (message !== error.message) {
      const type = error instanceof TypeError ? "type" : "value";
      return badArgument(type, message, error.cause);
    }
  }
  return error;
}

/** @internal A request's body and what else it takes, of one object. */
export function split(params: object, own: readonly string[]): Record<string, unknown> {
  if (typeof params !== "object" || params === null) throw badArgument("type", "the params must be an object");
  const body: Record<string, unknown> = { ...params };
  const args: Record<string, unknown> = { body };
  for (const name of own) {
    args[name] = body[name];
    delete body[name];
  }
  return args;
}

function hooksOf(options: ClientOptions): string[] {
  const hooks: string[] = [];
  if (options.onRequest) hooks.push("request");
  if (options.onResponse) hooks.push("response");
  if (options.onRetry) hooks.push("retry");
  if (options.logger) hooks.push("log");
  return hooks;
}

function userAgent(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  const runtime = bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`;
  return `approute-node/${VERSION} (${runtime}; ${process.platform}; ${process.arch})`;
}
