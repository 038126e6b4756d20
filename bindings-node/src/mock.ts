/**
 * A transport that sends nothing, for tests of your own code.
 *
 * It answers from a script and remembers what it was asked. Its client waits for nobody: retries happen at once, on a
 * clock of the mock's own.
 *
 * ```ts
 * import { MockTransport, Reply } from "@approute/node/mock";
 *
 * const mock = new MockTransport();
 * mock.reply(new Reply(503), Reply.problem(404, "not_found", "There is no such link."));
 * await assert.rejects(mock.client().links.get("lnk_1"), NotFoundError);
 * mock.assertSent("GET /v1/links/lnk_1", "GET /v1/links/lnk_1");
 * ```
 *
 * @packageDocumentation
 */
import { Approute } from "./client.js";
import { documented } from "./generated/examples.js";
import { HostFailure, type HostAnswer, type HostRequest } from "./host.js";
import type { NativeClient } from "./native.js";
import type { ClientOptions } from "./options.js";

/** How the mock answers a try. */
export class Reply {
  /** @internal */
  readonly failure: string | undefined;
  /** @internal */
  readonly headers: Readonly<Record<string, string>>;
  /** @internal */
  readonly body: Uint8Array;
  /** @internal */
  readonly takes: number;
  /** @internal */
  readonly status: number;

  /**
   * An answer with this status.
   *
   * @param init.takes how long it takes on the mock's clock, in milliseconds; longer than the try may take, and it is a
   * timeout
   */
  constructor(
    status: number,
    init: { headers?: Record<string, string>; body?: string | Uint8Array; takes?: number; failure?: string } = {},
  ) {
    if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`${status} is no HTTP status`);
    this.status = status;
    this.headers = { "x-request-id": "req_mock", ...init.headers };
    this.body = typeof init.body === "string" ? new TextEncoder().encode(init.body) : (init.body ?? new Uint8Array());
    this.takes = init.takes ?? 0;
    this.failure = init.failure;
  }

  /** An answer with a JSON body. */
  static json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
    return new Reply(status, { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) });
  }

  /** An error of the API, as a problem document. */
  static problem(status: number, code: string, detail: string, headers: Record<string, string> = {}): Reply {
    const url = `https://getapproute.com/docs/api/errors#${code}`;
    const problem = { type: url, title: code, status, code, detail, request_id: "req_mock", doc_url: url, errors: [] };
    return Reply.json(status, problem, { "content-type": "application/problem+json", ...headers });
  }

  /** Nobody listens. */
  static refused(): Reply {
    return new Reply(100, { failure: "connect" });
  }

  /** The connection breaks after the request was sent. */
  static reset(): Reply {
    return new Reply(100, { failure: "interrupted" });
  }

  /** No answer ever: the try runs into its timeout. */
  static never(): Reply {
    return new Reply(100, { takes: Infinity });
  }
}

/** A request that the mock has seen. */
export class RecordedRequest {
  readonly method: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** The query, sorted by nothing: as it was sent, without `?`. */
  readonly query: string;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text. */
  readonly body: string;

  /** @internal */
  constructor(request: HostRequest) {
    const url = new URL(request.url);
    this.method = request.method;
    this.path = url.pathname;
    this.query = url.search.slice(1);
    this.headers = Object.fromEntries(request.headers);
    this.body = new TextDecoder().decode(request.body);
  }

  /** The body as JSON. */
  json(): unknown {
    return JSON.parse(this.body);
  }

  /** `METHOD /path?query`. */
  toString(): string {
    return `${this.method} ${this.path}${this.query === "" ? "" : `?${this.query}`}`;
  }
}

/** The transport. */
export class MockTransport {
  readonly #script: Reply[] = [];
  readonly #routes: { method: string; path: string; reply: Reply }[] = [];
  readonly #requests: RecordedRequest[] = [];
  readonly #waits: number[] = [];
  #examples = false;

