// A call's arguments as JSON.
import { badArgument } from "./errors.js";

/**
 * Arguments as JSON text.
 *
 * JSON.stringify leaves functions out, writes NaN as null and a Map as {}: each of these would send something that the
 * caller did not mean, null even clears a field. So what it would bend is refused.
 */
export function argumentsJson(args: object): string {
  let text: string;
  try {
    text = JSON.stringify(args);
  } catch (cause) {
    const what = cause instanceof TypeError && /BigInt/.test(cause.message) ? "a bigint: give a number" : "a cycle";
    throw badArgument("type", `the arguments cannot be written as JSON: there is ${what}`, cause);
  }
  look(args, "");
  return text;
}

function look(value: unknown, path: string): void {
  switch (typeof value) {
    case "number":
      if (!Number.isFinite(value)) throw badArgument("value", `\`${path}\` is ${value}, which JSON cannot say`);
      return;
    case "function":
    case "symbol":
      throw badArgument("type", `\`${path}\` is a ${typeof value}`);
    case "object":
      break;
    default:
      return;
  }
  if (value === null) return;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      if (value[at] === undefined) throw badArgument("type", `\`${path}[${at}]\` is undefined`);
      look(value[at], `${path}[${at}]`);
    }
    return;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    if (value instanceof Date && Number.isNaN(value.getTime())) {
      throw badArgument("value", `\`${path}\` is an invalid Date`);
    }
    return;
  }
  const tag = Object.prototype.toString.call(value);
  if (tag !== "[object Object]") {
    const what = tag.slice(8, -1);
    const hint = what === "Promise" ? ": await it first" : "";
    throw badArgument("type", `\`${path}\` is a ${what}${hint}`);
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) look(item, path === "" ? key : `${path}.${key}`);
  }
}
