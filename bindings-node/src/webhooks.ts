/**
 * Webhooks without the native library, by WebCrypto: for edge runtimes, and wherever else `crypto.subtle` is.
 *
 * ```ts
 * import { unwrap } from "@approute/node/webhooks";
 *
 * const event = await unwrap(await request.text(), request.headers, secret);
 * ```
 *
 * @packageDocumentation
 */
import { badArgument, errorOf, type WebhookFailure } from "./errors.js";
import {
  bytesOrText,
  eventOf,
  relevant,
  secretList,
  SIGNATURE,
  type DeliveryHeaders,
  type Payload,
  type VerifyOptions,
} from "./events.js";
import type { Event } from "./generated/models.js";
import { isTime } from "./shapes.js";

export type { DeliveryHeaders, Payload, VerifyOptions } from "./events.js";
export * from "./errors-public.js";
export * from "./generated/models.js";
export { UnknownEvent } from "./unknown.js";

const REASONS: Record<WebhookFailure, string> = {
  no_signature: "the webhook is not signed: neither X-Approute-Signature nor webhook-signature is there",
  malformed: "the webhook's signature or time is malformed",
  no_match: "the webhook's signature fits no secret: check the secret, and pass the raw body",
  too_old: "the webhook was sent too long ago",
  in_future: "the webhook was sent in the future: check the clock",
};

function refused(reason: WebhookFailure): Error {
  return errorOf({ class: "WebhookVerificationError", message: REASONS[reason], webhook_failure: reason });
}

/**
 * Checks that a delivery is AppRoute's.
 *
 * @param payload the raw body, before any JSON parser has seen it
 * @param headers its headers, or the value of `X-Approute-Signature`
 * @param secret the webhook's secret; the old one and the new one while it is rotated
 * @throws {WebhookVerificationError} when it must not be trusted; `reason` says why
 */
