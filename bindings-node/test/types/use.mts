// What users write, and what the compiler must refuse. Compiled by scripts/types.mjs, never run.
import {
  Approute,
  ApprouteError,
  ConfirmationRequiredError,
  UnknownEvent,
  webhook,
  type Event,
  type Link,
  type LinkPage,
  type Pager,
} from "@approute/node";
import { MockTransport, Reply } from "@approute/node/mock";
import * as edge from "@approute/node/webhooks";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const client = new Approute({ apiKey: async () => "key", timeout: 1000, fetch });

export async function use(): Promise<void> {
  const link = await client.links.create({ url: "https://example.com/", expires_at: new Date(), tags: ["a"] as const });
  same<typeof link, Link>(true);
  same<Link["title"], string | null>(true);
  same<Link["created_at"], string>(true);

  const list = client.links.list({ tag: ["a"], status: "active" }, { prefetch: true });
  same<typeof list, Pager<Link, LinkPage>>(true);
  for await (const item of list) same<typeof item, Link>(true);
  const { data, response } = await list.page().withResponse();
  same<typeof data, LinkPage>(true);
  same<typeof response.requestId, string | null>(true);

  await client.links.update(link.id, { title: null, notes: undefined, if_match: '"1"' }, { idempotencyKey: "k" });
  await client.webhooks.rotateSecret("whk_1", { expire_previous_in: 0 }, { signal: AbortSignal.timeout(1) });
  same<Awaited<ReturnType<typeof client.webhooks.delete>>, void>(true);
  const code = await client.qr.get(link.id, { format: "svg", size: 512 });
  await code.writeTo("code.svg");
  await code.writeTo(process.stdout);

  // Enums are open, and their known values are still offered.
  const status: Link["status"] = "frozen";
  void status;

  // @ts-expect-error `url` is required
  await client.links.create({});
  // @ts-expect-error there is no such field
  await client.links.create({ url: "https://example.com/", colour: "blue" });
  // @ts-expect-error a number is no id
  await client.links.get(7);
  // @ts-expect-error `url` cannot be cleared
  await client.links.create({ url: null });
  // @ts-expect-error there is no such option
  await client.links.get(link.id, { retries: 3 });
  // @ts-expect-error there is no such setting
  new Approute({ key: "x" });
  // @ts-expect-error answers have no such field
  void link.shorturl;
}

export function onEvent(event: Event): number {
  switch (event.type) {
    case "link.created":
      return event.data.link.click_count;
    case "link.click_threshold":
      return event.data.threshold;
    case "link.password_failed":
      return event.data.failures;
    default:
      same<typeof event, UnknownEvent>(true);
      return 0;
  }
}

export function onError(error: unknown): void {
  if (error instanceof ConfirmationRequiredError) void error.confirmation?.token;
  if (error instanceof ApprouteError) {
    same<typeof error.outcome, "not_sent" | "rejected" | "applied" | "unknown">(true);
    const pointer: string | undefined = error.errors[0]?.pointer;
    void pointer;
  }
}

export async function receive(request: Request): Promise<Event> {
  webhook.verify(new Uint8Array(), { "X-Approute-Signature": ["a"] }, ["old", "new"], { tolerance: 60 });
  return edge.unwrap(await request.text(), request.headers, "whsec_x");
}

export const mock: Approute = MockTransport.withExamples().reply(Reply.json(200, {})).client({ maxRetries: 0 });
