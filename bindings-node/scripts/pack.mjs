// Packs what is published: the package itself, and the package with this platform's native library.
//
//   node scripts/pack.mjs FOLDER    after node scripts/build.mjs --native=release
//
// npm/ lists the platforms. A release packs the others from the libraries that their own machines built.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] ?? ".");
mkdirSync(folder, { recursive: true });
const manifest = JSON.parse(readFileSync(join(root, "package.json")));
const { version } = manifest;

const npm = (cwd) => execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd, encoding: "utf8" }).trim();
const staged = mkdtempSync(join(tmpdir(), "approute-pack-"));
try {
  // The package itself, with the platforms' packages of the same version.
  const own = join(staged, "own");
  mkdirSync(own);
  const platforms = readdirSync(join(root, "npm"));
  delete manifest.devDependencies;
  delete manifest.scripts;
  manifest.optionalDependencies = Object.fromEntries(platforms.map((name) => [`@approute/node-${name}`, version]));
  writeFileSync(join(own, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of ["dist", "mock", "webhooks"]) cpSync(join(root, name), join(own, name), { recursive: true });
  copyFileSync(join(root, "README.md"), join(own, "README.md"));
  copyFileSync(join(root, "../LICENSE"), join(own, "LICENSE"));
  copyFileSync(join(root, "../THIRD_PARTY_NOTICES.md"), join(own, "THIRD_PARTY_NOTICES.md"));
  const tarballs = [npm(own)];

  for (const name of platforms) {
    const library = join(root, `approute.${name}.node`);
    if (!existsSync(library)) continue;
    const package_ = join(staged, name);
    cpSync(join(root, "npm", name), package_, { recursive: true });
    const described = JSON.parse(readFileSync(join(package_, "package.json")));
    if (described.version !== version) throw new Error(`npm/${name} has version ${described.version}, not ${version}`);
    const target = join(package_, `approute.${name}.node`);
    copyFileSync(library, target);
    try {
      execFileSync("strip", ["--strip-unneeded", target]);
    } catch {
      // Larger, and as good.
    }
    copyFileSync(join(root, "../LICENSE"), join(package_, "LICENSE"));
    tarballs.push(npm(package_));
  }
  console.log(tarballs.map((name) => join(folder, name)).join("\n"));
} finally {
  rmSync(staged, { recursive: true });
}
