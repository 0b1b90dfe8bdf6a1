/**
 * A module's text as `opa fmt` writes it: tabs, one blank between words, a line for each expression, comments
 * where they were. What stood in one line stays in one, and what stood in several in several.
 */
import { type Diagnostic, hasErrors, positionAt, sortDiagnostics } from "@regomesh/base";
import { eachRulePart } from "../analyze/tree-parts.ts";
import { isStackUsedUp } from "../stack-used-up.ts";
import type { Expr, Module, Rule } from "../syntax/ast.ts";
import { parseModule } from "../syntax/parse.ts";
import type { RegoSource } from "../syntax/version.ts";
import { checkForV1 } from "./check-v1.ts";
import { writeBody, writeExpr, writeWiths } from "./expr.ts";
import { chooseImports, type ImportRules, isImportOf, type PlacedImport, printName, writeImports } from "./imports.ts";
import { Printer, type Remark, type Style, TEXT_LENGTH_MAX, TextTooLong } from "./printer.ts";
import { writeRules } from "./rule.ts";

export type FormatOptions = {
  /**
   * The language of the result: that of the source (absent), v1, or what both v0 and v1 read, with
   * `import rego.v1`.
   */
  readonly target?: "v1" | "v0-v1";
  /** Leave out the imports that v1 has no need of. */
  readonly dropV0Imports?: boolean;
};

export type Formatted = { readonly text?: string; readonly diagnostics: readonly Diagnostic[] };

/** The formatted text; none where the source does not parse, or not in the result's language. */
export function formatModule(source: RegoSource, options: FormatOptions = {}): Formatted {
  const { text, left, diagnostics } = printSource(source, options);
  if (text === undefined || left === undefined) return { diagnostics };
  const wrong = firstError(source, text, options);
  if (wrong === undefined) return { text, diagnostics };
  return { text: source.text, diagnostics: [...diagnostics, leftAsItIs(left, wrong)] };
}

/** What is said of a module that is left as it is. */
type Left = Pick<Module, "at" | "comments">;

/** A function of its own: the tree need not be there while the one of what is written is made. */
function printSource(source: RegoSource, options: FormatOptions): Formatted & { readonly left?: Left } {
  const { module, diagnostics } = parseModule(source);
  if (module === undefined || hasErrors(diagnostics)) return { diagnostics };
  const faults = options.target === undefined ? [] : checkForV1(module);
  if (faults.length > 0) return { diagnostics: sortDiagnostics([...diagnostics, ...faults]) };
  const { text, fault } = tryPrint(module, source, options);
  if (fault !== undefined) return { diagnostics: [...diagnostics, fault] };
  return { text, diagnostics, left: { at: module.at, comments: module.comments } };
}

type Printed =
  | { readonly text: string; readonly fault?: undefined }
  | { readonly text?: undefined; readonly fault: Diagnostic };

function tryPrint(module: Module, source: RegoSource, options: FormatOptions): Printed {
  try {
    return { text: printModule(module, source, options) };
  } catch (error) {
    if (isStackUsedUp(error))
      return { fault: tooDeep(module, "nests more deeply than the stack of this process reaches") };
    if (!(error instanceof TextTooLong)) throw error;
    return { fault: tooDeep(module, `is longer than ${TEXT_LENGTH_MAX} characters once its lines are indented`) };
  }
}

function tooDeep(module: Module, why: string): Diagnostic {
  return {
    code: "fmt_too_deep",
    severity: "error",
    message: `the module ${why}`,
    at: module.at,
    hint: "split its longest expressions into rules",
  };
}

/**
 * What would not parse is not written. Where a comment breaks a term OPA may leave the term unfinished, it puts
 * parentheses around `default.foo | 1`, where `default` is no name, and a rule of v0 in front of the imports that it needs.
 */
function firstError(source: RegoSource, text: string, { target }: FormatOptions): Diagnostic | undefined {
  const version = target === "v1" ? "v1" : (source.version ?? "v1");
  return parseModule({ ...source, text, version }).diagnostics.find(({ severity }) => severity === "error");
}

