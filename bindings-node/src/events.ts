// What webhooks deliver, and in which forms their headers come.
import { badArgument, errorOf } from "./errors.js";
import type { Event } from "./generated/models.js";
import * as shapes from "./generated/shapes.js";
import { mend } from "./shapes.js";
import { UnknownEvent } from "./unknown.js";

/** The raw body, as it came. */
export type Payload = string | Uint8Array | ArrayBuffer;

/**
 * The headers of a delivery, in any spelling of their names: those of Node.js, of fetch, of a framework, pairs, or the
 * value of `X-Approute-Signature` alone.
 */
export type DeliveryHeaders =
  | string
  | Headers
  | ReadonlyMap<string, string | readonly string[]>
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | readonly string[] | undefined };

/** How a delivery is checked. */
export interface VerifyOptions {
  /** How far the delivery's time may be from now, in seconds; 300 by default. */
  tolerance?: number | undefined;
  /** Now, for tests: in seconds since 1970. */
  now?: number | undefined;
}

export const SIGNATURE = "x-approute-signature";
export const STANDARD = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;
const NAMES = new Set<string>([SIGNATURE, ...STANDARD]);
/** Names of other lengths need not be looked at. */
const LENGTHS = new Set([...NAMES].map((name) => name.length));

/** The headers that matter, in lower case: names and values in turn. */
export function relevant(headers: Exclude<DeliveryHeaders, string>): string[] {
  if (typeof headers !== "object" || headers === null) {
    throw badArgument("type", "the headers must be an object, pairs, or the signature as a string");
  }
  const found: string[] = [];
  const put = (name: unknown, value: unknown): void => {
    if (typeof name !== "string" || !LENGTHS.has(name.length)) return;
    const lower = name.toLowerCase();
    if (!NAMES.has(lower)) return;
    if (typeof value === "string") found.push(lower, value);
    else if (Array.isArray(value)) for (const one of value) put(lower, one);
  };
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<readonly [unknown, unknown]>) put(pair[0], pair[1]);
  } else {
    for (const name in headers) put(name, (headers as Record<string, unknown>)[name]);
  }
  return found;
}

/** The secrets as a list. */
export function secretList(secrets: string | readonly string[]): string[] {
  const list = typeof secrets === "string" ? [secrets] : secrets;
  if (!Array.isArray(list) || list.some((secret) => typeof secret !== "string")) {
    throw badArgument("type", "the secret must be a string, or several strings");
  }
  return list as string[];
}

/** The payload as native code and WebCrypto take it. */
export function bytesOrText(payload: Payload): string | Uint8Array {
  if (typeof payload === "string" || payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  throw badArgument("type", "the payload must be the raw body, a string or bytes: not what a JSON parser made of it");
}

/** Reads the event of a delivery that is known to be genuine. */
export function eventOf(payload: string | Uint8Array): Event {
  let text = "";
  let wrong: string | undefined;
  let value: any;
  try {
    text = typeof payload === "string" ? payload : new TextDecoder("utf-8", { fatal: true }).decode(payload);
    value = JSON.parse(text);
  } catch {
    wrong = "it is not JSON";
  }
  const type = typeof value === "object" && value !== null ? value.type : undefined;
  if (wrong === undefined && typeof type !== "string") wrong = "it has no `type`";
  const model = wrong === undefined && Object.hasOwn(shapes.events, type) ? shapes.events[type] : undefined;
  if (wrong === undefined && model === undefined) return new UnknownEvent(value);
  if (wrong === undefined && !shapes.isEvent(value)) wrong = mend(shapes, model as string, value);
  if (wrong !== undefined) {
    const message = `the webhook is genuine, but its body is no event: ${wrong}`;
    throw errorOf({ class: "DecodeError", message }, payload);
  }
  return value as Event;
}
