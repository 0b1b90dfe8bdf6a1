/** Resources out of YAML text: every fault with its place, nothing thrown, nothing half read. */
import { type Diagnostic, type Source, type Span, sortDiagnostics } from "@regomesh/base";
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar, visit } from "yaml";
import { GATEWAY_GROUP, GATEWAY_VERSIONS } from "./gateway-api/metadata.ts";
import { grantsRoutes, referenceGrant } from "./gateway-api/reference-grant.ts";
import { namesService, ROUTE_KINDS, UNSERVED_ROUTES } from "./gateway-api/route.ts";
import { isNearGroup, mentionsGroup } from "./group.ts";
import { API_VERSION, DEFAULT_NAMESPACE } from "./kinds/metadata.ts";
import { KINDS, type Resource } from "./resource.ts";
import type { ResourceCode } from "./schema/code.ts";
import { nearest } from "./schema/nearest.ts";
import { readNode } from "./schema/read.ts";

/** A file of resources: Kubernetes refuses objects above 1.5 MB, and none of ours comes near. */
export const RESOURCE_TEXT_MAX = 1024 * 1024;
export const DOCUMENTS_MAX = 1000;
/** Brackets and indents that the YAML parser would follow by recursion. */
const NESTING_MAX = 200;

export type Parsed = {
  readonly resources: readonly Resource[];
  /** Every document of ours, right or wrong. */
  readonly heads: readonly Head[];
  readonly diagnostics: readonly Diagnostic[];
};

/** What a document says that it is; "" where it does not. */
export type Head = {
  readonly kind: Resource["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly span: Span;
};

const SCHEMAS = { ...KINDS, ...ROUTE_KINDS, ReferenceGrant: referenceGrant };

type Report = (code: ResourceCode, message: string, span: Span, hint?: string, severity?: "warning") => void;

/**
 * Every resource of a text of one or more YAML documents, or of one of JSON; members of a List
 * count as documents. A document with a fault gives none; one of another group is passed over. Of a text that
 * was no UTF-8 only heads are given.
 */
export function parseResources(source: Source): Parsed {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (code, message, span, hint, severity) => {
    diagnostics.push({
      code,
      severity: severity ?? "error",
      message,
      at: { source, span },
      ...(hint === undefined ? {} : { hint }),
    });
  };
  const { illegalAt } = source;
  if (illegalAt !== undefined) {
    const span = { start: illegalAt, end: illegalAt };
    report("yaml_syntax", "illegal utf-8 character", span, "save the file as UTF-8");
  }
  const resources: Resource[] = [];
  const heads: Head[] = [];
  for (const document of parseDocuments(source, report)) {
    for (const root of rootsOf(document, source, report)) {
      const kind = kindOf(root, report);
      if (kind === undefined) continue;
      heads.push(headOf(kind, root));
      if (illegalAt !== undefined) continue;
      const resource = parseResource(kind, root, source, report);
      if (resource !== undefined) resources.push(resource);
    }
  }
  return { resources, heads, diagnostics: sortDiagnostics(diagnostics) };
}

function headOf(kind: Resource["kind"], root: Node): Head {
  const metadata = isMap(root) ? root.get("metadata") : undefined;
  const field = (name: string) => {
    const value = isMap(metadata) ? metadata.get(name) : undefined;
    return typeof value === "string" ? value : "";
  };
  const namespace = kind === "MeshConfig" ? "" : field("namespace") || DEFAULT_NAMESPACE;
  return { kind, namespace, name: field("name"), span: spanOf(root) };
}

function parseDocuments(source: Source, report: Report): readonly Document[] {
  const whole = { start: 0, end: 0 };
  if (source.text.length > RESOURCE_TEXT_MAX) {
    report("yaml_limit", `the file is longer than ${RESOURCE_TEXT_MAX} characters`, whole);
    return [];
  }
  if (nestingOf(source.text) > NESTING_MAX) {
    report("yaml_limit", `the file nests more than ${NESTING_MAX} levels`, whole);
    return [];
  }
  let documents: readonly Document[];
  try {
    // Keys that stand twice are looked for below: the parser compares each key of a mapping with all others.
    const options = { prettyErrors: false, logLevel: "silent", uniqueKeys: false } as const;
    documents = parseAllDocuments(yamlOf(source), options) as readonly Document[];
  } catch (error) {
    report("yaml_syntax", `the file is not YAML: ${(error as Error).message}`, whole);
    return [];
  }
  if (documents.length > DOCUMENTS_MAX) {
    report("yaml_limit", `the file holds more than ${DOCUMENTS_MAX} documents`, whole);
    return [];
  }
  return documents;
}

/** JSON is YAML but for its tabs, which stand for as many spaces: places stay where they are. */
function yamlOf({ name, text }: Source): string {
  return /\.json$/i.test(name) ? text.replace(/^[ \t]+/gm, (indent) => " ".repeat(indent.length)) : text;
}

/** The resources that a document may hold: itself, or the members of a List. */
function rootsOf(document: Document, source: Source, report: Report): readonly Node[] {
  const errors = [...document.errors, ...doubledKeys(document)];
  if (errors.length > 0) {
    const [start, , end] = document.range ?? [0, 0, source.text.length];
    // Text of another tool beside ours need not be YAML, as long as it is none of ours.
    if (!mentionsGroup(source.text.slice(start, end)) && document.range !== null) return [];
    for (const { pos, message } of errors.slice(0, SYNTAX_ERRORS_MAX)) {
      report("yaml_syntax", lowerFirst(message.split("\n")[0] ?? ""), { start: pos[0], end: Math.max(pos[1], pos[0]) });
    }
    return [];
  }
  const root = document.contents as Node | null;
  if (root === null || (isScalar(root) && root.value === null)) return []; // an empty document between two ---
  return membersOf(root);
}

/** Of a document; what is broken in its first lines breaks the rest. */
const SYNTAX_ERRORS_MAX = 20;

type YamlError = { readonly pos: readonly [start: number, end: number]; readonly message: string };

/** Each key that its mapping has already, in one walk. */
function doubledKeys(document: Document): readonly YamlError[] {
  const found: YamlError[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const { start, end } = spanOf(key);
        if (seen.has(key.value)) found.push({ pos: [start, end], message: "Map keys must be unique" });
        seen.add(key.value);
      }
    },
  });
  return found;
}

