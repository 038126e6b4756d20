// What a method of a resource returns.

/** The rate limit after a call. */
export interface RateLimit {
  /** How many requests the policy allows per window. */
  readonly limit: number;
  /** How many are left in the current window. */
  readonly remaining: number;
  /** Seconds until the window starts anew. */
  readonly reset: number;
}

interface Facts {
  status: number;
  headers: [string, string][];
  request_id: string | null;
  rate_limit: RateLimit | null;
  attempts: number;
  replayed: boolean;
  idempotency_key: string | null;
}

/** What a response says beside its value. */
export class ResponseInfo {
  // Read when somebody asks: most calls never do.
  #text: string;
  #facts: Facts | undefined;

  /** @internal */
  constructor(text: string) {
    this.#text = text;
  }

  get #read(): Facts {
    return (this.#facts ??= JSON.parse(this.#text) as Facts);
  }

  /** The HTTP status, 200 to 299. */
  get status(): number {
    return this.#read.status;
  }
  /** The headers; names are in lower case, repeated ones are joined by `, `. */
  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#read.headers);
  }
  /** `X-Request-Id`, which support asks for; null when the server sent none. */
  get requestId(): string | null {
    return this.#read.request_id;
  }
  /** The rate limit; null when the server did not say, or not in a readable form. */
  get rateLimit(): RateLimit | null {
    return this.#read.rate_limit;
  }
  /** How many tries the call took, 1 when the first succeeded. */
  get attempts(): number {
    return this.#read.attempts;
  }
  /** Whether the server answered from its memory of an earlier request with the same idempotency key. */
  get replayed(): boolean {
    return this.#read.replayed;
  }
  /** The key that every try carried; null for reads. */
  get idempotencyKey(): string | null {
    return this.#read.idempotency_key;
  }

  /** What may be logged. */
  toJSON(): Record<string, unknown> {
    const { status, requestId, rateLimit, attempts, replayed } = this;
    return { status, requestId, rateLimit, attempts, replayed };
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `ResponseInfo ${inspect(this.toJSON(), options)}`;
  }
}

/** A value with the response that it came in. */
export interface WithResponse<T> {
  /** The value. */
  data: T;
  /** Status, headers, request id, rate limit and number of tries. */
  response: ResponseInfo;
}

/** A call on its way: a promise of its value. */
export class Call<T> extends Promise<T> {
  /**
   * Set before the promise is fulfilled. A field, though it begins as nothing: a property that is first added later
   * changes what V8 knows about the class, for which it throws the compiled callers away, again and again.
   *
   * @internal
   */
  info: ResponseInfo | undefined = undefined;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** The value together with status, headers, request id, rate limit and number of tries of its response. */
  withResponse(): Promise<WithResponse<T>> {
    return this.then((data) => ({ data, response: this.info as ResponseInfo }));
  }
}
