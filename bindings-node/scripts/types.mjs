// Type tests: compiles test/types as users with the strictest settings would, as ES modules and as CommonJS.
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "--noEmit", "-p", join(root, "test/types")], { stdio: "inherit" });
