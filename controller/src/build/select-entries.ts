/** Which entries of a tree are read, and what keeps others from it: no more is read than can matter. */

import { unitFileFinder } from "@regomesh/policy-compiler/units";
import type { IsIgnored } from "./ignore.ts";
import { isDocument, type Unread } from "./source-tree.ts";

export type Entry = {
  readonly path: string;
  readonly mode: "file" | "symlink" | "submodule" | "tree";
  readonly bytes: number;
};

export type Selected<E extends Entry> = { readonly wanted: readonly E[]; readonly unread: readonly Unread[] };

/** Larger ones are no policy and no resource; data of 8 MiB is a database. */
export const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** All that is read of a source; Gatekeeper's whole library has half a mebibyte. */
const TOTAL_BYTES_MAX = 64 * 1024 * 1024;

/** `path`: the directory that is the source, from which ignored files are named. */
export function selectEntries<E extends Entry>(entries: readonly E[], path: string, isIgnored: IsIgnored): Selected<E> {
  const inside = (name: string) => (path === "" ? name : name.slice(path.length + 1));
  const kept = entries.filter((entry) => !isIgnored(inside(entry.path)));
  const isUnitFile = unitFileFinder(kept.map((entry) => entry.path));
  const ofUnit = (entry: E) => isUnitFile(entry.path);
  // What a unit needs comes first, then small documents before large ones: a bound may cut off the rest.
  const ordered = [...kept.filter(ofUnit), ...kept.filter((entry) => !ofUnit(entry)).sort((a, b) => a.bytes - b.bytes)];
  const wanted: E[] = [];
  const unread: Unread[] = [];
  let total = 0;
  for (const entry of ordered) {
    const isUnits = ofUnit(entry);
    const why = whyNot(entry);
    if (entry.mode === "submodule") unread.push({ name: entry.path, why: why ?? "", isDocument: false });
    else if (!isUnits && !isDocument(entry.path)) {
      // A link to a folder of units has no ending: a binding may name it.
      if (entry.mode === "symlink") unread.push({ name: entry.path, why: why ?? "", isDocument: false });
    } else if (why !== undefined) unread.push({ name: entry.path, why, isDocument: !isUnits });
    else if (total + entry.bytes > TOTAL_BYTES_MAX) {
      unread.push({
        name: entry.path,
        why: `is beyond the ${TOTAL_BYTES_MAX} bytes that are read of a source`,
        isDocument: !isUnits,
      });
    } else {
      total += entry.bytes;
      wanted.push(entry);
    }
  }
  return { wanted, unread };
}

function whyNot({ mode, path, bytes }: Entry): string | undefined {
  if (mode === "submodule") return "is a submodule, which is not read";
  if (mode === "symlink") return "is a symbolic link, which is not followed";
  if (mode !== "file") return "is no file";
  if (/[\u0000-\u001f\u007f]/.test(path) || path.includes("\ufffd")) return "has a name that is not plain text";
  if (bytes > FILE_BYTES_MAX) return `is larger than the ${FILE_BYTES_MAX} bytes that are read of a file`;
  return undefined;
}

/** Whether a file is a template of a Helm chart among these: no manifest, and seldom YAML, as it stands. */
export function templateFinder(names: readonly string[]): (name: string) => boolean {
  const charts = new Set(names.filter((name) => CHART.test(name)).map((name) => name.slice(0, -CHART_FILE.length)));
  return (name) => {
    for (let at = name.indexOf(TEMPLATES); at >= 0; at = name.indexOf(TEMPLATES, at + 1)) {
      if ((at === 0 || name[at - 1] === "/") && charts.has(name.slice(0, at))) return true;
    }
    return false;
  };
}

const CHART_FILE = "Chart.yaml";
const CHART = /(^|\/)Chart\.yaml$/;
const TEMPLATES = "templates/";
