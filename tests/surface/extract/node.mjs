// Prints what @approute/node offers, one line each: node node.mjs FOLDER, the package's folder with its dist.
//
// Declarations are read as tsc has written them, from the package's entries through what they export from elsewhere.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = process.argv[2];
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const lines = new Set();

for (const [entry, places] of Object.entries(exports)) {
  if (typeof places === "object") walk(resolve(root, places.import.types), entry, undefined);
}
console.log([...lines].join("\n"));

/** Lists a file's exports; `names` are those wanted (name → the name outside), undefined means all. */
function walk(file, entry, names) {
  for (const statement of statements(withoutComments(readFileSync(file, "utf8")))) {
    const from = /^export (?:type )?(\*(?: as (\w+))?|\{([^}]*)\}) from "([^"]+)"$/.exec(statement);
    if (from !== null) {
      const [, , group, list, source] = from;
      const target = join(dirname(file), source.replace(/\.js$/, ".d.ts"));
      if (group !== undefined) walk(target, `${entry} ${group}`, undefined);
      else walk(target, entry, list === undefined ? names : wanted(list, names));
      continue;
    }
    const local = /^export (?:type )?\{([^}]*)\}$/.exec(statement);
    if (local !== null) continue;
    const declared = /^export (?:declare )?(?:abstract )?(class|interface|type|const|function) (\w+)/.exec(statement);
    if (declared === null) continue;
    for (const name of names === undefined ? [declared[2]] : (names.get(declared[2]) ?? [])) {
      tell(`${entry}: ${declared[1]} ${name}`, declared[1], name, statement.slice(declared[0].length));
    }
  }
}

function wanted(list, names) {
  const all = new Map();
  for (const part of list.split(",").map((part) => part.trim()).filter(Boolean)) {
    const [inside, outside = inside] = part.replace(/^type /, "").split(" as ");
    if (names === undefined || names.has(outside)) all.set(inside, [...(all.get(inside) ?? []), outside]);
  }
  return all;
}

function tell(head, kind, name, rest) {
  const open = rest.indexOf("{");
  if ((kind === "class" || kind === "interface") && open >= 0) {
    lines.add(`${head}${rest.slice(0, open).trimEnd()}`.trimEnd());
    for (const member of statements(rest.slice(open + 1, rest.lastIndexOf("}")))) {
      if (/^(private|#)/.test(member)) continue;
      // What callers put together must have it.
      const given = kind === "interface" && /(Params|Input|Options|Create|Update|Delete|Request)$/.test(name);
      const required = given && /^(readonly )?\w+:/.test(member);
      lines.add(`${head}, ${member}${required ? ` [required by interface ${name}]` : ""}`);
    }
    return;
  }
  if (kind === "const") rest = rest.replace(/^ = .*/, ""); // such as the version, whose value is expected to change
  // A union is a line for each of its members, so that another one breaks nothing.
  const union = kind === "type" ? /^\s*=\s*((?:[^{]|\{\})*)$/.exec(rest) : null;
  if (union === null) lines.add(`${head}${rest}`);
  else for (const part of union[1].split("|").map((part) => part.trim()).filter(Boolean)) lines.add(`${head} | ${part}`);
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, "");
}

/** Splits at semicolons outside of brackets, and after a declaration's closing brace. */
function statements(text) {
  const all = [];
  let depth = 0;
  let current = "";
  let quoted = "";
  for (const char of text) {
    current += char;
    if (quoted !== "") {
      if (char === quoted) quoted = "";
    } else if (char === '"' || char === "'" || char === "`") quoted = char;
    else if ("{([".includes(char)) depth++;
    else if (")]".includes(char)) depth--;
    else if (char === "}") {
      depth--;
      if (depth === 0 && /^\s*export (declare )?(abstract )?(class|interface)\b/.test(current)) push();
    } else if (char === ";" && depth === 0) push();
  }
  push();
  return all;

  function push() {
    const one = current.replace(/\s+/g, " ").replace(/;\s*$/, "").trim();
    if (one !== "") all.push(one);
    current = "";
  }
}