  /** A mock that answers every operation as the documentation shows it, until something else is scripted. */
  static withExamples(): MockTransport {
    const mock = new MockTransport();
    mock.#examples = true;
    return mock;
  }

  /** Adds replies to the script, which is used up in order, one reply for each try. */
  reply(...replies: Reply[]): this {
    this.#script.push(...replies);
    return this;
  }

  /** Answers every request with this method and path, such as `("GET", "/v1/links")`, without using up the script. */
  when(method: string, path: string, reply: Reply): this {
    this.#routes.unshift({ method: method.toUpperCase(), path, reply });
    return this;
  }

  /** A client that sends its requests here, with the key `test_key` unless the options say otherwise. */
  client(options: ClientOptions = {}): Approute {
    return new Approute({
      apiKey: "test_key",
      baseUrl: "https://mock.invalid",
      ...options,
      _transport: this.#transport,
      _native: { ignore_env: true, clock: { start: 1_793_871_000_000 } },
    } as ClientOptions);
  }

  /** All requests so far, oldest first. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** The latest request, if any. */
  get lastRequest(): RecordedRequest | undefined {
    return this.#requests.at(-1);
  }

  /** The waits between tries so far, in milliseconds. They took no time. */
  get waits(): readonly number[] {
    return this.#waits;
  }

  /** Checks that exactly these requests were sent, in this order, each as `METHOD /path?query`. */
  assertSent(...expected: string[]): void {
    const sent = this.#requests.map(String);
    if (sent.length !== expected.length || sent.some((request, at) => request !== expected[at])) {
      throw new Error(`the requests differ\n  expected: ${JSON.stringify(expected)}\n      sent: ${JSON.stringify(sent)}`);
    }
  }

  /** Checks that every reply of the script was used. */
  assertDone(): void {
    const left = this.#script.length;
    if (left > 0) throw new Error(`${left} replies of the script were not used`);
  }

  readonly #transport = {
    send: async (sent: HostRequest, _signal: AbortSignal, client: NativeClient): Promise<HostAnswer> => {
      const request = new RecordedRequest(sent);
      const routed = this.#routes.find(({ method, path }) => method === request.method && path === request.path);
      const reply = routed?.reply ?? this.#script.shift() ?? (this.#examples ? example(request) : undefined);
      this.#requests.push(request);
      if (reply === undefined) throw new HostFailure("configuration", `the mock has no reply left for ${request}`);
      if (reply.takes > sent.timeout) {
        client.advance(sent.timeout);
        throw new HostFailure("timeout", "mock: the try took too long");
      }
      client.advance(reply.takes);
      if (reply.failure !== undefined) throw new HostFailure(reply.failure, `mock: ${reply.failure}`);
      return { status: reply.status, headers: Object.entries(reply.headers).flat(), body: reply.body };
    },
    sleep: async (milliseconds: number, _signal: AbortSignal, client: NativeClient): Promise<void> => {
      this.#waits.push(milliseconds);
      client.advance(milliseconds);
    },
  };
}

/** What the documentation shows as the answer of the operation that a request calls. */
function example(request: RecordedRequest): Reply | undefined {
  const segments = request.path.split("/").slice(1);
  const fits = (path: readonly (string | null)[]): boolean =>
    path.length === segments.length && path.every((segment, at) => segment === null || segment === segments[at]);
  // A path of literals comes before one with a parameter in the same place.
  const found = documented
    .filter(({ method, path }) => method === request.method && fits(path))
    .sort((a, b) => a.path.filter((part) => part === null).length - b.path.filter((part) => part === null).length)[0];
  if (found === undefined) return undefined;
  const headers: Record<string, string> = found.contentType === undefined ? {} : { "content-type": found.contentType };
  const body = found.body === undefined ? new Uint8Array() : JSON.stringify(found.body);
  return new Reply(found.status, { headers, body });
}
