// From the link that `make demo` prints to a key, a link and its first click on the chart, with the keyboard.

import assert from "node:assert/strict";
import { test } from "node:test";

import { open, signIn, startDemo, startServer, startWorld } from "./support.mjs";

/** Reloads until it is so: clicks and deliveries are written a moment later. */
export async function eventually(page, selector) {
  for (let tries = 0; tries < 40; tries += 1) {
    if (await page.locator(selector).count()) return;
    await page.waitForTimeout(100);
    await page.reload();
  }
  assert.fail(`${selector} does not come`);
}

export function newcomer(browser) {
  test("on a terminal, make demo ends with a link to the dashboard and waits", async (t) => {
    const demo = await startDemo(t);
    const { page, check } = await open(t, browser(), [new URL(demo.signIn).origin]);
    await signIn(page, demo.signIn);
    await page.getByRole("link", { name: "Links", exact: true }).click();
    await page.getByText("50 links, and more").waitFor();
    check();
    assert.equal(await demo.end(), true, "Ctrl-C ends it");
  });

  test("a newcomer gets a key, a link and a click on the chart", async (t) => {
    const server = await startServer(t);
    const world = await startWorld(t);
    const { page, context, check } = await open(t, browser(), [server.url, world.url], {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await signIn(page, server.signIn);

    // The skip link is the first thing that the keyboard meets, and leads past the navigation.
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");

    await page.getByRole("link", { name: "Issue a key" }).first().click();
    await page.getByLabel("Name").fill("my program");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.getByLabel("Read and write").check();
    await page.keyboard.press("Enter");
    const key = await page.locator("#secret").textContent();
    assert.match(key, /^apr_dev_/);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByText("Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    assert.equal((await server.call("GET", "/v1/links", null, key)).status, 200, "the key works");
    await page.getByRole("link", { name: /Done/ }).click();
    await eventually(page, "td:text-is('links.list')");
    assert.ok(!(await page.content()).includes(key), "shown once");

    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("link", { name: "Make a link" }).first().click();
    await page.getByLabel("Destination").fill(`${world.url}/autumn`);
    await page.getByLabel("Title").fill("My first link");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "My first link" }).waitFor();
    await page.getByRole("status").getByText("The link is made.").waitFor();

    const [visit] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: "Visit it" }).click()]);
    await visit.getByRole("heading", { name: "You are there" }).waitFor();
    assert.equal(visit.url(), `${world.url}/autumn`);
    await visit.close();

    await page.getByRole("link", { name: "Overview" }).click();
    await eventually(page, "svg.chart");
    await page.getByRole("heading", { name: "Clicks of the last 7 days: 1" }).waitFor();
    assert.equal(await page.getByText("Begin").count(), 0, "nothing left to begin with");
    check();
  });
}
