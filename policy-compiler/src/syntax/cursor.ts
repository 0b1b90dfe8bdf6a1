/**
 * A place in the tokens of one source: what the parts of the parser share. A part that can't
 * go on throws `SyntaxFault`; the module parser catches it, keeps the diagnostic and resumes at
 * the next rule. It never leaves this folder.
 */
import type { Diagnostic, Location, Source, Span } from "@regomesh/base";
import type { Expr, Term } from "./ast.ts";
import { DIAGNOSTICS_MAX, NESTING_MAX, PARTS_MAX } from "./limits.ts";
import type { Scanner } from "./scanner.ts";
import { makeTermKeys } from "./term-keys.ts";
import { describeToken, type Token } from "./token.ts";
import type { Language, RegoSource, RegoVersion } from "./version.ts";

export class SyntaxFault extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/**
 * What imports turn on: the operators `and` and `or`, the better `not`, and `contains` in heads, which is on
 * from the start in v1. Other words are keywords in the tokens themselves (`addKeywords`).
 */
export type Keywords = {
  readonly and: boolean;
  readonly or: boolean;
  readonly not: boolean;
  readonly contains: boolean;
};

/**
 * The grammar is recursive, imports are not: the parts that nest in one another are handed to
 * them here (`grammar.ts` ties the knot).
 */
export type Grammar = {
  readonly parseLiteral: (cursor: Cursor) => Expr;
  readonly parseLogical: (cursor: Cursor) => Expr;
  readonly parseBrackets: (cursor: Cursor) => Term;
  readonly parseBraces: (cursor: Cursor) => Term;
  readonly parseTemplate: (cursor: Cursor) => Term;
};

/** A term with where the next token is and the faults that did not stop it, or the fault that did. */
type ReadTerm =
  | {
      readonly term: Term;
      readonly end: number;
      readonly diagnostics: readonly Diagnostic[];
      readonly fault?: undefined;
    }
  | { readonly fault: SyntaxFault };

export class Cursor {
  readonly source: Source;
  readonly grammar: Grammar;
  readonly version: RegoVersion;
  readonly #language: Language | undefined;
  keywords: Keywords;
  /** The module is held to v1's rules: it is written in it, or imports it. */
  isV1: boolean;
  /** Capabilities leave keywords behind dots. */
  readonly mayNameKeywords: boolean;
  /** Faults that don't stop parsing. */
  readonly diagnostics: Diagnostic[] = [];
  /** Terms in parentheses, and the span with these. */
  readonly groups = new Map<Term, Span>();
  readonly termKeys = makeTermKeys();
  /** Those scanned so far: `peek` gives what is behind them. */
  readonly tokens: readonly Token[];
  /** Of the present token. */
  index = 0;
  /** The present token. What is asked for of each is in fields, none of them `#`: a call for each is most of what parsing costs at first. */
  token: Token;
  /** Levels of the grammar that are open around it. */
  depth = 0;
  /** Places that were tried as a comprehension, a body or a group and are none: never tried twice. */
  readonly #refuted = new Set<string>();
  /** What came of terms that may be asked for again, by where they begin. */
  readonly #terms = new Map<number, ReadTerm>();
  readonly #scanner: Scanner;

  constructor(source: RegoSource, scanner: Scanner, grammar: Grammar) {
    this.source = source;
    this.version = source.version ?? "v1";
    this.#language = source.language;
    this.mayNameKeywords = this.has("keywords_in_refs");
    this.isV1 = this.version !== "v0";
    const isV2 = this.version === "v2";
    this.keywords = { and: isV2, or: isV2, not: isV2, contains: this.isV1 };
    this.grammar = grammar;
    this.#scanner = scanner;
    this.tokens = scanner.tokens;
    this.token = scanner.tokenAt(0);
  }

  /** Literals are those of a module that imports any of the three. */
  get isLogical(): boolean {
    return this.keywords.and || this.keywords.or || this.keywords.not;
  }

