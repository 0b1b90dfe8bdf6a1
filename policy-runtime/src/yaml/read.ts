/**
 * YAML as JSON values, read as OPA reads it (its internal/yaml): the first document counts, the
 * others must parse; keys become texts, of equal ones the last stands; merge keys are applied;
 * whole numbers of 64 bits are exact (exact-json.ts), larger ones doubles.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { DEPTH_MAX, findTooNested } from "./nesting.ts";
import { errorsOf, parseDocuments } from "./parse.ts";
import { integerValue, printTime, type Resolved, resolvePlain } from "./resolve.ts";
import { restoreLineEnds, withLineFeeds } from "./separators.ts";

/** A key that an earlier one of the same mapping has, and where in the text it stands. */
export type DuplicateKey = { readonly key: string; readonly offset: number };

export type YamlRead =
  | { readonly value: unknown; readonly duplicates: readonly DuplicateKey[] }
  /** `offset` is where in the text, if it is a place. */
  | { readonly fault: string; readonly offset?: number };

/** Nodes that one text may unfold to, aliases counted each time. */
const NODES_MAX = 1_000_000;
/** Of more nodes than these hardly all may come of aliases: a text must not unfold without end. */
const ALIASED_NODES_MAX = 20_000;

class YamlFault extends Error {
  readonly offset: number | undefined;
  constructor(message: string, node?: Node) {
    super(message);
    this.offset = node?.range?.[0];
  }
}

/** What go-yaml does not read: neither as itself nor in a comment. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;
/** Blanks alone may not be tabs. */
const ONLY_TABS = /^[ \r\n]*\t[ \t\r\n]*$/;

