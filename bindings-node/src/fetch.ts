// The user's own `fetch` as a transport.
import { HostFailure, sleep, type HostAnswer, type HostRequest, type Transport } from "./host.js";
import type { Fetch } from "./options.js";

export class FetchTransport implements Transport {
  readonly #fetch: Fetch;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  async send(request: HostRequest, ended: AbortSignal): Promise<HostAnswer> {
    // One for the try: its own time limit, or the end of the whole call.
    const trial = new AbortController();
    const stop = (): void => trial.abort(ended.reason);
    ended.addEventListener("abort", stop, { once: true });
    let late = false;
    // setTimeout takes 2^31 - 1 at most, and fires at once beyond that.
    const timer = setTimeout(
      () => {
        late = true;
        trial.abort(new Error("the try took too long"));
      },
      Math.min(Math.ceil(request.timeout), 2 ** 31 - 1),
    );
    try {
      return await answerOf(await this.#fetch(request.url, init(request, trial.signal)), request, trial);
    } catch (error) {
      throw late ? new HostFailure("timeout", "the try took too long", undefined, error) : failureOf(error);
    } finally {
      clearTimeout(timer);
      ended.removeEventListener("abort", stop);
    }
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return sleep(milliseconds, signal);
  }
}

function init(request: HostRequest, signal: AbortSignal): RequestInit {
  const { method, headers, body } = request;
  // A redirect is an answer: following it would send the key somewhere else.
  const init: RequestInit = { method, headers: headers as [string, string][], redirect: "manual", signal };
  if (body.byteLength > 0) init.body = body as unknown as NonNullable<RequestInit["body"]>;
  return init;
}

async function answerOf(response: Response, request: HostRequest, trial: AbortController): Promise<HostAnswer> {
  const headers: string[] = [];
  response.headers.forEach((value, name) => headers.push(name, value));
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.byteLength;
    if (size > request.maxResponseBytes) {
      // What is there shows that it is too large. The rest is not wanted.
      reader.cancel().catch(() => undefined);
      trial.abort();
      break;
    }
  }
  return { status: response.status, headers, body: join(chunks, size) };
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused",
]);

/** What kind of failure an exception of fetch is. Its reason is a few causes deep, and only its code is reliable. */
function failureOf(error: unknown): HostFailure {
  let message = error instanceof Error ? error.message : String(error);
  let kind = "interrupted";
  let at: unknown = error;
  for (let depth = 0; depth < 5 && typeof at === "object" && at !== null; depth++) {
    const { code, message: words, cause, errors } = at as { code?: unknown; message?: string; cause?: unknown; errors?: unknown[] };
    if (words) message = words;
    if (typeof code === "string") {
      kind = kindOf(code, words);
      if (kind !== "interrupted") break;
    }
    at = cause ?? errors?.[0];
  }
  return new HostFailure(kind, message, undefined, error);
}

function kindOf(code: string, message = ""): string {
  if (NOT_CONNECTED.has(code)) return "connect";
  // A handshake that failed: no byte of the request was written.
  if (/before secure TLS/.test(message) || /^(EPROTO$|ERR_SSL_)/.test(code)) return "connect";
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code)) return "certificate";
  if (code === "Z_DATA_ERROR") return "undecodable";
  return "interrupted";
}
