// `require` for the native library, in ES modules. The build puts require.cjs.ts in its place for CommonJS.
import { createRequire } from "node:module";

export const nodeRequire = createRequire(import.meta.url);
