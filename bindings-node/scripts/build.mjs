// Builds the package: TypeScript to dist/esm and dist/cjs, and with --native[=release] the native library beside it.
//
//   node scripts/build.mjs [--native[=release]]
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync, copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const native = process.argv.find((argument) => argument.startsWith("--native"));

const tsc = (project) =>
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], { stdio: "inherit" });

rmSync(join(root, "dist"), { recursive: true, force: true });
tsc(join(root, "tsconfig.json"));

// CommonJS: the same sources, where the nearest package.json says so.
const sources = join(root, "dist/cjs-src");
cpSync(join(root, "src"), sources, { recursive: true });
renameSync(join(sources, "require.cjs.ts.txt"), join(sources, "require.ts"));
const commonjs = JSON.stringify({ type: "commonjs" });
writeFileSync(join(sources, "package.json"), commonjs);
writeFileSync(
  join(sources, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tsconfig.json",
    compilerOptions: { rootDir: ".", outDir: "../cjs", verbatimModuleSyntax: false, typeRoots: ["../../node_modules/@types"] },
    include: ["."],
  }),
);
tsc(sources);
rmSync(sources, { recursive: true });
mkdirSync(join(root, "dist/cjs"), { recursive: true });
writeFileSync(join(root, "dist/cjs/package.json"), commonjs);

if (native !== undefined) {
  const profile = native.split("=")[1] === "release" ? "release" : "debug";
  const { platformName } = await import(join(root, "dist/esm/native.js"));
  const workspace = JSON.parse(
    execFileSync("cargo", ["metadata", "--format-version", "1", "--no-deps", "--locked"], { cwd: root, maxBuffer: 2 ** 28 }),
  );
  const folder = join(workspace.target_directory, profile);
  const names = { linux: "libapproute_node.so", darwin: "libapproute_node.dylib", win32: "approute_node.dll" };
  const library = join(folder, names[process.platform] ?? "");
  if (!existsSync(library)) {
    throw new Error(`${library} is not there; build it: cargo build --locked ${profile === "release" ? "--release " : ""}--package approute-node`);
  }
  // Renamed into place: whoever has the old one loaded keeps it.
  const target = join(root, `approute.${platformName()}.node`);
  copyFileSync(library, `${target}.new`);
  renameSync(`${target}.new`, target);
}
