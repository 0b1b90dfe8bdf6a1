/**
 * Faults of files as files: what a bound unit lacks because it could not be read, or says
 * nothing, refuses; a document that would be a resource, and is not read, is named.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { isData } from "@regomesh/policy-compiler/units";
import type { MeshIndex } from "../index/mesh-index.ts";
import { resourcesInData, type SourceTree, type Unread, unitOf, unreadOf } from "./source-tree.ts";
import { voidOf, wayOutOf } from "./void-data.ts";

export type FileCode = "source_unread" | "source_place" | "data_void";

export function checkFiles(trees: readonly SourceTree[], index: MeshIndex): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const ofUnits = new Set<Unread>();
  for (const name of new Set(index.bindings.map(({ spec }) => spec.unit))) {
    for (const unread of unreadOf(trees, name).filter(({ isDocument }) => !isDocument)) {
      ofUnits.add(unread);
      found.push(fault(named(unread), "source_unread", `unit ${name} needs ${unread.name}, which ${bare(unread)}`));
    }
    for (const file of unitOf(trees, name)?.files ?? []) {
      const why = isData(file.name) ? voidOf(file.text) : undefined;
      if (why === undefined) continue;
      found.push({ ...fault(file, "data_void", `the data of unit ${name} ${why}`), hint: wayOutOf(file.text) });
    }
  }
  for (const unread of trees.flatMap(({ unread }) => unread ?? [])) {
    if (ofUnits.has(unread) || !unread.isDocument) continue;
    const hint = "if it holds no resource, name it in .regomeshignore";
    const severity = unread.speaks === true ? "error" : "warning";
    found.push({ ...fault(named(unread), "source_unread", `the file ${unread.why}`), severity, hint });
  }
  for (const file of trees.flatMap(resourcesInData)) {
    const hint = "give the file another name than data, and the resources are read";
    found.push({ ...fault(file, "source_place", "resources in a unit's data are not read"), hint });
  }
  return found;
}

function bare({ why }: Unread): string {
  return why.replace(/, which .*$/, "");
}

function named({ name, text = "", illegalAt = 0 }: Unread): Source {
  return { name, text, illegalAt };
}

function fault(source: Source, code: FileCode, message: string): Diagnostic {
  return {
    code,
    severity: "error",
    message,
    at: { source, span: { start: source.illegalAt ?? 0, end: source.illegalAt ?? 0 } },
  };
}
