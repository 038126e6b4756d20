// Every page at work.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { eventually } from "./newcomer.mjs";
import { open, signIn, startServer, startWorld } from "./support.mjs";

export function flows(browser) {
  let server;
  let world;
  let window;
  let page;

  // All these tests share what is started here.
  const ends = [];
  before(async () => {
    const suite = { after: (end) => ends.unshift(end) };
    server = await startServer(suite);
    world = await startWorld(suite);
    window = await open(suite, browser(), [server.url, world.url]);
    page = window.page;
    await signIn(page, server.signIn);
  });
  after(async () => {
    for (const end of ends) await end();
  });
  const go = (path) => page.goto(server.url + path);
  const unfold = (name) => page.locator("summary", { hasText: name }).click();
  const flow = (name, run) =>
    test(name, async () => {
      await run();
      window.check();
    });
  const link = async (body) => (await server.call("POST", "/v1/links", { url: `${world.url}/`, ...body })).body;

  flow("keys: rotate with overlap, revoke, filter the log", async () => {
    await go("/dashboard/keys");
    await page.getByLabel("Name").fill("rotating");
    await page.getByLabel("Read", { exact: true }).check();
    await page.getByRole("button", { name: "Issue the key" }).click();
    const first = await page.locator("#secret").textContent();
    await page.getByRole("link", { name: /Done/ }).click();
    await unfold("Rotate");
    await page.getByLabel("The secret before it goes on").selectOption("for 1 hour");
    await page.getByRole("button", { name: "Make a new secret" }).click();
    const second = await page.locator("#secret").textContent();
    assert.notEqual(first, second);
    await page.getByText("goes on for 1 hour").waitFor();
    for (const key of [first, second]) assert.equal((await server.call("GET", "/v1/links", null, key)).status, 200);
    assert.equal((await server.call("POST", "/v1/links", { url: "https://example.com" }, second)).status, 403);
    await page.getByRole("link", { name: /Done/ }).click();
    await eventually(page, "a:text-is('read_only_key')");
    assert.match(await page.locator(".facts div", { hasText: "Last used" }).innerText(), /UTC$/);
    await page.getByLabel("Result").selectOption("carried out");
    await page.getByRole("button", { name: "Filter" }).click();
    // The page that the filter leads to is there once both calls are.
    await page.getByRole("cell", { name: "links.list" }).nth(1).waitFor();
    assert.equal(await page.getByRole("link", { name: "read_only_key" }).count(), 0);
    assert.equal(await page.getByRole("cell", { name: "links.list" }).count(), 2);
    await unfold("Revoke");
    await page.getByRole("button", { name: "Revoke the key" }).click();
    await page.getByText("Calls with it are refused from now on").waitFor();
    assert.equal((await server.call("GET", "/v1/links", null, second)).body.code, "revoked_api_key");
  });

  flow("links: errors at their fields, edit, QR code, delete and restore", async () => {
    await go("/dashboard/links/new");
    await page.getByLabel("Destination").fill("ftp://example.com/");
    await unfold("Limits");
    await page.getByLabel("Works for so many clicks").fill("many");
    await page.getByRole("button", { name: "Create the link" }).click();
    const summary = page.getByRole("alert");
    await summary.waitFor();
    assert.ok(await summary.evaluate((element) => element === document.activeElement), "the errors come into focus");
    assert.ok((await page.title()).startsWith("Error: "));
    await summary.getByRole("link").last().click();
    const field = page.getByLabel("Works for so many clicks");
    assert.ok(await field.isVisible(), "its part is unfolded");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.equal(await field.inputValue(), "many", "what was typed is still there");
    await field.fill("1000");
    await page.getByLabel("Destination").fill(`${world.url}/x`);
    await page.getByLabel("Slug").fill("Edited");
    await unfold("Other destinations");
    await page.getByLabel("By country").fill(`de ${world.url}/de`);
    await page.getByRole("button", { name: "Create the link" }).click();
    await page.getByText("The link is made.").waitFor();
    await page.getByText(`DE ${world.url}/de`).waitFor();

    const qr = page.getByRole("img", { name: /QR code of/ });
    assert.ok(await qr.evaluate((image) => image.complete && image.naturalWidth > 0), "the code is drawn");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "PNG" }).click()]);
    assert.match(download.suggestedFilename(), /^lnk_.*\.png$/);

    await page.getByRole("link", { name: "Edit" }).click();
    assert.equal(await page.getByLabel("By country").inputValue(), `DE ${world.url}/de`);
    await page.getByLabel("Title").fill("Edited link");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "Edited link" }).waitFor();
    await unfold("Delete");
    await page.getByRole("button", { name: "Delete the link" }).click();
    await page.getByText("For 30 days it can be restored").waitFor();
    await page.getByRole("button", { name: "Restore the link" }).click();
    await page.getByText("The link is restored").waitFor();
  });

  flow("links: what a form cannot show stays as it is", async () => {
    const made = await link({
      title: " spaced ", tags: ["one, two", "three"], expires_at: "2099-01-01T00:00:00.123456Z", starts_at: "2026-01-01T00:00:00.12Z",
      geo: { DE: `${world.url}/de` }, utm: { source: "mail" }, variants: [{ url: `${world.url}/a`, weight: 1 }, { url: `${world.url}/b`, weight: 2 }],
    });
    const saved = async (field, value) => {
      await go(`/dashboard/links/${made.id}/edit`);
      await page.evaluate(() => { for (const details of document.querySelectorAll("details")) details.open = true; });
      await page.getByLabel(field, { exact: true }).fill(value);
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved.").waitFor();
      const { updated_at, version, ...rest } = (await server.call("GET", `/v1/links/${made.id}`)).body;
      return rest;
    };
    const { updated_at, version, ...before } = made;
    assert.deepEqual(await saved("Notes", "new"), { ...before, notes: "new" });
    assert.deepEqual(await saved("Notes", ""), before);
    const { expires_at } = await saved("Works until", "");
    assert.equal(expires_at, null);
  });

  flow("links: found while typing, chosen together, deleted with a second look", async () => {
    await server.call("POST", "/v1/links/batch", {
      create: Array.from({ length: 30 }, (_, index) => ({ url: `${world.url}/${index}`, slug: `many-${index}`, tags: ["many"] })),
    });
    await go("/dashboard/links");
    await page.getByLabel("Search").pressSequentially("many-2", { delay: 20 });
    await page.locator("#count", { hasText: "11 links" }).waitFor();
    assert.match(page.url(), /q=many-2/);
    assert.ok(await page.getByLabel("Search").evaluate((element) => element === document.activeElement), "typing goes on");
    assert.ok(await page.getByLabel("Choose all").isVisible(), "what needs a script is in what was found, too");
    assert.match(await page.getByRole("link", { name: "Export what is found" }).getAttribute("href"), /q=many-2/);
    await page.getByLabel("Search").fill("many-21");
    await page.locator("#count", { hasText: /^1 link$/ }).waitFor();
    await page.getByRole("link", { name: "many-21" }).click();
    await page.getByRole("heading", { level: 1, name: "many-21" }).waitFor();
    await page.goBack();
    await page.locator("#count", { hasText: /^1 link$/ }).waitFor();
    await page.goBack();
    await page.locator("#count", { hasText: "11 links" }).waitFor();
    assert.equal(await page.getByLabel("Search").inputValue(), "many-2", "each search is one step back");
    await go("/dashboard/links?tag=many");
    const threshold = 25;
    await page.getByLabel("Choose all").check();
    await page.getByRole("button", { name: "Delete chosen links" }).click();
    await page.getByRole("heading", { name: "Delete 30 links?" }).waitFor();
    await page.getByText(`more than ${threshold} deletes within an hour`).waitFor();
    assert.equal(await page.getByRole("listitem").filter({ hasText: "many-" }).count(), 30);
    assert.equal((await server.call("GET", "/v1/links?tag=many&limit=100")).body.items.length, 30, "nothing is deleted yet");
    await page.getByRole("button", { name: "Delete 30 links" }).click();
    await page.getByText("For 30 days it can be restored").waitFor();
    assert.equal((await server.call("GET", "/v1/links?tag=many&limit=100")).body.items.length, 0);
  });

  flow("approvals: a program waits for a person", async () => {
    await go("/dashboard/workspace");
    await page.getByLabel("Deletes within an hour without a second look").fill("0");
    await page.getByLabel("More than that is confirmed by").selectOption("dashboard");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved.").waitFor();
    const doomed = await link({ title: "Doomed" });
    const asked = await server.call("DELETE", `/v1/links/${doomed.id}`);
    assert.equal(asked.body.code, "confirmation_required");
    const again = () =>
      server.call("DELETE", `/v1/links/${doomed.id}`, null, server.key, { "approute-confirmation": asked.body.confirmation.token });
    assert.equal((await again()).status, 409);
    await page.reload();
    await page.getByRole("link", { name: "Approvals 1 waiting" }).click();
    await page.getByRole("link", { name: "Doomed" }).waitFor();
    await page.getByRole("button", { name: /Approve/ }).click();
    await page.getByText("The program can repeat its call now").waitFor();
    assert.equal((await again()).status, 200);
    await go("/dashboard/workspace");
    await page.getByLabel("Deletes within an hour without a second look").fill("25");
    await page.getByLabel("More than that is confirmed by").selectOption("token");
    await page.getByRole("button", { name: "Save", exact: true }).click();
  });

  flow("clicks: chart, table behind it, filters", async () => {
    const visited = await link({ slug: "visited", sub_id: "nora", utm: { source: "mail" } });
    const agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1";
    for (let visit = 0; visit < 3; visit += 1) {
      await fetch(visited.short_url, { redirect: "manual", headers: { "user-agent": agent } });
    }
    await go(`/dashboard/clicks?link=${visited.id}`);
    await eventually(page, "svg.chart[aria-label*='clicks by day, 3 in all']");
    await unfold("The numbers behind the chart");
    const rows = page.getByRole("region", { name: "Clicks over time" }).getByRole("row");
    assert.equal(await rows.count(), 8);
    assert.match(await rows.nth(1).innerText(), /\s3\s+1$/);
    await page.getByRole("link", { name: "nora" }).click();
    await page.getByText("Sub-ID: nora").waitFor();
    await page.getByRole("link", { name: "remove the filter Sub-ID" }).click();
    await page.getByLabel("Time", { exact: true }).selectOption("24 hours");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByRole("img", { name: /clicks by hour, 3 in all/ }).waitFor();
    await page.getByLabel("By", { exact: true }).selectOption("bots and previews");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("There are no clicks in this time").waitFor();
  });

  flow("clicks: many of one link, and a bot's behind them", async () => {
    const busy = await link({ slug: "busy" });
    const visit = (agent) => fetch(busy.short_url, { redirect: "manual", headers: { "user-agent": agent } });
    await visit("Googlebot/2.1 (+http://www.google.com/bot.html)");
    // More than are read at a time.
    for (let visits = 0; visits < 1_300; visits += 50) {
      await Promise.all(Array.from({ length: 50 }, () => visit("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36")));
    }
    await go(`/dashboard/clicks?link=${busy.id}&os=linux`);
    await eventually(page, "svg.chart[aria-label*='clicks by day, 1,300 in all']");
    const listed = page.getByRole("region", { name: "One by one" }).locator("tbody tr");
    assert.equal(await listed.count(), 25);
    await page.getByRole("link", { name: "Older clicks" }).click();
    await page.waitForURL(/before=/);
    assert.equal(await listed.count(), 25);
    await go(`/dashboard/clicks?link=${busy.id}&bots=on`);
    assert.equal(await listed.count(), 1);
  });

  flow("webhooks: register, see a delivery, send it again, rotate, disable and enable", async () => {
    await go("/dashboard/webhooks");
    await page.getByLabel("Address").fill(`${world.url}/hook`);
    await page.getByLabel("Description").fill("Payouts");
    await page.getByRole("button", { name: "Register" }).click();
    assert.match(await page.locator("#secret").textContent(), /^whsec_/);
    await page.getByRole("link", { name: /Done/ }).click();
    await link({ title: "Announced" });
    await eventually(page, "a[href*='/attempts/']");
    await page.locator("a[href*='/attempts/']").click();
    await page.getByRole("heading", { name: "Delivery of link.created" }).waitFor();
    await page.getByText("\"title\": \"Announced\"").waitFor();
    const before = world.deliveries.length;
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("It is sent again").waitFor();
    await eventually(page, "tbody tr:nth-child(2) a[href*='/attempts/']");
    assert.equal(world.deliveries.length, before + 1);
    assert.equal(world.deliveries.at(-1).id, world.deliveries.at(-2).id);

    await unfold("Send everything again since a time");
    await page.getByLabel("Since").fill("2026-01-01T00:00");
    await page.locator("details", { hasText: "Send everything" }).getByRole("button", { name: "Send again" }).click();
    await eventually(page, "tbody tr:nth-child(3) a[href*='/attempts/']");

    await unfold("Rotate");
    await page.getByRole("button", { name: "Make a new secret" }).click();
    await page.getByRole("link", { name: /Done/ }).click();
    await page.getByText(/signs too, for 2[34] h more/).waitFor();

    world.status = 410;
    await link({ title: "Gone" });
    await eventually(page, "button:text-is('Enable it again')");
    world.status = 204;
    await page.getByRole("button", { name: "Enable it again" }).click();
    await page.getByText("The webhook is enabled").waitFor();
    await unfold("Delete");
    await page.getByRole("button", { name: "Delete the webhook" }).click();
    await page.getByText("There are no webhooks").waitFor();
  });

  flow("a file of links: row errors in place, a bar, and out again", async () => {
    const rows = Array.from({ length: 400 }, (_, index) => `${world.url}/i${index},import-${index},Creator ${index}`);
    const file = ["url,slug,title", "ftp://wrong.example,,Wrong", ...rows].join("\n");
    await go("/dashboard/links");
    await page.getByRole("link", { name: "Import a file" }).click();
    await page.getByLabel("File").setInputFiles({ name: "links.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("400 rows would become links. 1 row has errors").waitFor();
    const wrong = page.getByRole("row", { name: /Wrong/ });
    assert.match(await wrong.innerText(), /^2\s/);
    assert.match(await wrong.innerText(), /url: /);
    // Clicked more than once.
    const [form_token, action] = await page.locator("main form").evaluate((form) => [form.elements.form_token.value, form.action]);
    const again = () => page.request.post(action, { form: { form_token }, headers: { origin: server.url }, maxRedirects: 0 });
    await Promise.all(Array.from({ length: 10 }, again));
    await page.getByRole("button", { name: "Import 400 links" }).click();
    await page.getByRole("progressbar", { name: "Rows that were tried" }).waitFor();
    await page.getByText("Done: 400 links were made").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Rows that did not become links" }).count(), 0);
    await go("/dashboard/imports/new");
    const twice = ["url,slug", ...Array.from({ length: 1_001 }, (_, index) => `${world.url},${index < 1_000 ? `once-${index}` : "Once-0"}`)];
    await page.getByLabel("File").setInputFiles({ name: "twice.csv", mimeType: "text/csv", buffer: Buffer.from(twice.join("\n")) });
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("1,000 rows would become links. 1 row has errors").waitFor();
    await page.getByText("slug: line 2 has the same.").waitFor();
    await page.getByRole("link", { name: "Leave it" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).toString().includes("import-399"));
  });

  flow("domains: apps that open their links", async () => {
    await go("/dashboard/workspace");
    await page.locator("summary", { hasText: "localhost" }).click();
    await page.getByLabel("iOS apps").fill("nonsense");
    await page.getByRole("button", { name: "Save the apps of localhost" }).click();
    await page.getByRole("alert").getByText("nonsense").waitFor();
    assert.equal(await page.getByLabel("iOS apps").getAttribute("aria-invalid"), "true");
    await page.getByLabel("iOS apps").fill("ABCDE12345.com.example.shop");
    await page.getByRole("button", { name: "Save the apps of localhost" }).click();
    await page.getByText("localhost, 1 app").waitFor();
    await page.locator("summary", { hasText: "localhost" }).click();
    await page.getByLabel("Android apps").fill("com.example.shop");
    await page.getByRole("button", { name: "Save the apps of localhost" }).click();
    await page.getByRole("alert").getByRole("link").click();
    const android = page.getByLabel("Android apps");
    assert.ok(await android.evaluate((field) => field === document.activeElement), "the error leads to its field");
    assert.equal(await android.getAttribute("aria-invalid"), "true");
    assert.equal(await page.getByLabel("iOS apps").getAttribute("aria-invalid"), null);
    await page.getByLabel("New domain").fill("go.example.com");
    await page.getByRole("button", { name: "Add the domain" }).click();
    await page.locator("summary", { hasText: "go.example.com" }).waitFor();
  });
}
