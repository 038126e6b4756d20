// Calls whose requests somebody else sends: the user's fetch, or the mock.
import { native, SEND, SLEEP, type NativeClient } from "./native.js";
import type { Waiting } from "./core.js";

/** A request to be sent. */
export interface HostRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** How long the try may take up to the body's last byte, in milliseconds. */
  readonly timeout: number;
  /** How large the body may be after decompression. */
  readonly maxResponseBytes: number;
}

/** An answer. Of a body that is too large, so much that this shows. */
export interface HostAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Uint8Array;
}

/** Why there was no answer. */
export class HostFailure extends Error {
  constructor(
    readonly kind: string,
    message: string,
    readonly sent?: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** Sends requests. */
export interface Transport {
  send(request: HostRequest, signal: AbortSignal, client: NativeClient): Promise<HostAnswer>;
  sleep(milliseconds: number, signal: AbortSignal, client: NativeClient): Promise<void>;
}

/** Carries a call out; gives what ends it. */
export function carryOut(client: NativeClient, request: string, waiting: Waiting, transport: Transport): () => void {
  const { number, reading } = waiting.operation;
  const call = new (native().HostCall)(client, number, request, reading, waiting.core.tells);
  const ended = new AbortController();
  void run();
  return () => ended.abort(new Error("the call was cancelled"));

  async function run(): Promise<void> {
    let cause: unknown;
    try {
      let step = call.begin();
      for (;;) {
        for (let at = 7; at < step.length; at += 2) waiting.core.tell(step[at] as string);
        if (step[0] === SEND) {
          cause = undefined;
          try {
            const answer = await transport.send(requestOf(step), ended.signal, client);
            step = call.answered(answer.status, answer.headers, answer.body);
          } catch (error) {
            if (ended.signal.aborted) return;
            const failure = error instanceof HostFailure ? error : new HostFailure("interrupted", String(error), undefined, error);
            cause = failure.cause;
            step = call.failed(failure.kind, failure.message, failure.sent);
          }
        } else if (step[0] === SLEEP) {
          await (waiting.core.scripted ? scriptedSleep : transport.sleep)(step[1] as number, ended.signal, client);
          if (ended.signal.aborted) return;
          step = call.slept();
        } else {
          break;
        }
      }
      if (step[1] === 0) waiting.answered(step[2], step[3] as string);
      else waiting.failed(step[2] as string, step[3] as Uint8Array, cause);
    } catch (thrown) {
      if (!ended.signal.aborted) waiting.refused(thrown);
    }
  }
}

/** A wait of a conformance case: written down, and over at once unless it is held. */
async function scriptedSleep(milliseconds: number, signal: AbortSignal, client: NativeClient): Promise<void> {
  if (!client.recordWait(milliseconds)) return;
  while (client.holdsWaits() && !signal.aborted) await sleep(2, signal);
}

function requestOf(step: unknown[]): HostRequest {
  const flat = step[3] as string[];
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) headers.push([flat[at] as string, flat[at + 1] as string]);
  const [timeout, maxResponseBytes] = step[5] as [number, number];
  return {
    method: step[1] as string,
    url: step[2] as string,
    headers,
    body: step[4] as Uint8Array,
    timeout,
    maxResponseBytes,
  };
}

/** A wait that ends early when the call does. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}