function membersOf(root: Node): readonly Node[] {
  if (!isMap(root)) return [root];
  const kind = root.get("kind");
  const items = root.get("items", true);
  return typeof kind === "string" && /list$/i.test(kind) && isSeq(items)
    ? (items.items as readonly Node[]).flatMap(membersOf)
    : [root];
}

function parseResource(kind: Resource["kind"], root: Node, source: Source, report: Report): Resource | undefined {
  if (reportAliases(root, report)) return undefined;
  const { value, faults, nodes } = readNode(SCHEMAS[kind], root);
  for (const { code, message, node, hint } of faults) report(code, message, spanOf(node), hint);
  if (value === undefined) return undefined;
  const spans = new Map(Array.from(nodes, ([path, node]) => [path, spanOf(node)]));
  return { ...value, kind, source, spans } as Resource;
}

/** Aliases would let a small file stand for a huge one. */
function reportAliases(root: Node, report: Report): boolean {
  let isFound = false;
  visit(root as Parameters<typeof visit>[0], (_, node) => {
    if (!isAlias(node)) return;
    isFound = true;
    report("yaml_alias", `alias *${node.source} is not read here`, spanOf(node), "write the value out");
  });
  return isFound;
}

/** The kind that a document says it is, if it is one of ours; what is another tool's is passed over. */
function kindOf(root: Node, report: Report): Resource["kind"] | undefined {
  if (!isMap(root)) {
    report("resource_kind", "a resource must be a mapping with apiVersion, kind, metadata and spec", spanOf(root));
    return undefined;
  }
  const version = root.get("apiVersion", true);
  const kind = root.get("kind", true);
  if (version === undefined || kind === undefined) {
    if (!looksOurs(version, kind)) return undefined;
    const missing = version === undefined ? "apiVersion" : "kind";
    report("resource_missing", `${missing} is missing`, spanOf(root), `write apiVersion: ${API_VERSION} and a kind`);
    return undefined;
  }
  if (String(version.value).startsWith(`${GATEWAY_GROUP}/`)) return routeKindOf(root, version, kind, report);
  if (version.value !== API_VERSION) {
    if (!isNearGroup(String(version.value).split("/")[0] ?? "")) return undefined;
    report("resource_kind", `unknown apiVersion ${version.value}`, spanOf(version), `write ${API_VERSION}`);
    return undefined;
  }
  const names = Object.keys(KINDS);
  if (typeof kind.value !== "string" || !Object.hasOwn(KINDS, kind.value)) {
    const near = nearest(String(kind.value), names);
    const hint = near === undefined ? `kinds are ${names.join(", ")}` : `did you mean ${near}?`;
    report("resource_kind", `unknown kind ${kind.value}`, spanOf(kind), hint);
    return undefined;
  }
  return kind.value as Resource["kind"];
}

/** A route of a service, or a grant for routes; all else of the Gateway API is passed over, as what other controllers are for. */
function routeKindOf(root: Node, version: Scalar, kind: Scalar, report: Report): Resource["kind"] | undefined {
  const name = String(kind.value);
  if (name === "ReferenceGrant") return grantsRoutes(root) ? name : undefined;
  const isKnown = Object.hasOwn(ROUTE_KINDS, name);
  if ((!isKnown && !UNSERVED_ROUTES.includes(name)) || !namesService(root)) return undefined;
  if (!isKnown) {
    const hint = `of routes to services ${Object.keys(ROUTE_KINDS).join(" and ")} are served`;
    report("resource_kind", `${name} is not served: nothing follows from it`, spanOf(kind), hint, "warning");
    return undefined;
  }
  if (!GATEWAY_VERSIONS.some((known) => known === version.value)) {
    report("resource_kind", `unknown apiVersion ${version.value}`, spanOf(version), `write ${GATEWAY_VERSIONS[0]}`);
    return undefined;
  }
  return name as keyof typeof ROUTE_KINDS;
}

/** Half of what says that a document is ours: its group, or the name of a kind. */
function looksOurs(version: Scalar | undefined, kind: Scalar | undefined): boolean {
  if (version !== undefined) return isNearGroup(String(version.value).split("/")[0] ?? "");
  return typeof kind?.value === "string" && Object.hasOwn(KINDS, kind.value);
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

/** An upper bound of the nesting: open brackets, and indentation. */
function nestingOf(text: string): number {
  let brackets = 0;
  let deepest = 0;
  for (const line of text.split("\n")) {
    let indent = 0;
    while (line[indent] === " " || line[indent] === "-") indent++;
    for (const character of line) {
      if (character === "[" || character === "{") brackets++;
      else if (character === "]" || character === "}") brackets = Math.max(0, brackets - 1);
      deepest = Math.max(deepest, brackets + indent);
    }
  }
  return deepest;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