export async function verify(
  payload: Payload,
  headers: DeliveryHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<void> {
  const signed = typeof headers === "string" ? [SIGNATURE, headers] : relevant(headers);
  const text = bytesOrText(payload);
  const body = typeof text === "string" ? utf8(text) : text;
  const secrets = checked(secretList(secret));
  const own = valuesOf(signed, SIGNATURE);
  const sentAt = own.length > 0 ? await approute(body, own, secrets) : await standard(body, signed, secrets);
  const tolerance = seconds("tolerance", options.tolerance) ?? 300;
  const now = seconds("now", options.now) ?? Date.now() / 1000;
  if (now - sentAt > tolerance) throw refused("too_old");
  if (sentAt - now > tolerance) throw refused("in_future");
}

/**
 * Checks a delivery as {@link verify} does, and reads its event. An event of a type that this release does not know is
 * an UnknownEvent.
 *
 * @throws {DecodeError} when a genuine body is no event
 */
export async function unwrap(
  payload: Payload,
  headers: DeliveryHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<Event> {
  await verify(payload, headers, secret, options);
  return eventOf(bytesOrText(payload));
}

/**
 * Signs a payload as AppRoute does, for tests of a receiver: all headers of a delivery.
 *
 * @param timestamp seconds since 1970, now by default
 */
export async function sign(
  payload: Payload,
  secret: string,
  id: string,
  timestamp?: number,
): Promise<Record<string, string>> {
  const text = bytesOrText(payload);
  const body = typeof text === "string" ? utf8(text) : text;
  const [key] = checked(secretList(secret)) as [string];
  const time = String(Math.floor(seconds("timestamp", timestamp) ?? Date.now() / 1000));
  if (!/^[\x20-\x7e\t]*$/.test(id)) throw badArgument("value", "`id` has characters that headers cannot have");
  const own = await mac(utf8(key), body);
  const standard = await mac(decoded(key), joined(id, time, body));
  return {
    [SIGNATURE]: `sha256=${[...own].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`,
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": `v1,${btoa(String.fromCharCode(...standard))}`,
  };
}

/** `sha256=<hex>[, sha256=<hex>]`, keyed with the secret's own bytes. Gives when the body was sent. */
async function approute(body: Uint8Array, values: string[], secrets: string[]): Promise<number> {
  const given: Uint8Array[] = [];
  for (const entry of values.flatMap((value) => value.split(",")).map((entry) => entry.trim())) {
    const [, name, value] = /^([^=]+)=(.+)$/.exec(entry) ?? [];
    if (name === undefined || value === undefined) throw refused("malformed");
    // Another name is an algorithm of the future, beside the one that is known.
    if (name !== "sha256") continue;
    if (!/^[0-9a-fA-F]{64}$/.test(value)) throw refused("malformed");
    given.push(Uint8Array.from(value.match(/../g) as string[], (pair) => parseInt(pair, 16)));
  }
  if (given.length === 0) throw refused("malformed");
  let found = false;
  for (const secret of secrets) found = fits(given, await mac(utf8(secret), body)) || found;
  if (!found) throw refused("no_match");
  return sentAt(body);
}

/** `v1,<base64>[ v1,<base64>]` over id, timestamp and body, keyed with the secret's decoded base64. */
async function standard(body: Uint8Array, signed: string[], secrets: string[]): Promise<number> {
  const list = valuesOf(signed, "webhook-signature");
  if (list.length === 0) throw refused("no_signature");
  const id = single(signed, "webhook-id");
  const timestamp = single(signed, "webhook-timestamp");
  if (!/^\d{1,18}$/.test(timestamp)) throw refused("malformed");
  const given: Uint8Array[] = [];
  for (const entry of list.join(" ").split(/[ \t\n\f\r]+/).filter((entry) => entry !== "")) {
    const [, version, value] = /^([^,]+),(.+)$/.exec(entry) ?? [];
    if (version === undefined || value === undefined) throw refused("malformed");
    if (version !== "v1") continue;
    const signature = base64(value);
    if (signature?.length !== 32) throw refused("malformed");
    given.push(signature);
  }
  if (given.length === 0) throw refused("malformed");
  const message = joined(id, timestamp, body);
  const keys = secrets.map(decoded);
  let found = false;
  for (const key of keys) found = fits(given, await mac(key, message)) || found;
  if (!found) throw refused("no_match");
  return Number(timestamp);
}

function valuesOf(signed: string[], name: string): string[] {
  return signed.filter((_, at) => at % 2 === 1 && signed[at - 1] === name);
}

/** A header that must be there once; repeats of the same value count as one. */
function single(signed: string[], name: string): string {
  const [first, ...others] = valuesOf(signed, name);
  if (first === undefined || first === "" || others.some((other) => other !== first)) throw refused("malformed");
  return first;
}

/** The `sent_at` of a body that is known to be genuine, in seconds since 1970. */
function sentAt(body: Uint8Array): number {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)) as { sent_at?: unknown };
    if (typeof value.sent_at === "string" && isTime(value.sent_at)) return Date.parse(value.sent_at) / 1000;
  } catch {
    // Not JSON.
  }
  throw refused("malformed");
}

function checked(secrets: string[]): string[] {
  if (secrets.length === 0 || secrets.some((secret) => secret.replace(/^(whsec_)+/, "") === "")) {
    throw badArgument(
      "value",
      "no webhook secret: pass the `whsec_…` that creating or rotating the webhook returned",
    );
  }
  return secrets;
}

/** The key of Standard Webhooks. */
function decoded(secret: string): Uint8Array {
  const key = base64(secret.startsWith("whsec_") ? secret.slice(6) : secret);
  if (key === undefined || key.length === 0) throw badArgument("value", "a webhook secret is `whsec_` and base64");
  return key;
}

/** Padded base64, strictly. */
function base64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  // Bits that no byte uses must be zero, so that each key has one spelling.
  return btoa(String.fromCharCode(...bytes)) === text ? bytes : undefined;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(id: string, timestamp: string, body: Uint8Array): Uint8Array {
  const head = utf8(`${id}.${timestamp}.`);
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}

async function mac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key as Uint8Array<ArrayBuffer>, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message as Uint8Array<ArrayBuffer>));
}

/** Whether one of the signatures is the right one. How long it takes does not tell which was nearly right. */
function fits(given: Uint8Array[], expected: Uint8Array): boolean {
  let found = false;
  for (const signature of given) {
    let difference = 0;
    for (let at = 0; at < expected.length; at++) difference |= (signature[at] as number) ^ (expected[at] as number);
    found = difference === 0 || found;
  }
  return found;
}

function seconds(name: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number") throw badArgument("type", `\`${name}\` must be a number of seconds`);
  if (!(value >= 0)) throw badArgument("value", `\`${name}\` must not be negative`);
  return value;
}
