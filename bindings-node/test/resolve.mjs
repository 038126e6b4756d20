// Lets programs outside this folder import the package that is tested here.
import { register } from "node:module";

register(
  `data:text/javascript,${encodeURIComponent(`
    export function resolve(name, context, next) {
      return name.startsWith("@approute/node") ? next(name, { ...context, parentURL: ${JSON.stringify(import.meta.url)} }) : next(name, context);
    }`)}`,
);
