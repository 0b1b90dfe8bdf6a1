/** The parser's entry: a module or a query from a source. Text that is wrong gives diagnostics, never a throw. */
import { type Diagnostic, hasErrors, type Source, sortDiagnostics } from "@regomesh/base";
import { isStackUsedUp } from "../stack-used-up.ts";
import { parseAnnotations } from "./annotation.ts";
import type { Body, Comment, Import, Module, PackageClause, Rule } from "./ast.ts";
import { parseBody } from "./body.ts";
import { Cursor, makeParseError, SyntaxFault } from "./cursor.ts";
import { findTooDeep } from "./depth.ts";
import { GRAMMAR } from "./grammar.ts";
import { findIllegalCharacter } from "./illegal-character.ts";
import { parseImport, parsePackage } from "./import.ts";
import { CLOSURES_MAX, DIAGNOSTICS_MAX, SOURCE_LENGTH_MAX } from "./limits.ts";
import { parseLiteral } from "./literal.ts";
import { parseRules } from "./rule.ts";
import { checkForm } from "./rule-form.ts";
import { Scanner } from "./scanner.ts";
import { keywordsOf, type RegoSource } from "./version.ts";

export type ParsedModule = { readonly module?: Module; readonly diagnostics: readonly Diagnostic[] };
export type ParsedQuery = { readonly body?: Body; readonly diagnostics: readonly Diagnostic[] };

/** A module in the language that the source says. There is no module where a diagnostic is an error. */
export function parseModule(source: RegoSource): ParsedModule {
  const refused = checkLength(source) ?? checkLanguage(source) ?? findIllegalCharacter(source);
  if (refused !== undefined) return { diagnostics: [refused] };
  const scanner = new Scanner(source, keywordsOf(source.version ?? "v1"));
  const { comments } = scanner;
  const cursor = new Cursor(source, scanner, GRAMMAR);
  const parts = parseStatements(cursor);
  if (parts === undefined) return { diagnostics: cursor.diagnostics };
  if (cursor.version === "v0" && cursor.isV1) {
    for (const rule of parts.rules) for (const fault of checkForm(rule)) cursor.note(fault);
  }
  // A rule that cannot be read leaves its annotations to the next one, or to none: no fault of theirs.
  const isWhole = !hasErrors(cursor.diagnostics);
  const { annotations, diagnostics } = isWhole
    ? parseAnnotations({ ...parts, comments })
    : { annotations: [], diagnostics: [] };
  return finishModule(cursor, { ...parts, comments, annotations, groups: cursor.groups }, diagnostics);
}

/** The package of a module, whatever is wrong with the rest; undefined where there is none that can be read. */
export function parsePackageOf(source: RegoSource): PackageClause | undefined {
  if (checkLength(source) !== undefined) return undefined;
  const cursor = new Cursor(source, new Scanner(source, keywordsOf(source.version ?? "v1")), GRAMMAR);
  return cursor.isAt("package") ? guard(cursor, () => parsePackage(cursor)) : undefined;
}

/** A query: a body, `;` or line ends between its expressions. */
export function parseQuery(source: RegoSource): ParsedQuery {
  const refused = checkLength(source) ?? findIllegalCharacter(source);
  if (refused !== undefined) return { diagnostics: [refused] };
  const cursor = new Cursor(source, new Scanner(source, keywordsOf(source.version ?? "v1")), GRAMMAR);
  const body = guard(cursor, () => {
    const parsed = parseBody(cursor, "eof");
    checkDepth(cursor, parsed);
    return parsed;
  });
  if (body === undefined || hasErrors(cursor.diagnostics)) return { diagnostics: cursor.diagnostics };
  return { body, diagnostics: cursor.diagnostics };
}

type Statements = { readonly package: PackageClause; readonly imports: Import[]; readonly rules: Rule[] };

function parseStatements(cursor: Cursor): Statements | undefined {
  if (cursor.isKind("eof")) {
    cursor.report(cursor.at(cursor.token), "empty module", "a module begins with its package: package a.b");
    return undefined;
  }
  if (!cursor.isAt("package")) {
    cursor.report(cursor.at(cursor.token), "package expected", "a module begins with its package: package a.b");
    return undefined;
  }
  const clause = guard(cursor, () => parsePackage(cursor));
  if (clause === undefined) return undefined;
  const statements: Statements = { package: clause, imports: [], rules: [] };
  while (!cursor.isKind("eof") && cursor.diagnostics.length < DIAGNOSTICS_MAX) {
    guard(cursor, () => parseStatement(cursor, statements));
  }
  return statements;
}

function parseStatement(cursor: Cursor, statements: Statements): void {
  cursor.takeAsName();
  if (cursor.isAt("import")) {
    statements.imports.push(parseImport(cursor));
    return;
  }
  if (!cursor.isKind("ident") && !cursor.isKind("keyword")) failExpression(cursor);
  const { index } = cursor;
  const rules = parseRules(cursor);
  // A level of the tree takes a token or more: a short rule is not deep.
  if (cursor.index - index > CLOSURES_MAX) for (const rule of rules) checkDepth(cursor, rule);
  statements.rules.push(...rules);
}

/** No rule begins here: what is wrong with the expression that does, or that it stands alone. */
function failExpression(cursor: Cursor): never {
  const { index } = cursor;
  parseLiteral(cursor);
  if (!cursor.isKind("eof") && !cursor.token.newlineBefore && !cursor.isAt(";")) cursor.failHere();
  cursor.returnTo(index);
  cursor.failHere();
}

function checkDepth(cursor: Cursor, root: object): void {
  const tooDeep = findTooDeep(root);
  if (tooDeep !== undefined) cursor.fail(tooDeep.at, tooDeep.message, "split the expression into rules");
}

/** Capabilities that have no v1 read v0 alone. */
function checkLanguage(source: RegoSource): Diagnostic | undefined {
  const { version = "v1", language } = source;
  if (language === undefined || version === "v0" || language.features.has(`rego_${version}`)) return undefined;
  const at = { source, span: { start: 0, end: 0 } };
  const message = `illegal capabilities: rego_${version} feature required for parsing ${version} Rego`;
  return makeParseError(at, message, "read it as v0: --v0-compatible");
}

function checkLength(source: Source): Diagnostic | undefined {
  if (source.text.length <= SOURCE_LENGTH_MAX) return undefined;
  const at = { source, span: { start: 0, end: 0 } };
  return makeParseError(at, `source is longer than ${SOURCE_LENGTH_MAX} characters`, "split the module");
}

/** What `parse` returns; a fault is kept and the cursor moved to the next statement. */
function guard<T>(cursor: Cursor, parse: () => T): T | undefined {
  const { index } = cursor;
  try {
    return parse();
  } catch (error) {
    const fault = isStackUsedUp(error) ? cursor.stackFault() : error;
    if (!(fault instanceof SyntaxFault)) throw fault;
    cursor.diagnostics.push(fault.diagnostic);
    cursor.resume(index, fault.diagnostic.at);
    return undefined;
  }
}

function finishModule(
  cursor: Cursor,
  parts: Omit<Module, "at" | "isV1" | "comments"> & { readonly comments: readonly Comment[] },
  more: readonly Diagnostic[],
): ParsedModule {
  const diagnostics = sortDiagnostics([...cursor.diagnostics, ...more]).slice(0, DIAGNOSTICS_MAX);
  if (hasErrors(diagnostics)) return { diagnostics };
  const at = { source: cursor.source, span: { start: 0, end: cursor.source.text.length } };
  return { module: { at, isV1: cursor.isV1, ...parts }, diagnostics };
}