function leftAsItIs({ at, comments: [comment] }: Left, { message }: Diagnostic): Diagnostic {
  if (comment === undefined) {
    return {
      code: "fmt_unreadable",
      severity: "warning",
      message: `left as it is: formatted, it would not parse (${message})`,
      at,
      hint: "a keyword that is a name begins a line (default.foo), and imports stand in front of rules",
    };
  }
  return {
    code: "fmt_comment_misplaced",
    severity: "warning",
    message: "left as it is: a comment stands where fmt would have to break a term",
    at: comment.at,
    hint: "put the comments inside of terms on lines of their own",
  };
}

function printModule(module: Module, source: RegoSource, { target, dropV0Imports = false }: FormatOptions): string {
  const isV1 = target !== undefined || source.version !== "v0";
  const rules: ImportRules = { isV1, isBoth: target === "v0-v1", dropsV0: dropV0Imports, used: wordsOf(module) };
  const remarks = module.comments.map(({ at, text }): Remark => {
    return { ...positionAt(at.source, at.span.start), text: `#${text}`.trimEnd() };
  });
  const imports = module.imports.map((clause): PlacedImport => {
    return { clause, ...positionAt(source, clause.at.span.start) };
  });
  const importRows = new Set(imports.map(({ row }) => row));
  const printer = new Printer(source, {
    style: styleOf(module, isV1),
    parts: { writeBody, writeExpr, writeWiths },
    groups: module.groups ?? new Map(),
    remarks: remarks.filter(({ row }) => !importRows.has(row)),
  });
  const beside = new Map(remarks.filter(({ row }) => importRows.has(row)).map((remark) => [remark.row, remark]));
  printer.insertComments(printer.rowOf(module.package.at));
  printer.startLine();
  printer.write(`package ${printName(printer, module.package)}`);
  printer.blankLine();
  writeStatements(printer, chooseImports(imports, rules), module.rules, beside);
  for (const remark of printer.remarks.slice(printer.next)) printer.writeLine(remark.text);
  return `${withoutLineEnds(printer.text)}\n`;
}

/** `and`, `or`, and the `not` of an import that has a body. */
function wordsOf({ rules }: Module): ReadonlySet<string> {
  const words = new Set<string>();
  // What `and` and `or` stand for is none of the text.
  const made = new Set<Expr>();
  const note = (expr: Expr): void => {
    const { what, isNegated } = expr;
    if (what.kind !== "body" || made.has(expr)) return;
    if (what.logical === undefined) {
      if (isNegated) words.add("not");
      return;
    }
    words.add(what.logical.word);
    for (const operand of what.logical.operands) note(operand);
    for (const each of what.body) made.add(each);
  };
  for (const rule of rules) eachRulePart(rule, () => {}, note);
  return words;
}

/** Without those at the end. No pattern: for each inside of a raw string it would look for the end again. */
function withoutLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end--;
  return text.slice(0, end);
}

function styleOf({ imports, rules }: Module, isV1: boolean): Style {
  const has = (word: string): boolean =>
    imports.some(
      (clause) =>
        isImportOf(clause, "rego", "v1", "v2") ||
        (isImportOf(clause, "future") && (clause.path[2] === undefined || clause.path[2] === word)),
    );
  return {
    isV1,
    hasIf: isV1 || has("if"),
    hasContains: isV1 || has("contains"),
    hasRefHeads: rules.some(({ head }) => head.ref.length > 2 || (head.ref.length === 2 && head.isSet)),
  };
}

/** Imports and rules in the order of the text; imports that were added come first where one of them would stand behind a rule. */
function writeStatements(
  printer: Printer,
  imports: readonly PlacedImport[],
  rules: readonly Rule[],
  beside: ReadonlyMap<number, Remark>,
): void {
  const first = rules.reduce((row, { at }) => Math.min(row, printer.rowOf(at)), Number.POSITIVE_INFINITY);
  const isBehind = imports.some(({ isAdded, row }) => isAdded && row >= first);
  if (isBehind) {
    writeImports(
      printer,
      imports.filter(({ isAdded }) => isAdded),
      beside,
    );
  }
  const left = isBehind ? imports.filter(({ isAdded }) => !isAdded) : [...imports];
  let waiting: Rule[] = [];
  const flush = (): void => {
    writeRules(printer, waiting);
    waiting = [];
  };
  for (const rule of rules) {
    const row = printer.rowOf(rule.at);
    const before = left.filter((each) => each.row <= row);
    if (before.length > 0) {
      flush();
      writeImports(printer, before, beside);
      left.splice(0, before.length);
    }
    waiting.push(rule);
  }
  flush();
  writeImports(printer, left, beside);
}
