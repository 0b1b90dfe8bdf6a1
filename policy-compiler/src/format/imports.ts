/** Imports: groups of neighbouring rows, each sorted, with the comments in their rows; and which of them the text needs. */
import type { Import } from "../syntax/ast.ts";
import { quote } from "./compact.ts";
import type { Printer, Remark } from "./printer.ts";
import { isNameBehindDot } from "./term.ts";

/** An import and the row that it is taken to stand in; the text may have none of it. */
export type PlacedImport = {
  readonly clause: Import;
  readonly row: number;
  readonly column: number;
  readonly isAdded?: true;
};

/** `beside`: the comments in the rows of imports. */
export function writeImports(
  printer: Printer,
  imports: readonly PlacedImport[],
  beside: ReadonlyMap<number, Remark>,
): void {
  for (const group of groupRows(imports)) {
    printer.insertComments(group[0]?.row ?? 0);
    for (const { clause, row, isAdded } of group.toSorted(compareImports)) {
      printer.startLine();
      printer.write(`import ${printName(printer, clause)}`);
      if (clause.alias !== undefined) printer.write(` as ${clause.alias}`);
      const remark = isAdded ? undefined : beside.get(row);
      if (remark !== undefined) printer.write(` ${remark.text}`);
      printer.endLine();
    }
    printer.blankLine();
  }
}

function groupRows(imports: readonly PlacedImport[]): readonly (readonly PlacedImport[])[] {
  const groups: PlacedImport[][] = [];
  let last: PlacedImport | undefined;
  for (const each of imports) {
    if (last === undefined || each.row - last.row > 1) groups.push([]);
    groups.at(-1)?.push(each);
    last = each;
  }
  return groups;
}

function compareImports({ clause: a }: PlacedImport, { clause: b }: PlacedImport): number {
  for (const [i, part] of a.path.entries()) {
    const other = b.path[i];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  if (b.path.length > a.path.length) return -1;
  const [x, y] = [a.alias ?? "", b.alias ?? ""];
  return x < y ? -1 : x > y ? 1 : 0;
}

export function printName(printer: Printer, { at, path }: Pick<Import, "at" | "path">): string {
  const written = printer.source.text.slice(at.span.start, at.span.end);
  const [root = "", ...rest] = path;
  return rest.reduce((name, part) => {
    const isQuoted = path[0] !== "future" && written.includes(`["${part}"]`);
    return name + (isNameBehindDot(part, isQuoted) ? `.${part}` : `[${quote(part)}]`);
  }, root);
}

export function isImportOf({ path }: Import, root: string, ...names: readonly string[]): boolean {
  return path[0] === root && (names.length === 0 || names.includes(path[1] ?? ""));
}

/** What the words of an import turn on that v1 has anyway. */
const IN_V1: ReadonlySet<string> = new Set(["contains", "every", "if", "in"]);
/** What `import rego.v2` turns on. */
const IN_V2: ReadonlySet<string> = new Set(["and", "not", "or"]);

export type ImportRules = {
  /** v1 is read where the text goes, without an import. */
  readonly isV1: boolean;
  /** The text must be read by v0 and v1 alike. */
  readonly isBoth: boolean;
  /** Leave out what v1 has no need of. */
  readonly dropsV0: boolean;
  /** Of `and`, `not` and `or` those that the module has a use for. */
  readonly used: ReadonlySet<string>;
};

/** The imports that the formatted text has: none that another makes superfluous. */
export function chooseImports(
  imports: readonly PlacedImport[],
  { isV1, isBoth, dropsV0, used }: ImportRules,
): readonly PlacedImport[] {
  const hasV2 = imports.some(({ clause }) => isImportOf(clause, "rego", "v2"));
  const hasV1 = hasV2 || isBoth || imports.some(({ clause }) => isImportOf(clause, "rego", "v1"));
  const dropsWords = hasV1 || (dropsV0 && isV1);
  const kept = imports.filter(({ clause }) => {
    const { path } = clause;
    if (isImportOf(clause, "rego", "v1")) return !hasV2 && !(dropsV0 && isV1 && !isBoth);
    if (path[0] !== "future") return true;
    const word = path[2];
    if (hasV2 && (word === undefined || IN_V1.has(word) || IN_V2.has(word))) return false;
    return !dropsWords;
  });
  const chosen = [...kept];
  if (isBoth && !kept.some(({ clause }) => isImportOf(clause, "rego", "v1", "v2")))
    chosen.push(makeImport(["rego", "v1"], rowBehind(imports), imports));
  const words = dropsWords && !hasV2 ? [...used].sort() : [];
  for (const word of words) chosen.push(makeImport(["future", "keywords", word], rowBehind(chosen), imports));
  return chosen.sort((a, b) => a.row - b.row || a.column - b.column);
}

/** Behind the imports that say how a module is read. */
function rowBehind(imports: readonly PlacedImport[]): number {
  const rows = imports.filter(({ clause }) => isImportOf(clause, "rego") || isImportOf(clause, "future"));
  return rows.reduce((last, { row }) => Math.max(last, row), 0) + 1;
}

function makeImport(path: readonly string[], row: number, imports: readonly PlacedImport[]): PlacedImport {
  const at = imports[0]?.clause.at ?? NOWHERE;
  return { clause: { at, path, alias: undefined }, row, column: 1, isAdded: true };
}

const NOWHERE = { source: { name: "", text: "" }, span: { start: 0, end: 0 } };
