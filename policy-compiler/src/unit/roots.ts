/**
 * The roots of a manifest: paths of `data` below which all that a bundle says lies, as OPA's `validateAndInjectDefaults`
 * holds a bundle to them, and the roots of several bundles to each other. A tree of them has a node for every segment of
 * a path; roots and packages meet by segments, data by the keys on their way, joined by slashes.
 */
import { clip, type Diagnostic, NO_FILE } from "@regomesh/base";
import { parsePackageOf } from "../syntax/parse.ts";
import { printPath } from "../syntax/print-term.ts";
import type { RegoSource } from "../syntax/version.ts";
import type { PlacedData } from "./data.ts";
import { makeDataError } from "./data-error.ts";
import { isJsonObject, type JsonValue } from "./json.ts";
import { type Manifest, withoutSlashes } from "./manifest.ts";

/** A bundle as others lie beside it. */
export type BundleRoots = { readonly name: string; readonly manifest?: Manifest | undefined };

type Tree = { isRoot: boolean; readonly below: Map<string, Tree> };

/** Of roots, and of a path, in letters: more says no more. */
const SHOWN = 200;

/** What of a bundle lies outside of its roots, and roots of it that lie below another. */
export function checkRoots(
  { source, roots }: Manifest,
  modules: readonly RegoSource[],
  data: readonly PlacedData[],
): readonly Diagnostic[] {
  if (roots.length === 1 && roots[0] === "") return [];
  const name = source.name;
  const overlap = findOverlap(roots.map((root) => ({ root, name })));
  if (overlap !== undefined) return [makeDataError(source, `manifest has overlapped roots: ${printPair(overlap)}`)];
  const tree = toTree(roots);
  const shown = `manifest roots [${clip(roots.join(" "), SHOWN)}] do not permit`;
  const hint = `add it to the roots of ${name}, or take it out of the bundle`;
  const faults: Diagnostic[] = [];
  for (const module of modules) {
    const clause = parsePackageOf(module);
    if (clause === undefined || holds(tree, clause.path)) continue;
    const message = `${shown} 'package ${clip(printPath(clause.path), SHOWN)}'`;
    faults.push(makeDataError(module, message, hint, clause.at.span));
  }
  for (const { source: file, value } of data) {
    const outside = findOutside(tree, value, "");
    if (outside !== undefined)
      faults.push(makeDataError(file, `${shown} data at path '/${clip(outside, SHOWN)}'`, hint));
  }
  // Without any root even data that say nothing are too much.
  if (roots.length === 0 && faults.length === 0) faults.push(makeDataError(source, `${shown} data at path '/'`));
  return faults;
}

/** Roots of one of several bundles that lie below another's; a bundle without a manifest has all of `data`. */
export function checkBundles(bundles: readonly BundleRoots[]): readonly Diagnostic[] {
  const all = bundles.flatMap((bundle) => (bundle.manifest?.roots ?? [""]).map((root) => ({ root, ...bundle })));
  const overlap = findOverlap(all);
  if (overlap === undefined) return [];
  const [a, b] = overlap;
  const message = `bundles ${a.name} and ${b.name} have overlapping roots: ${printPair(overlap)}`;
  const hint = "give each a .manifest with roots of its own; without --bundle paths are one program";
  return [makeDataError((b.manifest ?? a.manifest)?.source ?? { name: NO_FILE, text: "" }, message, hint)];
}

/** In the order of their texts whatever lies below a root comes right after it. */
function findOverlap<Each extends { readonly root: string }>(all: readonly Each[]): readonly [Each, Each] | undefined {
  const ordered = all
    .map((each) => ({ each, path: each.root === "" ? "/" : `/${each.root}/` }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const at = ordered.findIndex(({ path }, i) => i > 0 && path.startsWith(ordered[i - 1]?.path ?? path));
  const [a, b] = [ordered[at - 1], ordered[at]];
  return a === undefined || b === undefined ? undefined : [a.each, b.each];
}

function printPair([a, b]: readonly [{ readonly root: string }, { readonly root: string }]): string {
  return `'${clip(a.root, SHOWN)}' and '${clip(b.root, SHOWN)}'`;
}

function toTree(roots: readonly string[]): Tree {
  const tree: Tree = { isRoot: false, below: new Map() };
  for (const root of roots) {
    let at = tree;
    for (const segment of root === "" ? [] : root.split("/")) {
      const next = at.below.get(segment) ?? { isRoot: false, below: new Map() };
      at.below.set(segment, next);
      at = next;
    }
    at.isRoot = true;
  }
  return tree;
}

function holds(tree: Tree, path: readonly string[]): boolean {
  let at: Tree | undefined = tree;
  for (const segment of path) {
    if (at.isRoot) return true;
    at = at.below.get(segment);
    if (at === undefined) return false;
  }
  return at.isRoot;
}

/** The first place that lies below no root. An object may lie above one; OPA takes it for that by any name on its way. */
function findOutside(tree: Tree, value: JsonValue, keys: string): string | undefined {
  const path = withoutSlashes(keys);
  const segments = path.split("/");
  if (holds(tree, segments)) return undefined;
  const mayBeAbove = segments.some((each) => (each === "" ? tree.below.size > 0 : tree.below.has(each)));
  if (!isJsonObject(value) || !mayBeAbove) return path;
  for (const [key, below] of Object.entries(value)) {
    const outside = findOutside(tree, below, `${keys}/${key}`);
    if (outside !== undefined) return outside;
  }
  return undefined;
}
