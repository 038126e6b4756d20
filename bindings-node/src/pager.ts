// Lists that come in pages.
import type { Call, WithResponse } from "./call.js";
import { undecodable, type Core, type Operation } from "./core.js";
import type { ListOptions } from "./options.js";

/** @internal How the pages of a list hang together. */
export interface Paging {
  /** The page's field with the items. */
  readonly items: string;
  /** The parameter that takes the cursor. */
  readonly cursor: string;
  /** The page's field with the next cursor. */
  readonly next: string;
}

/**
 * A list. Iterate over it for all its items, whose pages are fetched when they are needed:
 *
 * ```ts
 * for await (const link of client.links.list({ tag: ["autumn"] })) console.log(link.short_url);
 * ```
 *
 * Nothing is sent before that. Each iteration starts anew; one that is left early fetches nothing more.
 */
export class Pager<Item, Page> implements AsyncIterable<Item> {
  readonly #core: Core;
  readonly #operation: Operation;
  readonly #args: Record<string, unknown>;
  readonly #options: ListOptions | undefined;
  readonly #paging: Paging;

  /** @internal */
  constructor(core: Core, operation: Operation, args: object, options: ListOptions | undefined, paging: Paging) {
    this.#core = core;
    this.#operation = operation;
    this.#args = { ...args };
    this.#options = options;
    this.#paging = paging;
  }

  /** The first page alone, or the one after the `cursor` of the params. */
  page(): Call<Page> {
    return this.#core.call(this.#operation, this.#args, this.#options);
  }

  /** All pages. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    for await (const { data } of this.pagesWithResponse()) yield data;
  }

  /** All pages, each with its response. */
  async *pagesWithResponse(): AsyncGenerator<WithResponse<Page>, void, undefined> {
    const { cursor, next } = this.#paging;
    const seen = new Set<unknown>([this.#args[cursor]]);
    const ended = new AbortController();
    const fetch = (at: unknown): Promise<WithResponse<Page>> => {
      const args = at === undefined ? this.#args : { ...this.#args, [cursor]: at };
      const call = this.#core.call<Page>(this.#operation, args, this.#options, ended.signal).withResponse();
      // Whoever iterates gets to know of a failure when it is that page's turn.
      call.catch(() => undefined);
      return call;
    };
    try {
      let page = fetch(undefined);
      for (;;) {
        const { data, response } = await page;
        const following = (data as Record<string, unknown>)[next];
        const last = following === null || following === undefined;
        const repeated = !last && seen.has(following);
        seen.add(following);
        const prefetch = !last && !repeated && this.#options?.prefetch === true;
        if (prefetch) page = fetch(following);
        yield { data, response };
        if (last) return;
        if (repeated) {
          throw undecodable(
            "the server returned a cursor that it had returned before; the list would never end",
            "",
            response,
          );
        }
        if (!prefetch) page = fetch(following);
      }
    } finally {
      // What was fetched ahead and is not wanted any more.
      ended.abort();
    }
  }

  /** All items. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const { data } of this.pagesWithResponse()) {
      yield* (data as Record<string, Item[]>)[this.#paging.items] ?? [];
    }
  }

  /** All items in one array. Mind how many there can be. */
  async toArray(): Promise<Item[]> {
    const all: Item[] = [];
    for await (const { data } of this.pagesWithResponse()) {
      for (const item of (data as Record<string, Item[]>)[this.#paging.items] ?? []) all.push(item);
    }
    return all;
  }
}
