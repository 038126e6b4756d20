// Packs the package, lints the tarball, installs it into an empty folder and uses it from there in every runtime that
// it is for. Run by `make test-full`, after build.mjs --native=release.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "../target");
const run = (command, args, options = {}) => execFileSync(command, args, { stdio: "inherit", ...options });

const folder = mkdtempSync(join(tmpdir(), "approute-release-"));
const server = spawn(join(target, "debug/approute-server"), ["serve", "--dev", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
try {
  run(process.execPath, [join(root, "scripts/pack.mjs"), folder]);
  const tarballs = readdirSync(folder).map((name) => join(folder, name));
  const own = tarballs.find((name) => /approute-node-\d/.test(name));
  const tool = (name) => join(here, "node_modules/.bin", name);
  run(tool("publint"), ["run", "--strict", own]);
  run(tool("attw"), [own]);

  const app = join(folder, "app");
  execFileSync("mkdir", [app]);
  writeFileSync(join(app, "package.json"), '{"private":true,"type":"module"}');
  run("npm", ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs], { cwd: app });
  for (const name of ["smoke.mjs", "smoke.cjs"]) copyFileSync(join(here, name), join(app, name));

  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const { base_url, api_key } = JSON.parse(line);
  const env = { ...process.env, APPROUTE_BASE_URL: base_url, APPROUTE_API_KEY: api_key };
  const runtimes = {
    [`Node.js ${process.versions.node}`]: [process.execPath],
    "Node.js 22": [join(here, "node_modules/node-22/bin/node")],
    "Node.js 24": [join(here, "node_modules/node-24/bin/node")],
    Bun: [join(here, "node_modules/@oven/bun-linux-x64/bin/bun")],
    Deno: [join(here, "node_modules/@deno/linux-x64-glibc/deno"), "run", "--allow-all", "--node-modules-dir=manual"],
  };
  for (const [name, [binary, ...args]] of Object.entries(runtimes)) {
    if (!existsSync(binary)) {
      console.log(`note: ${name} is not tried, its npm package has no binary for this machine`);
      continue;
    }
    if (binary !== process.execPath) chmodSync(binary, 0o755);
    for (const program of ["smoke.mjs", "smoke.cjs"]) {
      console.log(`${name}, ${program}`);
      run(binary, [...args, program], { cwd: app, env, timeout: 120_000 });
    }
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
