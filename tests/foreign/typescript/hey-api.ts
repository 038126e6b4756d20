import assert from "node:assert/strict";
import { client } from "./generated/hey-api/client.gen.js";
import { linksCreate, linksGet } from "./generated/hey-api/index.js";

client.setConfig({ baseUrl: process.env["APPROUTE_BASE_URL"]!, auth: process.env["APPROUTE_API_KEY"]! });

const body = { url: "https://example.com/autumn", slug: "from-hey-api", tags: ["autumn"] };
const { data: link } = await linksCreate({ body });
assert(link);
const title: string | null = link.title;
assert.equal(title, null);

const { data: read } = await linksGet({ path: { link_id: link.id } });
assert(read);
assert.deepEqual({ url: read.url, slug: read.slug, tags: read.tags }, body);

const { error } = await linksCreate({ body });
assert(error);
assert.equal(error.code, "slug_taken");
console.log(`${link.short_url} leads to ${read.url}`);
