// Every page, in light and dark, on a desktop and on a phone: axe finds nothing, and no page is wider than its screen.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";

import { DESKTOP, PHONE, assertAccessible, open, startServer, startWorld } from "./support.mjs";

/** Something on every page. */
async function fill(server, world) {
  const make = async (path, body) => (await server.call("POST", path, body)).body;
  const hook = await make("/v1/webhooks", { url: `${world.url}/hook`, events: ["link.created"], description: "Payouts" });
  const names = ["Nora Lind", "Amélie Iyer", "Łukasz Novak", "Zoë Holm", "Ravi Menon", "Ines Duarte"];
  const links = [];
  for (const [index, name] of names.entries()) {
    const slug = name.normalize("NFD").replace(/[^A-Za-z ]/g, "").toLowerCase().replace(" ", "-").replace("ukasz", "lukasz");
    links.push(
      await make("/v1/links", {
        url: `https://northpeak.example/autumn-drop?creator=${index}`, slug, title: name, sub_id: slug, tags: ["autumn", index % 2 ? "video" : "photo"],
        utm: { source: index % 2 ? "youtube" : "instagram", campaign: "autumn-2026" },
        ...(index === 4 && { archived: true }), ...(index === 5 && { starts_at: "2099-01-01T00:00:00Z" }),
      }),
    );
  }
  await server.call("DELETE", `/v1/links/${links[3].id}`);
  const agents = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
  ];
  for (const [day, visits] of [7, 12, 9, 21, 16, 30, 24].entries()) {
    const all = Array.from({ length: visits }, (_, visit) =>
      fetch(links[(visit * visit + day) % 3].short_url, { redirect: "manual", headers: { "user-agent": agents[(visit + day) % 3] } }));
    await Promise.all(all);
    if (day < 6) await server.call("POST", "/_test/clock", { advance_seconds: 86_400 });
  }
  world.status = 500;
  await make("/v1/links", { url: "https://northpeak.example/late" });
  await server.call("POST", "/_test/clock", { advance_seconds: 0 });
  await server.call("GET", "/v1/links/lnk_00000000000000000000000000");
  return { hook, links };
}

export function looks(browser) {
  test("every page, in every light, on every screen", async (t) => {
    const server = await startServer(t);
    const world = await startWorld(t);
    const { hook, links } = await fill(server, world);
    const { page, check } = await open(t, browser(), [server.url]);
    // The time was moved, so that the first link is too old.
    const link = await freshLink(server);
    await page.goto(link);
    await assertAccessible(page, "sign-in");
    await page.getByRole("button", { name: "Open the dashboard" }).click();
    await page.goto(`${server.url}/dashboard/keys`);
    const key = await page.locator("tbody th a", { hasText: "dev read_write" }).getAttribute("href");
    await page.goto(`${server.url}/dashboard/webhooks/${hook.id}`);
    const attempt = await page.locator("a[href*='/attempts/']").first().getAttribute("href");
    const pages = {
      overview: "/dashboard",
      links: "/dashboard/links",
      "no-links": "/dashboard/links?q=nothing-is-like-this",
      "new-link": "/dashboard/links/new",
      link: `/dashboard/links/${links[0].id}`,
      "deleted-link": `/dashboard/links/${links[3].id}`,
      "edit-link": `/dashboard/links/${links[0].id}/edit`,
      "new-import": "/dashboard/imports/new",
      clicks: "/dashboard/clicks",
      "no-clicks": "/dashboard/clicks?country=XX",
      keys: "/dashboard/keys",
      key,
      webhooks: "/dashboard/webhooks",
      webhook: `/dashboard/webhooks/${hook.id}`,
      attempt,
      approvals: "/dashboard/approvals",
      workspace: "/dashboard/workspace",
      nothing: "/dashboard/nothing",
    };
    const shots = process.env.APPROUTE_SCREENSHOTS;
    if (shots) await mkdir(shots, { recursive: true });
    // Colours depend on the light, places on the screen; that both together look well is seen on the fullest pages.
    const fullest = Object.entries(pages).filter(([name]) => ["links", "clicks", "webhook"].includes(name));
    for (const [screen, size, scheme, looked] of [
      ["desktop", DESKTOP, "light", Object.entries(pages)],
      ["phone", PHONE, "dark", Object.entries(pages)],
      ["desktop", DESKTOP, "dark", fullest],
      ["phone", PHONE, "light", fullest],
    ]) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const [name, path] of looked) {
        await page.goto(server.url + path);
        if (name === "clicks") {
          const right = await page.locator("svg.chart").evaluate((chart) => chart.getBoundingClientRect().right);
          assert.ok(right <= size.width, `${screen}: the newest clicks are in sight`);
        }
        if (shots) await page.screenshot({ path: `${shots}/${name}-${screen}-${scheme}.png` });
        // What is folded away is looked at too.
        await page.evaluate(() => { for (const details of document.querySelectorAll("details")) details.open = true; });
        await assertAccessible(page, `${name}, ${screen}, ${scheme}`);
      }
    }
    await page.setViewportSize(PHONE);
    // Words that no line holds; the pictures are without them.
    const word = "Donaudampfschifffahrtsgesellschaft".repeat(5);
    const long = await server.call("POST", "/v1/links", {
      url: `https://northpeak.example/${word}`, title: word, sub_id: word, tags: [word.slice(0, 60)], utm: { source: word },
    });
    const id = long.body.id;
    for (const path of ["/dashboard/links", `/dashboard/links/${id}`, `/dashboard/links/${id}/edit`, `/dashboard/clicks?link=${id}&sub_id=${word}`]) {
      await page.goto(server.url + path);
      await assertAccessible(page, `${path}, long words`);
    }
    // Pages that only a form leads to.
    await page.goto(`${server.url}/dashboard/keys`);
    await page.getByLabel("Name").fill(word.slice(0, 100));
    await page.getByLabel("Read and write").check();
    await page.getByRole("button", { name: "Issue the key" }).click();
    await assertAccessible(page, "secret");
    await page.goto(`${server.url}/dashboard/links/new`);
    await page.getByLabel("Destination").fill("ftp://example.com");
    await page.getByRole("button", { name: "Create the link" }).click();
    await page.getByRole("alert").waitFor();
    await assertAccessible(page, "errors");
    await page.goto(`${server.url}/dashboard/imports/new`);
    const file = Buffer.from("url,slug\nhttps://example.com/a,a\nhttps://example.com/b,nora-lind\n");
    await page.getByLabel("File").setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: file });
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("heading", { name: "Check the import" }).waitFor();
    await assertAccessible(page, "import checked");
    await page.getByRole("button", { name: "Import 1 link" }).click();
    await page.getByText("Done: 1 link was made").waitFor();
    await assertAccessible(page, "import done");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await assertAccessible(page, "signed out");
    check();
  });
}

/** A link that is good at the server's own time. */
async function freshLink(server) {
  const response = await server.call("POST", "/_test/dashboard_link", {});
  return response.body.dashboard_url;
}
