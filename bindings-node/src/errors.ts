// The errors: one tree under ApprouteError, the same as in every AppRoute SDK.
//
// `instanceof` goes by a mark on the objects rather than by prototypes alone, for two reasons. A ConfigurationError has
// to be a TypeError or a RangeError too, and JavaScript has one line of ancestors. And a program may hold two copies of
// this package, one as an ES module and one as CommonJS, whose errors are each other's.
import type { FieldError } from "./generated/models.js";
import { conceal } from "./shapes.js";

/** What an error means for the data: nothing was sent; the server did not do it; it did it; nobody knows. */
export type Outcome = "not_sent" | "rejected" | "applied" | "unknown";

/** What a person has to confirm. */
export interface RequiredConfirmation {
  /** The token that lets the call through. */
  readonly token: string;
  /** How many links it would delete. */
  readonly delete_count: number;
  /** Until when the token works, RFC 3339. */
  readonly expires_at: string;
}

/** Why a webhook was refused. */
export type WebhookFailure = "no_signature" | "malformed" | "no_match" | "too_old" | "in_future";

/** @internal The fields of an error, as the native library writes them. */
export interface ErrorDetails {
  readonly class: string;
  readonly message: string;
  readonly text?: string | undefined;
  readonly status?: number | null;
  readonly code?: string | null;
  readonly errors?: readonly FieldError[];
  readonly request_id?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
  readonly attempts?: number;
  readonly retryable?: boolean;
  readonly idempotency_key?: string | null;
  readonly outcome?: Outcome;
  readonly confirmation?: RequiredConfirmation | null;
  readonly webhook_failure?: WebhookFailure | null;
  readonly language_type?: "none" | "type" | "value";
}

const KINDS = Symbol.for("approute.kinds");

/** Whether `value` is marked as one of `name`, or has `type` among its ancestors, as a user's own subclasses do. */
function isOne(type: Function, name: string | undefined, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const kinds = (value as { [KINDS]?: readonly string[] })[KINDS];
  if (name !== undefined && kinds?.includes(name)) return true;
  return Function.prototype[Symbol.hasInstance].call(type, value);
}

/** Any error of this package. */
export class ApprouteError extends Error {
  /** The answer's status; undefined where there was no answer. */
  declare readonly status: number | undefined;
  /** The API's code, such as `slug_taken`. */
  declare readonly code: string | undefined;
  /** The fields that the server refused. */
  declare readonly errors: readonly FieldError[];
  /** `X-Request-Id`, which support asks for. */
  declare readonly requestId: string | undefined;
  /** The answer's headers; names are in lower case. */
  declare readonly headers: Readonly<Record<string, string>>;
  /** The answer's body. */
  declare readonly body: string;
  /** Tries that were started. */
  declare readonly attempts: number;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;
  /** The key that every try carried. With it, repeating a call whose outcome is unknown is safe. */
  declare readonly idempotencyKey: string | undefined;
  /** What the error means for the data. */
  declare readonly outcome: Outcome;

  /** @internal */
  constructor(details: ErrorDetails, body?: Uint8Array | string, cause?: unknown) {
    super(...lines(details, cause));
    describe(this, details, body);
  }

  /** One line, with the request id. */
  declare toString: () => string;
  /** What may be logged: everything but headers, body and tokens. */
  declare toJSON: () => Record<string, unknown>;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOne(this, Object.hasOwn(this, "kind") ? (this as { kind?: string }).kind : undefined, value);
  }
}

/** No complete answer came: the connection failed or broke. */
export class APIConnectionError extends ApprouteError {}
/** A try or the whole call took too long. */
export class APITimeoutError extends APIConnectionError {}
/** The answer is not what the API promises. */
export class DecodeError extends ApprouteError {}
/** An argument or a setting is wrong. Such errors are also a TypeError or a RangeError. */
export class ConfigurationError extends ApprouteError {}
/** The server answered with a status that is not a success. */
export class APIError extends ApprouteError {}
/** 400: the request is malformed. */
export class BadRequestError extends APIError {}
/** 401: the key is missing, wrong or revoked. */
export class AuthenticationError extends APIError {}
/** 403: the key may not do this. */
export class PermissionDeniedError extends APIError {}
/** 404: there is no such thing in this workspace. */
export class NotFoundError extends APIError {}
/** 409: it does not fit what is there. */
export class ConflictError extends APIError {}
/** 412: the thing has changed since. */
export class PreconditionFailedError extends APIError {}
/** 422: fields are wrong; see `errors`. */
export class UnprocessableEntityError extends APIError {}
/** 429: too many requests. */
export class RateLimitError extends APIError {}
/** 5xx: the server failed. */
export class ServerError extends APIError {}

/** 409: many deletes need a person's consent. Ask, then repeat the call with `confirmation: error.confirmation.token`. */
export class ConfirmationRequiredError extends ConflictError {
  /** What has to be confirmed; undefined when the server did not say. */
  declare readonly confirmation: RequiredConfirmation | undefined;
}