  get previous(): Token | undefined {
    return this.tokens[this.index - 1];
  }

  peek(ahead = 1): Token {
    return this.#scanner.tokenAt(this.index + ahead);
  }

  /** The present token; the cursor then stands on the next one. */
  take(): Token {
    const { token } = this;
    if (token.kind === "eof") return token;
    this.index++;
    this.token = this.tokens[this.index] ?? this.#scanner.tokenAt(this.index);
    return token;
  }

  isAt(text: string): boolean {
    const { token } = this;
    return token.text === text && (token.kind === "punct" || token.kind === "keyword");
  }

  isKind(kind: Token["kind"]): boolean {
    return this.token.kind === kind;
  }

  /** A punctuation mark right behind the token before, without a blank. */
  isAtAdjacent(text: string): boolean {
    return !this.token.spaceBefore && this.isAt(text);
  }

  /** Where a reference may begin: a keyword that a dot or bracket follows at once is a name, `if.foo`. */
  takeAsName(): void {
    const { token } = this;
    if (token.kind !== "keyword") return;
    const next = this.peek();
    if (next.spaceBefore || next.kind !== "punct" || (next.text !== "." && next.text !== "[")) return;
    this.#scanner.tokens[this.index] = { ...token, kind: "ident" };
    this.returnTo(this.index);
  }

  /** From here on the words are keywords, as an import says. */
  addKeywords(words: readonly string[]): void {
    const added = new Set(words);
    this.keywords = { ...this.keywords, contains: this.keywords.contains || added.delete("contains") };
    if (added.size === 0 || this.isV1) return;
    this.#scanner.addKeywords(added, this.index);
    this.returnTo(this.index);
  }

  /** Whether capabilities leave a feature of the language. */
  has(feature: string): boolean {
    return this.#language === undefined || this.#language.features.has(feature);
  }

  /** The words of `future.keywords` that may be imported, of those there are. */
  importable(words: readonly string[]): readonly string[] {
    const language = this.#language;
    return language === undefined ? words : words.filter((word) => language.keywords.has(word));
  }

  accept(text: string): Token | undefined {
    return this.isAt(text) ? this.take() : undefined;
  }

  expect(text: string, note: string): Token {
    return this.accept(text) ?? this.failHere(note);
  }

  /** `unexpected } token: note`, at the present token. */
  failHere(note?: string, hint?: string): never {
    const { token } = this;
    const { and, or } = this.keywords;
    const isJoin = token.kind === "ident" && ((and && token.text === "and") || (or && token.text === "or"));
    const described = isJoin ? `${token.text} keyword` : describeToken(token);
    const what = token.kind === "illegal" ? token.value : `unexpected ${described}`;
    this.fail(this.at(token), note === undefined || token.kind === "illegal" ? what : `${what}: ${note}`, hint);
  }

  fail(at: Location, message: string, hint?: string): never {
    throw this.fault(at, message, hint);
  }

  fault(at: Location, message: string, hint?: string): SyntaxFault {
    return new SyntaxFault(makeParseError(at, message, hint));
  }

  report(at: Location, message: string, hint?: string): void {
    this.note(makeParseError(at, message, hint));
  }

  /** What is found beyond those that are told is not kept: each of the terms around it would keep it, too. */
  note(diagnostic: Diagnostic): void {
    if (this.diagnostics.length < DIAGNOSTICS_MAX) this.diagnostics.push(diagnostic);
  }

  at(token: Token): Location {
    return { source: this.source, span: { start: token.start, end: token.end } };
  }

  /** From an offset to the end of the last token taken. */
  from(start: number): Location {
    const previous = this.tokens[this.index - 1];
    const end = previous === undefined || previous.end < start ? start : previous.end;
    return { source: this.source, span: { start, end } };
  }

  failDepth(): never {
    this.fail(this.at(this.token), `max nesting depth of ${NESTING_MAX} exceeded`, "split the expression into rules");
  }

