/** Where in a unit's data files a base document stands: the lines that say what a rule has read. */
import { positionAt, type Source } from "@regomesh/base";
import { isData } from "@regomesh/policy-compiler/units";
import { isCollection, isMap, isScalar, type Node, type Pair, parseDocument } from "yaml";
import type { UnitFiles } from "../build/tools.ts";

export type DataPlace = {
  /** `data.roles` */
  readonly path: string;
  readonly file: string;
  /** First and last line, from 1. */
  readonly row: number;
  readonly endRow: number;
};

/** Longer files are named whole. */
const LENGTH_MAX = 1_000_000;

/** Every file that has a part of the document below the path, or the document that holds it. */
export function findData({ directory, files }: UnitFiles, path: readonly string[]): readonly DataPlace[] {
  const name = `data.${path.join(".")}`;
  return files
    .filter((file) => isData(file.name))
    .flatMap((file): readonly DataPlace[] => {
      const inside = directory === "" ? file.name : file.name.slice(directory.length + 1);
      const at = inside.split("/").slice(0, -1);
      const common = Math.min(at.length, path.length);
      if (at.slice(0, common).some((part, index) => part !== path[index])) return [];
      const rows = path.length <= at.length ? wholeOf(file) : rowsOf(file, path.slice(at.length));
      return rows === undefined ? [] : [{ path: name, file: file.name, ...rows }];
    });
}

type Rows = Pick<DataPlace, "row" | "endRow">;

function wholeOf({ text }: Source): Rows {
  return { row: 1, endRow: text.replace(/\n$/, "").split("\n").length };
}

/** The key and its value; undefined where the first key is not there: another file has it. */
function rowsOf(file: Source, path: readonly string[]): Rows | undefined {
  if (file.text.length > LENGTH_MAX) return wholeOf(file);
  let node: unknown = parseDocument(file.text, { prettyErrors: false, logLevel: "silent" }).contents;
  let found: readonly [start: number, end: number] | undefined;
  for (const key of path) {
    const pair = isMap(node)
      ? (node.items as readonly Pair<unknown, unknown>[]).find(
          (each) => isScalar(each.key) && String(each.key.value) === key,
        )
      : undefined;
    if (pair === undefined) break;
    const range = (isScalar(pair.key) ? pair.key.range : undefined) ?? undefined;
    node = pair.value;
    const end = isNode(node) ? node.range?.[1] : undefined;
    if (range === undefined || range === null) break;
    found = [range[0], end ?? range[1]];
  }
  if (found === undefined) return undefined;
  const { row } = positionAt(file, found[0]);
  return { row, endRow: Math.max(row, positionAt(file, Math.max(found[0], found[1] - 1)).row) };
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isCollection(value);
}
