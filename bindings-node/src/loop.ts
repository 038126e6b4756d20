// The event loop's side of calls that the native library carries out.
import { ANSWERED, FAILED, native, type NativeClient, type NativeQueue } from "./native.js";
import type { Waiting } from "./core.js";

/** The queue of this event loop: a worker has its own, since a module is loaded anew in it. */
let queue: NativeQueue | undefined;
const pending = new Map<number, Waiting>();

/** Starts a call and gives its number. */
export function submit(client: NativeClient, request: string, waiting: Waiting): number {
  const { number, reading } = waiting.operation;
  queue ??= new (native().Queue)(drain);
  const id = queue.submit(client, number, request, reading, waiting.core.tells);
  // The process must not exit while somebody waits, and may as soon as nobody does.
  if (pending.size === 0) queue.hold(true);
  pending.set(id, waiting);
  return id;
}

/** Ends a call; nothing comes of it. */
export function cancel(id: number): void {
  queue?.cancel(id);
  forget(id);
}

function forget(id: number): void {
  if (pending.delete(id) && pending.size === 0) queue?.hold(false);
}

/** Takes everything that has come. */
function drain(): void {
  const slots = queue?.drain() ?? [];
  for (let at = 0; at < slots.length; at += 4) {
    const id = slots[at] as number;
    const waiting = pending.get(id);
    if (waiting === undefined) continue;
    switch (slots[at + 1]) {
      case ANSWERED:
        forget(id);
        waiting.answered(slots[at + 2], slots[at + 3] as string);
        break;
      case FAILED:
        forget(id);
        waiting.failed(slots[at + 2] as string, slots[at + 3] as Uint8Array);
        break;
      default:
        waiting.core.tell(slots[at + 2] as string);
    }
  }
}
