/**
 * Which resources are at fault in a build that is refused: each with its first fault. All of them: of a cluster's
 * objects those alone are put back that are named here, and what nobody puts back keeps all others waiting.
 */
import { type Diagnostic, positionAt, printRecord, type Source, toDiagnosticRecord } from "@regomesh/base";
import type { Head } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";
import type { MeshIndex } from "../index/mesh-index.ts";
import { ROOT_SOURCE, type Verdict } from "../sources/source.ts";
import { inlineUnit } from "./inline-units.ts";
import { isDocument, qualify, type SourceTree, sourceOf, unitOf } from "./source-tree.ts";

export type PlacedHead = Head & { readonly source: string; readonly file: Source };

type Fault = { readonly file: string; readonly offset: number | undefined; readonly reason: string; message: string };

export function countsOf(heads: readonly PlacedHead[]): Readonly<Record<string, number>> {
  const bySource = Map.groupBy(heads, ({ source }) => source);
  return Object.fromEntries([...bySource].map(([source, own]) => [source, own.length]));
}

export function verdictsOf(
  { trees, heads, index }: { trees: readonly SourceTree[]; heads: readonly PlacedHead[]; index: MeshIndex },
  diagnostics: readonly Diagnostic[],
  failedTests: readonly FailedTestBody[],
): readonly Verdict[] {
  const byFile = Map.groupBy(heads, ({ file }) => file.name);
  const owners = unitOwners(trees, heads, index);
  const sources = trees.map(({ source = ROOT_SOURCE }) => source);
  const found = new Map<PlacedHead | string, Verdict>();
  for (const fault of faultsOf(diagnostics, failedTests, heads)) {
    const { file, offset } = fault;
    const own = (byFile.get(file) ?? []).filter(
      ({ span }) => offset === undefined || (span.start <= offset && offset <= span.end),
    );
    for (const head of own.length > 0 ? own.slice(0, 1) : (owners.get(file) ?? [])) {
      if (!found.has(head)) found.set(head, toVerdict(head, fault));
    }
    const isWhole = isDocument(file) && !byFile.has(file) && !owners.has(file);
    if (isWhole && !found.has(file)) found.set(file, ofFile(fault, sources));
  }
  return [...found.values()];
}

function faultsOf(
  diagnostics: readonly Diagnostic[],
  failedTests: readonly FailedTestBody[],
  heads: readonly PlacedHead[],
): readonly Fault[] {
  const files = new Map(heads.map(({ file }) => [file.name, file]));
  return [
    ...diagnostics
      .filter(({ severity }) => severity === "error")
      .map((each) => ({
        file: each.at.source.name,
        offset: each.at.span.start,
        reason: each.code,
        message: printRecord(toDiagnosticRecord(each)),
      })),
    ...failedTests.map(({ file, row, name, message }) => ({
      file,
      offset: offsetOf(files.get(file), row),
      reason: "test_failed",
      message: `${file}:${row}: ${name} fails: ${message}`,
    })),
  ];
}

/** What a unit's file is at fault in, is at fault in the bindings that name the unit; of a Policy's, in the Policy. */
function unitOwners(
  trees: readonly SourceTree[],
  heads: readonly PlacedHead[],
  { bindings }: MeshIndex,
): ReadonlyMap<string, readonly PlacedHead[]> {
  const byName = new Map(heads.map((head) => [`${head.kind} ${head.namespace}/${head.name}`, head]));
  const owners = new Map<string, PlacedHead[]>();
  for (const { metadata, spec } of bindings) {
    const head = byName.get(`PolicyBinding ${metadata.namespace}/${metadata.name}`);
    if (head === undefined) continue;
    for (const { name } of unitOf(trees, spec.unit)?.files ?? []) {
      owners.set(name, [...(owners.get(name) ?? []), head]);
    }
  }
  for (const head of heads.filter(({ kind }) => kind === "Policy")) {
    const unit = qualify({ source: head.source }, inlineUnit(head.namespace, head.name));
    for (const { name } of unitOf(trees, unit)?.files ?? []) owners.set(name, [head]);
  }
  return owners;
}

function offsetOf(file: Source | undefined, row: number): number | undefined {
  if (file === undefined) return undefined;
  const lines = file.text.split("\n").slice(0, row - 1);
  return lines.reduce((offset, line) => offset + line.length + 1, 0);
}

/** Of a file that could not be read far enough to say what it holds: it is at fault as a whole. */
function ofFile({ file, reason, message }: Fault, sources: readonly string[]): Verdict {
  return { source: sourceOf(file, sources), kind: "file", namespace: "", name: file, file, row: 1, reason, message };
}

function toVerdict({ source, kind, namespace, name, span, file }: PlacedHead, { reason, message }: Fault): Verdict {
  const { row } = positionAt(file, span.start);
  return { source, kind, namespace, name, file: file.name, row, reason, message };
}