/** A webhook is not AppRoute's, or too old. */
export class WebhookVerificationError extends ApprouteError {
  /** Why it was refused. */
  declare readonly reason: WebhookFailure;
}

const tree: Record<string, typeof ApprouteError> = {
  ApprouteError,
  APIConnectionError,
  APITimeoutError,
  DecodeError,
  ConfigurationError,
  WebhookVerificationError,
  APIError,
  BadRequestError,
  AuthenticationError,
  PermissionDeniedError,
  NotFoundError,
  ConflictError,
  ConfirmationRequiredError,
  PreconditionFailedError,
  UnprocessableEntityError,
  RateLimitError,
  ServerError,
};

class ConfigurationTypeError extends TypeError {
  constructor(details: ErrorDetails, cause?: unknown) {
    super(...lines(details, cause));
    describe(this, details);
  }
}

class ConfigurationRangeError extends RangeError {
  constructor(details: ErrorDetails, cause?: unknown) {
    super(...lines(details, cause));
    describe(this, details);
  }
}

const shared = {
  toString(this: ApprouteError & { [TEXT]: string }): string {
    return `${this.name}: ${this[TEXT]}`;
  },
  toJSON(this: ApprouteError & { [TEXT]: string }): Record<string, unknown> {
    return { ...this, name: this.name, message: this[TEXT] };
  },
};

const TEXT = Symbol("text");

function hidden(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

for (const [name, type] of Object.entries(tree)) {
  hidden(type, "kind", name);
  hidden(type.prototype, "name", name);
  const kinds: string[] = [];
  for (let at: unknown = type; at !== Error; at = Object.getPrototypeOf(at)) {
    kinds.push((at as { kind: string }).kind);
  }
  hidden(type.prototype, KINDS, kinds);
}
for (const type of [ConfigurationTypeError, ConfigurationRangeError]) {
  hidden(type.prototype, "name", "ConfigurationError");
  hidden(type.prototype, KINDS, ["ConfigurationError", "ApprouteError"]);
  hidden(type, "name", "ConfigurationError");
}
for (const type of [ApprouteError, ConfigurationTypeError, ConfigurationRangeError]) {
  hidden(type.prototype, "toString", shared.toString);
  hidden(type.prototype, "toJSON", shared.toJSON);
}

/** The arguments of Error's constructor. The stack begins with the whole line; the message is set afterwards. */
function lines(details: ErrorDetails, cause: unknown): [string, ErrorOptions?] {
  const text = details.text ?? details.message;
  return cause === undefined ? [text] : [text, { cause }];
}

/** Gives an error its fields. What may hold a secret is not enumerable, so that nothing prints it. */
function describe(error: Error, details: ErrorDetails, body: Uint8Array | string = ""): void {
  // The stack takes its first line, here the whole one, from the message at its first use.
  void error.stack;
  hidden(error, TEXT, details.text ?? details.message);
  hidden(error, "message", details.message);
  Object.assign(error, {
    status: details.status ?? undefined,
    code: details.code ?? undefined,
    errors: details.errors ?? [],
    requestId: details.request_id ?? undefined,
    attempts: details.attempts ?? 0,
    retryable: details.retryable ?? false,
    idempotencyKey: details.idempotency_key ?? undefined,
    outcome: details.outcome ?? "not_sent",
  });
  hidden(error, "headers", Object.fromEntries(details.headers ?? []));
  Object.defineProperty(error, "body", {
    configurable: true,
    get: () => (typeof body === "string" ? body : new TextDecoder().decode(body)),
  });
  if (details.class === "ConfirmationRequiredError") {
    if (details.confirmation) conceal(details.confirmation, ["token"]);
    hidden(error, "confirmation", details.confirmation ?? undefined);
  }
  if (details.webhook_failure) (error as { reason?: string }).reason = details.webhook_failure;
}

/** @internal The error of these fields. */
export function errorOf(details: ErrorDetails, body?: Uint8Array | string, cause?: unknown): ApprouteError {
  if (details.class === "ConfigurationError") {
    const Type = details.language_type === "type" ? ConfigurationTypeError : ConfigurationRangeError;
    return new Type(details, cause) as unknown as ApprouteError;
  }
  const Type = tree[details.class] ?? ApprouteError;
  return new Type(details, body, cause);
}

/** @internal An argument that cannot be used. */
export function badArgument(languageType: "type" | "value", message: string, cause?: unknown): ApprouteError {
  return errorOf({ class: "ConfigurationError", message, language_type: languageType }, "", cause);
}

/** @internal What the native library threw, as an error of the tree. */
export function errorFrom(thrown: unknown): unknown {
  const message = thrown instanceof Error ? thrown.message : "";
  if (!message.startsWith("{")) return thrown;
  try {
    return errorOf(JSON.parse(message) as ErrorDetails);
  } catch {
    return thrown;
  }
}
