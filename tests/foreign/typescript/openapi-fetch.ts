import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./generated/schema.js";

const client = createClient<paths>({
  baseUrl: process.env["APPROUTE_BASE_URL"]!,
  headers: { Authorization: `Bearer ${process.env["APPROUTE_API_KEY"]}` },
});

const body = { url: "https://example.com/autumn", slug: "from-openapi-fetch", tags: ["autumn"] };
const { data: link } = await client.POST("/v1/links", { body });
assert(link);
const title: string | null = link.title;
assert.equal(title, null);

const { data: read } = await client.GET("/v1/links/{link_id}", { params: { path: { link_id: link.id } } });
assert(read);
assert.deepEqual({ url: read.url, slug: read.slug, tags: read.tags }, body);

const { error } = await client.POST("/v1/links", { body });
assert(error);
assert.equal(error.code, "slug_taken");
console.log(`${link.short_url} leads to ${read.url}`);
