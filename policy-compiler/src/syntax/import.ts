/** `package` and `import`. */
import type { Location } from "@regomesh/base";
import type { Import, PackageClause } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { NAME_SEGMENTS_MAX } from "./limits.ts";
import { parsePath } from "./term.ts";
import { FUTURE_WORDS, keywordsOf } from "./version.ts";

export function parsePackage(cursor: Cursor): PackageClause {
  const { start } = cursor.take();
  const path = parseName(cursor);
  checkSegments(cursor, path.length, cursor.from(start));
  // `package data.a` is the same as `package a` in no version: OPA keeps the name as it is.
  return { at: cursor.from(start), path };
}

/** Holds the name of a package or rule to its limit. */
export function checkSegments(cursor: Cursor, count: number, at: Location): void {
  if (count <= NAME_SEGMENTS_MAX) return;
  cursor.fail(
    at,
    `name has ${count} segments, more than ${NAME_SEGMENTS_MAX}`,
    "nest the values instead: name := {...}",
  );
}

export function parseImport(cursor: Cursor): Import {
  const { start } = cursor.take();
  const { token } = cursor;
  const path = parseName(cursor);
  const at = cursor.from(token.start);
  checkImportPath(cursor, path, at);
  let alias: string | undefined;
  if (cursor.accept("as") !== undefined) {
    if (!cursor.isKind("ident")) cursor.failHere("expected var");
    const { token: given } = cursor;
    alias = cursor.take().text;
    if (alias === "input" || alias === "data") {
      const message = `unexpected import alias, must not be a reserved name, got: ${alias}`;
      cursor.fail(cursor.at(given), message, "take another name");
    }
    if (path[0] === "rego" || path[0] === "future") {
      cursor.fail(at, `\`${path[0]}\` imports cannot be aliased`);
    }
  }
  const last = path.at(-1) as string;
  if (alias === undefined && path[0] !== "future" && path.length > 1 && keywordsOf(cursor.version).has(last)) {
    const message = `unexpected import path, must not end with a keyword, got: ${last}`;
    cursor.fail(at, message, "import a different path or use an alias");
  }
  return { at: cursor.from(start), path, alias };
}

/** A name in dotted parts, all of them constant. */
function parseName(cursor: Cursor): readonly string[] {
  const { token } = cursor;
  if (token.kind !== "ident" && token.kind !== "keyword") cursor.failHere("expected ident");
  cursor.take();
  const rest = parsePath(cursor, true).map((part) => {
    if (part.kind === "string") return part.value;
    return cursor.fail(part.at, "unexpected term: expecting string", 'write the part in quotes: ["a"]');
  });
  return [token.text, ...rest];
}

const FUTURE = ["and", "contains", "every", "if", "in", "not", "or"];
/** What `import future.keywords.every` takes along. */
const WITH_EVERY = ["every", "in"];

function checkImportPath(cursor: Cursor, path: readonly string[], at: Import["at"]): void {
  const [root, second, third] = path;
  switch (root) {
    case "data":
    case "input":
      return;
    case "rego":
      if (path.length !== 2 || (second !== "v1" && second !== "v2")) {
        cursor.fail(at, `invalid import \`${path.join(".")}\`, must be one of: \`rego.v1\`, \`rego.v2\``);
      }
      if (!cursor.has(second === "v2" || cursor.version === "v0" ? `rego_${second}_import` : "rego_v1")) {
        cursor.fail(at, `invalid import, \`rego.${second}\` is not supported by current capabilities`);
      }
      cursor.addKeywords(FUTURE_WORDS);
      cursor.isV1 = true;
      if (second === "v2") cursor.keywords = { ...cursor.keywords, and: true, or: true, not: true };
      return;
    case "future": {
      if (second !== "keywords" || path.length > 3) {
        cursor.fail(at, "invalid import, must be `future.keywords`");
      }
      const known = cursor.importable(FUTURE);
      if (third !== undefined && !known.includes(third)) {
        cursor.fail(at, `unexpected keyword, must be one of [${known.join(" ")}]`);
      }
      const words = third === undefined ? known : third === "every" ? WITH_EVERY : [third];
      cursor.addKeywords(words.filter((word) => word !== "and" && word !== "or" && word !== "not"));
      cursor.keywords = {
        ...cursor.keywords,
        and: cursor.keywords.and || words.includes("and"),
        or: cursor.keywords.or || words.includes("or"),
        not: cursor.keywords.not || words.includes("not"),
      };
      return;
    }
    default:
      cursor.fail(at, `unexpected import path, must begin with one of: {data, future, input, rego}, got: ${root}`);
  }
}
