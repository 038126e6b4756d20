/**
 * The official AppRoute SDK for Node.js.
 *
 * @packageDocumentation
 */
export { Approute, Approute as default } from "./client.js";
export { Binary } from "./binary.js";
export { Call, ResponseInfo, type RateLimit, type WithResponse } from "./call.js";
export { Pager } from "./pager.js";
export { UnknownEvent } from "./unknown.js";
export * as webhook from "./webhook.js";
export { VERSION } from "./version.js";
export * from "./errors-public.js";
export type {
  CallOptions,
  ClientOptions,
  Fetch,
  ListOptions,
  LogLevel,
  RequestInfo,
  ResponseNotice,
  RetryNotice,
  SharedOptions,
} from "./options.js";
export * from "./generated/models.js";
export { API_VERSION } from "./generated/resources.js";
export type * from "./generated/resources.js";