/** A directive that is none of YAML's, before the first document. */
const UNKNOWN_DIRECTIVE = /^(?:#.*\n|[ \t]*\n)*%(?!(?:YAML|TAG)\s)/;

export type YamlOptions = {
  /** Dates that are not quoted are the texts that are written, or times as RFC 3339 has them. */
  readonly dates?: "texts" | "times";
};

export function readYaml(source: string, { dates = "texts" }: YamlOptions = {}): YamlRead {
  const text = withLineFeeds(source);
  const control = CONTROL.exec(text);
  if (control !== null) return { fault: "control characters are not allowed", offset: control.index };
  if (ONLY_TABS.test(text)) return { fault: "found character that cannot start any token" };
  if (UNKNOWN_DIRECTIVE.test(text)) return { fault: "found unknown directive name" };
  const tooNested = findTooNested(text);
  if (tooNested !== undefined) return { fault: `nested deeper than ${DEPTH_MAX} levels`, offset: tooNested };
  const { documents: all, offsetIn, ...read } = parseDocuments(source);
  try {
    for (const document of all) {
      const [error] = errorsOf(document);
      if (document.warnings.some(({ code }) => code === "BAD_DIRECTIVE"))
        return { fault: "found unknown directive name" };
      if (error !== undefined) {
        const offset = offsetIn(error.pos[0]);
        return { fault: `${error.message} at ${placeOf(source, offset)}`, offset };
      }
      const { yaml } = document.directives as {
        readonly yaml: { readonly version: string; readonly explicit?: boolean };
      };
      if (yaml.explicit && yaml.version !== "1.1") throw new YamlFault(`found YAML ${yaml.version}, not 1.1`);
    }
    const [first] = all;
    if (first === undefined) return { value: null, duplicates: [] };
    restoreLineEnds(first, read.source);
    const counts = { nodes: 0, aliased: 0, open: new Set<Node>(), duplicates: [] };
    const walk: Walk = { document: first, text: read.text, dates, ...counts };
    const value = toValue(first.contents, walk, { depth: 0, inAlias: false });
    return { value, duplicates: walk.duplicates.map((each) => ({ ...each, offset: offsetIn(each.offset) })) };
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    return { fault: error.message, ...(error.offset === undefined ? {} : { offset: offsetIn(error.offset) }) };
  }
}

/** As people count: the first line is 1, as is the first column. */
function placeOf(source: string, offset: number): string {
  const before = withLineFeeds(source.slice(0, offset));
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line++;
  return `line ${line}, column ${offset - lineStart + 1}`;
}

type Walk = {
  readonly document: Document;
  readonly dates: "texts" | "times";
  readonly text: string;
  nodes: number;
  aliased: number;
  /** Anchored nodes under way: an alias of one of them has no end. */
  readonly open: Set<Node>;
  readonly duplicates: DuplicateKey[];
};
type Place = { readonly depth: number; readonly inAlias: boolean };

function toValue(node: unknown, walk: Walk, place: Place): unknown {
  walk.nodes++;
  if (place.inAlias) walk.aliased++;
  if (walk.nodes > NODES_MAX || walk.aliased > ALIASED_NODES_MAX) {
    throw new YamlFault("document contains excessive aliasing");
  }
  if (place.depth > DEPTH_MAX) throw new YamlFault(`nested deeper than ${DEPTH_MAX} levels`, node as Node);
  const deeper = { ...place, depth: place.depth + 1 };
  if (isAlias(node)) return follow(node, walk, (target) => toValue(target, walk, { ...deeper, inAlias: true }));
  if (isScalar(node)) return unended(timeOf(node, walk) ?? scalarValue(node), node, walk);
  if (isSeq(node)) return within(node, walk, () => node.items.map((item) => toValue(item, walk, deeper)));
  if (isMap(node)) return within(node, walk, () => Object.fromEntries(entriesOf(node, walk, deeper)));
  return null;
}

/** A block whose last line does not end has no line end to keep; a document that is one has its lines indented, too. */
function unended(value: unknown, node: Scalar, { text }: Walk): unknown {
  const { type, range } = node;
  if (typeof value !== "string" || (type !== "BLOCK_LITERAL" && type !== "BLOCK_FOLDED")) return value;
  if (/\n[^ \t\r\n#]/.test(text.slice(range?.[0], range?.[1]))) {
    throw new YamlFault("did not find expected <document start>", node);
  }
  return range !== null && range !== undefined && range[1] >= text.length && !/[\r\n]$/.test(text)
    ? value.replace(/\n$/, "")
    : value;
}

function follow<T>(alias: Alias, walk: Walk, use: (target: Node) => T): T {
  const target = alias.resolve(walk.document);
  if (target === undefined) throw new YamlFault(`unknown anchor '${alias.source}' referenced`, alias);
  if (walk.open.has(target)) throw new YamlFault(`anchor '${alias.source}' value contains itself`, alias);
  return use(target);
}

function within<T>(node: Node, walk: Walk, make: () => T): T {
  walk.open.add(node);
  const made = make();
  walk.open.delete(node);
  return made;
}

/** The map's entries by their texts: its own first, then what it merges, an earlier merge before a later one. */
function entriesOf(map: YAMLMap, walk: Walk, place: Place): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  const merges: unknown[] = [];
  for (const { key, value } of map.items as readonly Pair[]) {
    if (isMergeKey(key)) merges.push(value);
    else {
      const text = keyText(key, walk);
      // What an alias repeats stands in the text once.
      if (entries.has(text) && !place.inAlias)
        walk.duplicates.push({ key: text, offset: (key as Node).range?.[0] ?? 0 });
      entries.set(text, toValue(value, walk, place));
    }
  }
  for (const merged of merges) mergeInto(entries, merged, walk, place, true);
  return entries;
}

function mergeInto(entries: Map<string, unknown>, node: unknown, walk: Walk, place: Place, maySequence: boolean): void {
  const take = (map: Node, from: Place): void => {
    if (isMap(map)) {
      const found = within(map, walk, () => entriesOf(map, walk, from));
      for (const [key, value] of found) if (!entries.has(key)) entries.set(key, value);
    } else if (isSeq(map) && maySequence) {
      for (const item of map.items) mergeInto(entries, item, walk, from, false);
    } else throw new YamlFault("map merge requires map or sequence of maps as the value", map);
  };
  const deeper = { ...place, depth: place.depth + 1 };
  if (isAlias(node)) follow(node, walk, (target) => take(target, { ...deeper, inAlias: true }));
  else take(node as Node, deeper);
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.source === "<<" && key.tag === undefined;
}

function keyText(key: unknown, walk: Walk): string {
  const node = isAlias(key) ? follow(key, walk, (target) => target) : key;
  if (!isScalar(node)) throw new YamlFault("a map or list can be no key", node as Node);
  const value = scalarValue(node);
  if (value === null) throw new YamlFault("null can be no key", node);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function timeOf(node: Scalar, { dates }: Walk): string | undefined {
  if (dates === "texts" || node.type !== "PLAIN" || node.tag !== undefined) return undefined;
  return printTime(node.source ?? "");
}

const TAGS = "tag:yaml.org,2002:";

function scalarValue(node: Scalar): unknown {
  const source = typeof node.value === "string" ? node.value : (node.source ?? "");
  const tag = node.tag?.startsWith(TAGS) ? node.tag.slice(TAGS.length) : undefined;
  const isPlain = node.type === "PLAIN" || node.type === undefined;
  if (tag === "binary") return fromBase64(source, node);
  if (node.tag !== undefined && tag === undefined) return source; // a tag of one's own
  if (tag === "str" || (!isPlain && tag === undefined)) return source;
  const resolved = resolvePlain(source);
  const wanted = tag !== undefined && Object.hasOwn(WANTED, tag) ? WANTED[tag] : undefined;
  if (tag !== undefined && wanted === undefined) return source;
  return plainValue(wanted === undefined ? resolved : coerce(resolved, wanted, node), source, node, tag !== undefined);
}

const WANTED: Readonly<Record<string, Resolved["kind"]>> = {
  null: "null",
  bool: "boolean",
  int: "integer",
  float: "float",
  timestamp: "timestamp",
};

/** A tag may make a float of a whole number; otherwise the text must be what the tag says. */
function coerce(resolved: Resolved, wanted: Resolved["kind"], node: Node): Resolved {
  if (resolved.kind === wanted) return resolved;
  if (resolved.kind === "integer" && wanted === "float") return { kind: "float", value: Number(resolved.value) };
  throw new YamlFault(`cannot decode a ${resolved.kind} as a ${wanted}`, node);
}

function plainValue(resolved: Resolved, source: string, node: Node, isTagged: boolean): unknown {
  switch (resolved.kind) {
    case "null":
      return null;
    case "boolean":
      return resolved.value;
    case "integer":
      return integerValue(resolved.value);
    case "float":
      if (!Number.isFinite(resolved.value)) throw new YamlFault(`JSON has no number ${source}`, node);
      return resolved.value;
    case "timestamp":
      return isTagged ? new Date(`${source}`).toISOString().replace(".000Z", "Z") : source;
    case "merge":
    case "text":
      return source;
  }
}

function fromBase64(text: string, node: Node): string {
  const compact = text.replace(/[\r\n]/g, "");
  try {
    const bytes = Uint8Array.from(atob(compact), (letter) => letter.charCodeAt(0));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  } catch {
    throw new YamlFault("!!binary value contains invalid base64 data", node);
  }
}
