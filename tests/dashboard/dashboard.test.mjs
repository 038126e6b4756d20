// The dashboard in a real browser. One browser for all; each part has a server of its own.
//
//   APPROUTE_SERVER=target/debug/approute-server node --test tests/dashboard/dashboard.test.mjs
//
// APPROUTE_SCREENSHOTS names a folder for pictures of the pages.

import { after, before, describe } from "node:test";

import { flows } from "./flows.mjs";
import { hostile } from "./hostile.mjs";
import { looks } from "./looks.mjs";
import { newcomer } from "./newcomer.mjs";
import { launch } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());
const get = () => browser;

describe("newcomer", () => newcomer(get));
describe("flows", () => flows(get));
describe("hostile", () => hostile(get));
describe("looks", () => looks(get));
