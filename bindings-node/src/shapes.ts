// Whether an answer holds what the API promises. Quick checks are generated; what they refuse is looked at here again,
// slowly, to fill in null for what may be null and is not there, or to say what is wrong and where.

/** A type as data. */
export type TypeShape =
  | readonly ["string" | "date_time" | "integer" | "number" | "boolean" | "json"]
  | readonly ["const", string]
  | readonly ["null" | "list" | "map", TypeShape]
  | readonly ["model" | "union", string];

/** A field: its name, whether it is always there, and its type. */
export type Field = readonly [name: string, required: boolean, type: TypeShape];

export interface Registry {
  readonly models: { readonly [name: string]: readonly Field[] };
  readonly unions: {
    readonly [name: string]: { readonly tag: string; readonly variants: { readonly [value: string]: string } };
  };
}

export function isList(value: any, fits: (item: any) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  for (let at = 0; at < value.length; at++) {
    if (!fits(value[at])) return false;
  }
  return true;
}

export function isMap(value: any, fits: (item: any) => boolean): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const key in value) {
    if (!fits(value[key])) return false;
  }
  return true;
}

const TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Whether a value is a moment, RFC 3339. */
export function isTime(value: any): boolean {
  return typeof value === "string" && (isUsualTime(value) || TIME.test(value));
}

/** Whether it is one as the API writes them, `2026-11-01T08:00:00Z`: a page of links has thousands. */
function isUsualTime(text: string): boolean {
  if (text.length !== 20) return false;
  const digits = (at: number): number => {
    const tens = text.charCodeAt(at) - 48;
    const ones = text.charCodeAt(at + 1) - 48;
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
  };
  const [month, day] = [digits(5), digits(8)];
  return (
    digits(0) < 100 && digits(2) < 100 && text[4] === "-" &&
    month >= 1 && month <= 12 && text[7] === "-" && day >= 1 && day <= 31 && text[10] === "T" &&
    digits(11) <= 23 && text[13] === ":" && digits(14) <= 59 && text[16] === ":" && digits(17) <= 60 && text[19] === "Z"
  );
}

/** Keeps some fields out of `console.log` and `util.inspect`; JSON still has them. */
export function conceal(value: any, names: readonly string[]): void {
  if (!names.some((name) => value[name] !== undefined && value[name] !== null)) return;
  Object.defineProperty(value, Symbol.for("nodejs.util.inspect.custom"), {
    configurable: true,
    value(this: object, _depth: number, options: object, inspect: (value: unknown, options: object) => string) {
      const shown: Record<string, unknown> = { ...this };
      for (const name of names) {
        if (shown[name] !== undefined && shown[name] !== null) shown[name] = "[hidden]";
      }
      return inspect(shown, options);
    },
  });
}

/** Fills in what may be null and is not there. Says what is wrong, without showing it, or undefined. */
export function mend(registry: Registry, name: string, value: unknown): string | undefined {
  return model(registry, name, value, "");
}

function model(registry: Registry, name: string, value: any, path: string): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return expected(path, "an object");
  for (const [field, required, type] of registry.models[name] ?? []) {
    const place = path === "" ? field : `${path}.${field}`;
    if (value[field] === undefined) {
      if (type[0] === "null") value[field] = null;
      else if (required) return `\`${place}\` is missing`;
      continue;
    }
    const wrong = typed(registry, type, value[field], place);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function typed(registry: Registry, type: TypeShape, value: any, path: string): string | undefined {
  switch (type[0]) {
    case "null":
      return value === null ? undefined : typed(registry, type[1], value, path);
    case "string":
      return typeof value === "string" ? undefined : expected(path, "a string");
    case "date_time":
      return isTime(value) ? undefined : expected(path, "a time");
    case "integer":
      return Number.isInteger(value) ? undefined : expected(path, "an integer");
    case "number":
      return typeof value === "number" ? undefined : expected(path, "a number");
    case "boolean":
      return typeof value === "boolean" ? undefined : expected(path, "true or false");
    case "const":
      return value === type[1] ? undefined : expected(path, JSON.stringify(type[1]));
    case "list":
      if (!Array.isArray(value)) return expected(path, "a list");
      return first(value.entries(), ([at, item]) => typed(registry, type[1], item, `${path}[${at}]`));
    case "map":
      if (typeof value !== "object" || value === null || Array.isArray(value)) return expected(path, "an object");
      return first(Object.entries(value), ([key, item]) => typed(registry, type[1], item, `${path}.${key}`));
    case "model":
      return model(registry, type[1], value, path);
    case "union": {
      const union = registry.unions[type[1]];
      const tag = union && typeof value === "object" && value !== null ? value[union.tag] : undefined;
      if (typeof tag !== "string") return expected(path, `an object with \`${union?.tag}\``);
      const variant = union?.variants[tag];
      return variant === undefined ? undefined : model(registry, variant, value, path);
    }
    default:
      return undefined;
  }
}

function first<T>(items: Iterable<T>, look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const wrong = look(item);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function expected(path: string, what: string): string {
  return path === "" ? `it is not ${what}` : `\`${path}\` is not ${what}`;
}
