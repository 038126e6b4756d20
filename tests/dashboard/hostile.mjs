// Text that would run, sessions that end, forms from elsewhere, and a browser without scripts.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";

import { open, signIn, startServer } from "./support.mjs";

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>`;

export function hostile(browser) {
  test("nothing that is typed runs", async (t) => {
    const server = await startServer(t);
    const { page, check } = await open(t, browser(), [server.url]);
    await signIn(page, server.signIn);
    for (const [path, button] of [
      ["/dashboard/links/new", "Create the link"],
      ["/dashboard/keys", "Issue the key"],
      ["/dashboard/webhooks", "Register"],
      ["/dashboard/workspace", "Add the domain"],
    ]) {
      await page.goto(server.url + path);
      // Browsers would refuse some of it themselves, which somebody who means harm can switch off.
      await page.evaluate((evil) => {
        for (const form of document.forms) form.noValidate = true;
        for (const details of document.querySelectorAll("details")) details.open = true;
        for (const field of document.querySelectorAll("main input, main textarea")) {
          if (field.type === "radio" || field.type === "checkbox") field.checked = true;
          else if (field.type !== "hidden" && field.type !== "file") {
            if (field.type !== "text" && field.tagName === "INPUT") field.type = "text";
            field.removeAttribute("maxlength");
            field.value = evil;
          }
        }
      }, EVIL);
      await page.getByRole("button", { name: button }).click();
      await page.locator("main h1").waitFor();
      assert.equal(await page.locator("main script, main img[src=x]").count(), 0, path);
      assert.ok((await page.locator("main").innerText()).length > 0);
    }
    const made = await server.call("POST", "/v1/links", {
      url: "https://example.com/", slug: "evil", title: EVIL, notes: EVIL, tags: [EVIL.slice(0, 60)], sub_id: EVIL, external_id: EVIL,
      utm: { source: EVIL, campaign: EVIL },
    });
    await fetch(`${server.url}/evil?utm_medium=${encodeURIComponent(EVIL)}`, {
      redirect: "manual",
      headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36", referer: "https://evil.example/" },
    });
    await page.waitForTimeout(400);
    const query = encodeURIComponent(EVIL);
    for (const path of [
      "/dashboard", "/dashboard/links", `/dashboard/links?q=${query}&tag=${query}`, "/dashboard/links/new", "/dashboard/keys",
      `/dashboard/links/${made.body.id}`, `/dashboard/links/${made.body.id}/edit`, "/dashboard/clicks", `/dashboard/clicks?sub_id=${query}`,
      "/dashboard/webhooks", "/dashboard/approvals", "/dashboard/workspace",
    ]) {
      await page.goto(server.url + path);
      assert.equal(await page.locator("main script, main img[src=x], main svg:not(.chart)").count(), 0, path);
    }
    await page.goto(`${server.url}/dashboard/links`);
    await page.getByText("<script>alert(1)</script>").first().waitFor();
    check();
  });

  test("a session ends, and a page that is still open says so", async (t) => {
    const server = await startServer(t);
    const { page, check } = await open(t, browser(), [server.url]);
    await signIn(page, server.signIn);
    await page.goto(`${server.url}/dashboard/keys`);
    await server.call("POST", "/_test/clock", { advance_seconds: 3600 });
    await page.getByLabel("Name").fill("too late");
    await page.getByLabel("Read", { exact: true }).check();
    await page.getByRole("button", { name: "Issue the key" }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.goto(server.signIn);
    await page.getByRole("heading", { name: "This link does not work" }).waitFor();
    check();
  });

  test("signing out ends it for the back button too", async (t) => {
    const server = await startServer(t);
    const { page, check } = await open(t, browser(), [server.url]);
    await signIn(page, server.signIn);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    check();
  });

  test("another site can neither send forms nor frame a page", async (t) => {
    const server = await startServer(t);
    const evil = createServer((request, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(
        `<!doctype html><title>Evil</title><link rel=icon href=data:,><iframe src="${server.url}/dashboard/keys"></iframe>
         <form method=post action="${server.url}/dashboard/keys"><input name=name value=stolen><input name=scope value=read>
         <button>Win a prize</button></form>`,
      );
    });
    t.after(() => {
      evil.close();
      evil.closeAllConnections();
    });
    evil.listen(0, "127.0.0.1");
    await once(evil, "listening");
    // Another host, for which browsers keep other cookies.
    const there = `http://localhost:${evil.address().port}`;
    const { page, context } = await open(t, browser(), [server.url, there]);
    await signIn(page, server.signIn);
    const other = await context.newPage();
    await other.goto(there);
    const framed = await other.frames()[1].evaluate(() => document.body?.innerText ?? "").catch(() => "");
    assert.ok(!framed.includes("Issue a key"), framed);
    await other.getByRole("button", { name: "Win a prize" }).click();
    await other.waitForURL(`${server.url}/**`);
    assert.ok(!(await other.content()).includes("apr_dev_"));
    await page.goto(`${server.url}/dashboard/keys`);
    assert.equal(await page.getByText("stolen").count(), 0);
  });

  test("all of it works without scripts", async (t) => {
    const server = await startServer(t);
    const { page, check } = await open(t, browser(), [server.url], { javaScriptEnabled: false });
    await signIn(page, server.signIn);
    await page.goto(`${server.url}/dashboard/keys`);
    await page.getByLabel("Name").fill("plain");
    await page.getByLabel("Read", { exact: true }).check();
    await page.getByRole("button", { name: "Issue the key" }).click();
    await page.locator("#secret").waitFor();
    assert.equal(await page.getByRole("button", { name: "Copy" }).isVisible(), false, "what needs a script is not there");
    await page.goto(`${server.url}/dashboard/links/new`);
    await page.getByLabel("Destination").fill("https://example.com/plain");
    await page.getByLabel("Title").fill("Plain link");
    await page.getByRole("button", { name: "Create the link" }).click();
    await page.goto(`${server.url}/dashboard/links`);
    await page.getByLabel("Search").fill("plain link");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("link", { name: "Plain link" }).waitFor();
    const rows = Array.from({ length: 300 }, (_, index) => `https://example.com/${index}`).join("\n");
    await page.goto(`${server.url}/dashboard/imports/new`);
    await page.getByLabel("File").setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: Buffer.from(`url\n${rows}\n`) });
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("button", { name: "Import 300 links" }).click();
    await page.getByText("Done: 300 links were made").waitFor();
    check();
  });
}
