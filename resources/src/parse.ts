/** Resources out of YAML text: every fault with its place, nothing thrown, nothing half read. */
import { type Diagnostic, type Source, type Span, sortDiagnostics } from "@regomesh/base";
import { type Document, isAlias, isMap, isScalar, type Node, parseAllDocuments, visit } from "yaml";
import { API_GROUP, API_VERSION } from "./kinds/metadata.ts";
import { KINDS, type Kind, type Resource } from "./resource.ts";
import type { ResourceCode } from "./schema/code.ts";
import { nearest } from "./schema/nearest.ts";
import { readNode } from "./schema/read.ts";

/** A file of resources: Kubernetes refuses objects above 1.5 MB, and none of ours comes near. */
export const RESOURCE_TEXT_MAX = 1024 * 1024;
export const DOCUMENTS_MAX = 1000;
/** Brackets and indents that the YAML parser would follow by recursion. */
const NESTING_MAX = 200;

export type Parsed = { readonly resources: readonly Resource[]; readonly diagnostics: readonly Diagnostic[] };

type Report = (code: ResourceCode, message: string, span: Span, hint?: string, severity?: "warning") => void;

/** Every resource of a text of one or more YAML documents; a document with a fault gives none. */
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
  const resources: Resource[] = [];
  for (const document of parseDocuments(source, report)) {
    const resource = parseDocument(document, source, report);
    if (resource !== undefined) resources.push(resource);
  }
  return { resources, diagnostics: sortDiagnostics(diagnostics) };
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
    documents = parseAllDocuments(source.text, { prettyErrors: false, logLevel: "silent" }) as readonly Document[];
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

function parseDocument(document: Document, source: Source, report: Report): Resource | undefined {
  if (document.errors.length > 0) {
    for (const { pos, message } of document.errors) {
      report("yaml_syntax", lowerFirst(message.split("\n")[0] ?? ""), { start: pos[0], end: Math.max(pos[1], pos[0]) });
    }
    return undefined;
  }
  const root = document.contents as Node | null;
  if (root === null || (isScalar(root) && root.value === null)) return undefined; // an empty document between two ---
  if (reportAliases(document, report)) return undefined;
  const kind = kindOf(root, report);
  if (kind === undefined) return undefined;
  const { value, faults, nodes } = readNode(KINDS[kind], root);
  for (const { code, message, node, hint } of faults) report(code, message, spanOf(node), hint);
  if (value === undefined) return undefined;
  const spans = new Map(Array.from(nodes, ([path, node]) => [path, spanOf(node)]));
  return { ...value, kind, source, spans } as Resource;
}

/** Aliases would let a small file stand for a huge one. */
function reportAliases(document: Document, report: Report): boolean {
  let isFound = false;
  visit(document, (_, node) => {
    if (!isAlias(node)) return;
    isFound = true;
    report("yaml_alias", `alias *${node.source} is not read here`, spanOf(node), "write the value out");
  });
  return isFound;
}

/** The kind that a document says it is, if it is one of ours. */
function kindOf(root: Node, report: Report): Kind | undefined {
  if (!isMap(root)) {
    report("resource_kind", "a resource must be a mapping with apiVersion, kind, metadata and spec", spanOf(root));
    return undefined;
  }
  const version = root.get("apiVersion", true);
  const kind = root.get("kind", true);
  if (version === undefined || kind === undefined) {
    const missing = version === undefined ? "apiVersion" : "kind";
    report("resource_missing", `${missing} is missing`, spanOf(root), `write apiVersion: ${API_VERSION} and a kind`);
    return undefined;
  }
  if (version.value !== API_VERSION) {
    const group = String(version.value).split("/")[0] ?? "";
    const isOurs = group === API_GROUP || nearest(group, [API_GROUP]) !== undefined;
    if (isOurs) report("resource_kind", `unknown apiVersion ${version.value}`, spanOf(version), `write ${API_VERSION}`);
    else
      report(
        "resource_foreign",
        `${version.value} is not of this mesh; skipped`,
        spanOf(version),
        undefined,
        "warning",
      );
    return undefined;
  }
  const names = Object.keys(KINDS);
  if (typeof kind.value !== "string" || !Object.hasOwn(KINDS, kind.value)) {
    const near = nearest(String(kind.value), names);
    const hint = near === undefined ? `kinds are ${names.join(", ")}` : `did you mean ${near}?`;
    report("resource_kind", `unknown kind ${kind.value}`, spanOf(kind), hint);
    return undefined;
  }
  return kind.value as Kind;
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
