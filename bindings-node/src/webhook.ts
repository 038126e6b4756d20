/**
 * Webhooks, checked by the native library: at once, and many times faster than WebCrypto. Where it does not run, use
 * `@approute/node/webhooks`, whose functions are the same and return promises.
 *
 * @packageDocumentation
 */
import { errorFrom } from "./errors.js";
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
import { native } from "./native.js";
import { isTime } from "./shapes.js";

export type { DeliveryHeaders, Payload, VerifyOptions } from "./events.js";

/**
 * Checks that a delivery is AppRoute's.
 *
 * @param payload the raw body, before any JSON parser has seen it
 * @param headers its headers, or the value of `X-Approute-Signature`
 * @param secret the webhook's secret; the old one and the new one while it is rotated
 * @throws {WebhookVerificationError} when it must not be trusted; `reason` says why
 */
export function verify(
  payload: Payload,
  headers: DeliveryHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): void {
  const secrets = typeof secret === "string" ? secret : secretList(secret);
  try {
    native().verifyWebhook(bytesOrText(payload), signature(headers), secrets, options.tolerance, options.now);
  } catch (thrown) {
    throw errorFrom(thrown);
  }
}

/** What decides: the one signature, which crosses faster than a list, or names and values of all headers that matter. */
function signature(headers: DeliveryHeaders): string | string[] {
  if (typeof headers === "string") return headers;
  const found = relevant(headers);
  const at = found.indexOf(SIGNATURE);
  return at >= 0 && found.indexOf(SIGNATURE, at + 1) < 0 ? (found[at + 1] as string) : found;
}

/**
 * Checks a delivery as {@link verify} does, and reads its event. An event of a type that this release does not know is
 * an UnknownEvent.
 *
 * @throws {DecodeError} when a genuine body is no event
 */
export function unwrap(
  payload: Payload,
  headers: DeliveryHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Event {
  const one = signature(headers);
  if (typeof one !== "string" || options.tolerance !== undefined || options.now !== undefined) {
    verify(payload, headers, secret, options);
    return eventOf(bytesOrText(payload));
  }
  // The usual case. The event is read anyway, so that the native library need not go through the body for its time.
  let event: Event;
  try {
    native().checkSignature(bytesOrText(payload), one, typeof secret === "string" ? secret : secretList(secret));
    event = eventOf(bytesOrText(payload));
  } catch (thrown) {
    // What is wrong first decides: the signature, the time, then the event.
    verify(payload, headers, secret);
    throw thrown;
  }
  if (!isClearlyNow((event as { sent_at?: unknown }).sent_at)) verify(payload, headers, secret);
  return event;
}

/** Whether nobody could say that it is too old or in the future. Whatever else it is, `verify` decides. */
function isClearlyNow(sentAt: unknown): boolean {
  return isTime(sentAt) && Math.abs(Date.now() - Date.parse(sentAt as string)) < 299_000;
}

/**
 * Signs a payload as AppRoute does, for tests of a receiver: all headers of a delivery.
 *
 * @param timestamp seconds since 1970, now by default
 */
export function sign(payload: Payload, secret: string, id: string, timestamp?: number): Record<string, string> {
  try {
    const flat = native().signWebhook(bytesOrText(payload), secret, id, timestamp);
    const headers: Record<string, string> = {};
    for (let at = 0; at + 1 < flat.length; at += 2) headers[flat[at] as string] = flat[at + 1] as string;
    return headers;
  } catch (thrown) {
    throw errorFrom(thrown);
  }
}
