// Uses the installed package in whichever runtime this is. The server is named by APPROUTE_BASE_URL and APPROUTE_API_KEY.
import { Approute, ConflictError, NotFoundError, VERSION, webhook } from "@approute/node";
import { MockTransport, Reply } from "@approute/node/mock";
import * as edge from "@approute/node/webhooks";

function check(holds, what) {
  if (!holds) throw new Error(`${what} does not hold`);
}

for (const [way, options] of Object.entries({ native: {}, fetch: { fetch: globalThis.fetch } })) {
  const client = new Approute(options);
  const slug = `smoke-${Math.random().toString(36).slice(2)}`;
  const { data: link, response } = await client.links.create({ url: "https://example.com/", slug, title: "Grüße 👩‍👧" }).withResponse();
  check(link.title === "Grüße 👩‍👧" && response.status === 201 && response.requestId, `${way}: created`);
  const taken = await client.links.create({ url: "https://example.com/", slug }).catch((error) => error);
  check(taken instanceof ConflictError && taken.code === "slug_taken", `${way}: conflict`);
  let found = 0;
  for await (const item of client.links.list({ limit: 1 })) found += item.id === link.id ? 1 : 0;
  check(found === 1, `${way}: listed`);
  const all = await Promise.all(Array.from({ length: 50 }, () => client.links.get(link.id)));
  check(all.every(({ id }) => id === link.id), `${way}: at once`);
  const aborted = await client.links.get(link.id, { signal: AbortSignal.abort() }).catch((error) => error);
  check(aborted.name === "AbortError", `${way}: aborted`);
  const wrong = await client.links.create({ url: 7 }).catch((error) => error);
  check(wrong instanceof TypeError, `${way}: refused`);
}

const mock = new MockTransport().reply(Reply.problem(404, "not_found", "No."));
check((await mock.client().links.get("lnk_1").catch((error) => error)) instanceof NotFoundError, "mock");

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = JSON.stringify({ sent_at: new Date().toISOString() });
webhook.verify(body, webhook.sign(body, secret, "evt_1"), secret);
await edge.verify(body, await edge.sign(body, secret, "evt_1"), secret);
console.log(`@approute/node ${VERSION} works`);
