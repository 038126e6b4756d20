// The client.
import { Core, type HiddenOptions } from "./core.js";
import { Resources } from "./generated/resources.js";
import type { CallOptions, ClientOptions } from "./options.js";

/**
 * A client of the AppRoute API.
 *
 * ```ts
 * const client = new Approute({ apiKey: process.env.APPROUTE_API_KEY });
 * const link = await client.links.create({ url: "https://example.com/autumn" });
 * ```
 *
 * One client serves a whole program: it keeps connections alive.
 */
export class Approute extends Resources {
  readonly #core: Core;

  /**
   * @throws {ConfigurationError} when a setting is wrong, or there is no API key.
   */
  constructor(options: ClientOptions = {}) {
    const core = options instanceof Core ? options : new Core(options as ClientOptions & HiddenOptions);
    super(core);
    this.#core = core;
  }

  /** Where the API is, without a slash at its end. */
  get baseUrl(): string {
    return this.#core.client.baseUrl();
  }

  /** A copy whose calls have these options unless they bring their own. It shares connections and retry budget. */
  withOptions(options: CallOptions): Approute {
    return new Approute(this.#core.copy(options) as ClientOptions);
  }

  /** What may be logged. */
  toJSON(): Record<string, unknown> {
    return { baseUrl: this.baseUrl };
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Approute { baseUrl: ${JSON.stringify(this.baseUrl)} }`;
  }
}
