// The native library: what it offers, and how it is found. It is loaded for the first client, not on import.
import { nodeRequire } from "./require.js";
import { VERSION } from "./version.js";

/** How a body is wanted: as text, as bytes, or not at all. */
export type Reading = 0 | 1 | 2;

export interface NativeClient {
  baseUrl(): string;
  advance(milliseconds: number): void;
  recordWait(milliseconds: number): boolean;
  holdsWaits(): boolean;
}

export interface NativeQueue {
  submit(client: NativeClient, operation: number, request: string, reading: Reading, tells: boolean): number;
  cancel(id: number): boolean;
  drain(): unknown[];
  hold(on: boolean): void;
  running(): number;
}

export interface NativeHostCall {
  begin(): unknown[];
  slept(): unknown[];
  answered(status: number, headers: string[], body: Uint8Array): unknown[];
  failed(kind: string, message: string, sent: boolean | undefined): unknown[];
}

export interface Native {
  version(): string;
  operations(): string[];
  panicForTest(): never;
  verifyWebhook(
    payload: string | Uint8Array,
    headers: string | string[],
    secrets: string | string[],
    tolerance: number | undefined,
    now: number | undefined,
  ): void;
  checkSignature(payload: string | Uint8Array, signature: string, secrets: string | string[]): void;
  signWebhook(payload: string | Uint8Array, secret: string, id: string, timestamp: number | undefined): string[];
  Client: new (config: string) => NativeClient;
  Queue: new (wake: () => void) => NativeQueue;
  HostCall: new (
    client: NativeClient,
    operation: number,
    request: string,
    reading: Reading,
    tells: boolean,
  ) => NativeHostCall;
}

/** What a slot of a drained array says. The numbers are those of `native/answer.rs`. */
export const ANSWERED = 0;
export const FAILED = 1;
/** What a host is to do. The numbers are those of `native/host.rs`. */
export const SEND = 0;
export const SLEEP = 1;

let loaded: Native | undefined;

/** The native library, loaded once. */
export function native(): Native {
  return (loaded ??= load());
}

/** @internal The platform's name in package names, such as `linux-x64-gnu`. */
export function platformName(
  platform: string = process.platform,
  arch: string = process.arch,
  musl: () => boolean = isMusl,
): string {
  switch (platform) {
    case "linux":
      return `linux-${arch}-${musl() ? "musl" : "gnu"}`;
    case "win32":
      return `win32-${arch}-msvc`;
    default:
      return `${platform}-${arch}`;
  }
}

/** Whether this Linux has musl as its C library, as Alpine does. */
function isMusl(): boolean {
  try {
    // A shell script that names its library; reading it takes less time than a report of the process.
    const { readFileSync } = nodeRequire("node:fs") as typeof import("node:fs");
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl");
  } catch {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return report !== undefined && report.header?.glibcVersionRuntime === undefined;
  }
}

const PACKAGES = [
  "linux-x64-gnu",
  "linux-arm64-gnu",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "win32-x64-msvc",
];

function load(): Native {
  const name = platformName();
  // Beside the package when it is built from source; in a package of its own when it is installed.
  const places = [`../../approute.${name}.node`, `@approute/node-${name}`];
  const reasons: string[] = [];
  let cause: unknown;
  for (const place of places) {
    let library: Native;
    try {
      library = nodeRequire(place) as Native;
    } catch (error) {
      const missing = (error as { code?: string }).code === "MODULE_NOT_FOUND";
      if (!missing) {
        cause ??= error;
        reasons.push(`${place}: ${(error as Error).message.split("\n", 1)[0]}`);
      }
      continue;
    }
    checkVersion(library.version());
    return library;
  }
  throw new Error(explain(name, reasons), cause === undefined ? undefined : { cause });
}

/** @internal */
export function checkVersion(found: string): void {
  if (found !== VERSION) {
    throw new Error(
      `@approute/node ${VERSION} found the native library of version ${found}. Install both anew: remove node_modules and the lock file's entries for @approute, then run npm install.`,
    );
  }
}

/** @internal What to do when nothing could be loaded. */
export function explain(name: string, reasons: readonly string[]): string {
  if (reasons.length > 0) {
    return `The native library of @approute/node cannot be loaded. ${reasons.join("; ")}`;
  }
  if (!PACKAGES.includes(name)) {
    return `@approute/node has no native library for ${name}. There are: ${PACKAGES.join(", ")}. Webhooks work without it, from @approute/node/webhooks.`;
  }
  return `The package @approute/node-${name} is missing, which holds the native library of @approute/node. It is an optional dependency: install without --omit=optional (--no-optional), and on this platform rather than on another whose node_modules were copied; or run npm install @approute/node-${name}@${VERSION}.`;
}
