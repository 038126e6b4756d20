// Gives every creator of a CSV a link, by one batch, and prints the links with their clicks.
//
//   APPROUTE_API_KEY=… node creators.mjs ../creators.csv
//
// Run it again: links that are there already are found by their external id, and nothing is made twice.
import { readFile } from "node:fs/promises";
import { APIConnectionError, Approute, AuthenticationError, UnprocessableEntityError } from "@approute/node";

const PROGRAM = "creators-example-node";
const BATCH_SIZE = 1000; // The most that one batch carries out.
const COLUMNS = ["external_id", "name", "platform", "slug", "sub_id", "destination", "app_store_id", "package_name", "utm_campaign"];

/** The fields of a line; one in quotes may hold commas, and a quote that is written twice. */
function fields(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain);
}

/** A link for each row, by the names in the first one. */
async function read(path) {
  const [head = "", ...rows] = (await readFile(path, "utf8")).trimEnd().split(/\r?\n/);
  const names = fields(head);
  const lacking = COLUMNS.filter((name) => !names.includes(name));
  if (lacking.length > 0) throw new Error(`${path} has no column ${lacking.join(", ")}`);
  return rows.map((row, at) => {
    const values = fields(row);
    if (values.length !== names.length) throw new Error(`${path}:${at + 2} has ${values.length} columns, not ${names.length}`);
    const creator = Object.fromEntries(names.map((name, column) => [name, values[column]]));
    return {
      url: creator.destination,
      external_id: `${PROGRAM}:${creator.external_id}`,
      title: creator.name,
      slug: `${creator.slug}-node`,
      program_id: PROGRAM,
      sub_id: creator.sub_id,
      tags: [creator.platform],
      utm: { source: creator.platform, ...(creator.utm_campaign && { campaign: creator.utm_campaign }) },
      targets: {
        ...(creator.app_store_id && { ios: { app_store_id: creator.app_store_id } }),
        ...(creator.package_name && { android: { package_name: creator.package_name } }),
      },
    };
  });
}

async function main(path) {
  const wanted = await read(path);
  const client = new Approute();
  const there = new Set();
  for await (const link of client.links.list({ program_id: PROGRAM, limit: 100 })) there.add(link.external_id);

  const missing = wanted.filter((link) => !there.has(link.external_id));
  for (let start = 0; start < missing.length; start += BATCH_SIZE) {
    // All or nothing: a broken row stops the batch and is named, and a retry of the SDK makes nothing twice.
    const { summary } = await client.links.batch({ create: missing.slice(start, start + BATCH_SIZE), atomic: true });
    console.log(`${summary.succeeded} links made`);
  }
  if (missing.length === 0) console.log("all links are there");

  for await (const { sub_id, click_count, short_url } of client.links.list({ program_id: PROGRAM, limit: 100 }, { prefetch: true })) {
    console.log(`${(sub_id ?? "").padEnd(32)} ${String(click_count).padStart(6)}  ${short_url}`);
  }
}

function advice(error) {
  if (error instanceof AuthenticationError) return `${error}\nIs APPROUTE_API_KEY a key of your workspace?`;
  if (error instanceof UnprocessableEntityError) {
    return [String(error), ...error.errors.map(({ pointer, message }) => `  ${pointer}: ${message}`)].join("\n");
  }
  if (error instanceof APIConnectionError) return `${error}\nIs the server of APPROUTE_BASE_URL there?`;
  return String(error);
}

if (process.argv.length !== 3) {
  console.error("usage: node creators.mjs CREATORS.csv");
  process.exitCode = 2;
} else {
  await main(process.argv[2]).catch((error) => {
    console.error(`creators: ${advice(error)}`);
    process.exitCode = 1;
  });
}