  /** One more of what a list of the language's own may have so many of. */
  checkParts(count: number, what: string, hint: string): void {
    if (count >= PARTS_MAX) this.fail(this.at(this.token), `max ${what} of ${PARTS_MAX} exceeded`, hint);
  }

  /** The parser recursed further than this thread's stack reaches. */
  stackFault(): SyntaxFault {
    const message = `max nesting depth exceeded: below ${NESTING_MAX}, but more than the stack of this process holds`;
    return this.fault(this.at(this.token), message, "split the expression into rules");
  }

  /** What `parse` returns, or undefined and the cursor where it was; a place that failed as `what` isn't tried again. */
  attempt<T>(what: string, parse: () => T | undefined): T | undefined {
    const start = this.index;
    const key = `${what}@${start}`;
    if (this.#refuted.has(key)) return undefined;
    const reported = this.diagnostics.length;
    try {
      const result = parse();
      if (result !== undefined) return result;
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
    }
    this.#refuted.add(key);
    this.diagnostics.length = reported;
    this.returnTo(start);
    return undefined;
  }

  /**
   * The term here, parsed once: where what is around it may be read in two ways (a comprehension or a union; a body, a
   * group or a term), each of those inside one another would be read again by all around it. Kept are those that may
   * be asked for again: all where groups are tried, otherwise those in which something turned out to be another thing.
   */
  parseOnce(parse: (cursor: Cursor) => Term): Term {
    const start = this.index;
    const known = this.#terms.get(start);
    if (known !== undefined) {
      if (known.fault !== undefined) throw known.fault;
      for (const diagnostic of known.diagnostics) this.note(diagnostic);
      this.returnTo(known.end);
      return known.term;
    }
    const reported = this.diagnostics.length;
    const refuted = this.isLogical ? -1 : this.#refuted.size;
    try {
      const term = parse(this);
      if (this.#refuted.size > refuted) {
        this.#terms.set(start, { term, end: this.index, diagnostics: this.diagnostics.slice(reported) });
      }
      return term;
    } catch (fault) {
      if (fault instanceof SyntaxFault && this.#refuted.size > refuted) this.#terms.set(start, { fault });
      throw fault;
    }
  }

  isRefuted(index: number): boolean {
    return this.#refuted.has(`comprehension@${index}`);
  }

  /** The `|` at this token begins no comprehension. */
  refute(index: number): void {
    this.#refuted.add(`comprehension@${index}`);
  }

  /** What `parse` returns, or its fault; unlike `attempt` the caller says where to stand. */
  trial<T>(parse: () => T): { readonly result?: T; readonly fault?: SyntaxFault } {
    const reported = this.diagnostics.length;
    try {
      return { result: parse() };
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
      this.diagnostics.length = reported;
      return { fault };
    }
  }

  /** Stands on a token, mostly again where the cursor was before. */
  returnTo(index: number): void {
    this.index = index;
    this.token = this.#scanner.tokenAt(index);
  }

  /**
   * After a fault in the statement that began at `start`: skips to the next token behind the fault that
   * begins a line without indentation and could begin a statement.
   */
  resume(start: number, fault: Location): void {
    if (this.index <= start) this.take();
    while (this.token.kind !== "eof" && (this.token.start < fault.span.start || !this.#isStatementStart()))
      this.#skip();
  }

  #skip(): void {
    this.returnTo(this.#scanner.skip(this.index));
  }

  #isStatementStart(): boolean {
    const { token } = this;
    const isLineStart = token.start === 0 || this.source.text[token.start - 1] === "\n";
    return isLineStart && (token.kind === "ident" || token.kind === "keyword") && token.text !== "else";
  }
}

export function makeParseError(at: Location, message: string, hint?: string): Diagnostic {
  return { code: "rego_parse_error", severity: "error", message, at, ...(hint === undefined ? {} : { hint }) };
}
