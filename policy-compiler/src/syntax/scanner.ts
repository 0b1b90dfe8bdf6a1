/**
 * Text to tokens, in one pass and without recursion: template strings keep a stack of the
 * braces that are open, so that the text after `}` is template text again. Tokens are scanned
 * a few ahead of the one that is asked for: what stands behind a fault that ends parsing takes neither time nor memory.
 */
import type { Source } from "@regomesh/base";
import type { Comment } from "./ast.ts";
import { NESTING_MAX } from "./limits.ts";
import { isNumberTooBig } from "./number-literal.ts";
import { unescapeString } from "./string-literal.ts";
import { KEYWORDS, type Token, type TokenKind } from "./token.ts";

/** A template string that is open: its closing quote, and the braces open inside the present `{…}`. */
type OpenTemplate = { readonly quote: '"' | "`"; braces: number };

const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** What the first 128 characters may be. */
const NAME_START = 1;
const NAME_PART = 2;
const CLASSES = new Uint8Array(128);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
  CLASSES[c.charCodeAt(0)] = NAME_START | NAME_PART;
for (const c of "0123456789") CLASSES[c.charCodeAt(0)] = NAME_PART;

/** Marks of one character, by its code, and those that a `=` makes another mark of, by theirs. */
const MARKS = new Array<string | undefined>(128).fill(undefined);
for (const c of "=<>+-*/%&|,;.:()[]{}") MARKS[c.charCodeAt(0)] = c;
const MARKS_WITH_EQUALS = new Array<string | undefined>(128).fill(undefined);
for (const c of ":=!<>") MARKS_WITH_EQUALS[c.charCodeAt(0)] = `${c}=`;

const TAB = 9;
const LINE_END = 10;
const RETURN = 13;
const BLANK = 32;
const QUOTE = 34;
const HASH = 35;
const ZERO = 48;
const NINE = 57;
const EQUALS = 61;

/**
 * Whether a keyword's word is one here, or a name: it is a name behind a dot (`input.not`), and at the
 * beginning of a line, where a statement begins, with a dot or bracket right behind it (`if.foo := 1`).
 */
function isKeywordHere(text: string, start: number, word: string, before: Token | undefined): boolean {
  if (before !== undefined && before.end === start && before.kind === "punct" && before.text === ".") return false;
  const isLineStart = start === 0 || text[start - 1] === "\n";
  const next = text[start + word.length];
  return !(isLineStart && (next === "." || next === "["));
}

/** Tokens scanned at once: a call for each is more than the scanning of most. */
const AHEAD = 64;

/** Its fields are hidden by name alone: a look-up of a `#` one costs more until a compiler has made it fast. */
export class Scanner {
  /** Those scanned so far; the last of all is `eof`. */
  readonly tokens: Token[] = [];
  readonly comments: Comment[] = [];
  private readonly source: Source;
  private readonly text: string;
  private keywords: ReadonlySet<string>;
  private readonly templates: OpenTemplate[] = [];
  private offset = 0;
  private before: Token | undefined;
  private newlineBefore = false;
  private spaceBefore = false;

  constructor(source: Source, keywords: ReadonlySet<string> = KEYWORDS) {
    this.source = source;
    this.keywords = keywords;
    this.text = source.text;
    if (this.text.startsWith("\uFEFF")) this.offset = 1;
  }

  /** The token at an index, `eof` for those behind the end. */
  tokenAt(index: number): Token {
    for (;;) {
      const token = this.tokens[index];
      if (token !== undefined) return token;
      if (this.before?.kind === "eof") return this.before;
      this.scan(AHEAD);
    }
  }

  /** The index of the token behind one that nobody asks for again: its own, where nothing is scanned behind it yet. */
  skip(index: number): number {
    if (index < this.tokens.length - 1) return index + 1;
    this.tokens.pop();
    this.scan(1);
    return index;
  }

  /** These words are keywords from the token at an index on. */
  addKeywords(words: ReadonlySet<string>, from: number): void {
    this.keywords = new Set([...this.keywords, ...words]);
    for (let i = from; i < this.tokens.length; i++) {
      const token = this.tokens[i] as Token;
      if (token.kind !== "ident" || !words.has(token.text)) continue;
      if (!isKeywordHere(this.text, token.start, token.text, this.tokens[i - 1])) continue;
      this.tokens[i] = { ...token, kind: "keyword" };
    }
  }

  /** So many tokens more, or some beyond, if the text has them. Names, marks and plain strings, which are most of it, are read here: nothing is called for one. */
  private scan(count: number): void {
    const { text, tokens, keywords } = this;
    const last = tokens.length + count;
    while (tokens.length < last) {
      let start = this.offset;
      let code = text.charCodeAt(start);
      while (code === BLANK || code === LINE_END || code === TAB || code === RETURN) {
        if (code === LINE_END) this.newlineBefore = true;
        this.spaceBefore = true;
        code = text.charCodeAt(++start);
      }
      this.offset = start;
      if (start >= text.length) {
        this.push("eof", text.length, text.length);
        return;
      }
      if (code === HASH) {
        this.scanComment(start);
        continue;
      }
      let kind: TokenKind = "punct";
      let word: string | undefined;
      let value = "";
      let end = start + 1;
      if (code === QUOTE) {
        end = text.indexOf('"', end);
        const inside = text.slice(start + 1, end);
        if (end < 0 || inside.includes("\\") || inside.includes("\n")) {
          this.scanString(start);
          continue;
        }
        kind = "string";
        word = text.slice(start, ++end);
        value = inside.toWellFormed();
      } else if (code < 128 && CLASSES[code] === (NAME_START | NAME_PART)) {
        for (code = text.charCodeAt(end); code < 128 && CLASSES[code] !== 0; ) code = text.charCodeAt(++end);
        word = text.slice(start, end);
        const isKeyword = keywords.has(word) && isKeywordHere(text, start, word, this.before);
        kind = isKeyword ? "keyword" : "ident";
      } else if (code < 128) {
        word = text.charCodeAt(end) === EQUALS ? MARKS_WITH_EQUALS[code] : undefined;
        if (word === undefined) word = MARKS[code];
        else end++;
        if (word !== undefined && this.templates.length > 0 && this.endsTemplateValue(word, start)) continue;
      }
      if (word === undefined) {
        this.scanOther(start, code);
        continue;
      }
      const { newlineBefore, spaceBefore } = this;
      const token: Token = { kind, text: word, start, end, newlineBefore, spaceBefore, value };
      tokens.push(token);
      this.before = token;
      this.newlineBefore = false;
      this.spaceBefore = false;
      this.offset = end;
    }
  }

  private scanComment(start: number) {
    const end = this.lineEnd(start);
    const text = this.text.slice(start + 1, end).replace(/\r$/, "");
    this.comments.push({ at: { source: this.source, span: { start, end } }, text });
    this.offset = end;
    this.spaceBefore = true;
  }

  /** Numbers, raw strings, template strings, and what no token can be. */
  private scanOther(start: number, code: number) {
    const c = this.text[start];
    if (c === "`") return this.scanRawString(start);
    if (c === "$" && (this.text[start + 1] === '"' || this.text[start + 1] === "`")) return this.openTemplate(start);
    if (code >= ZERO && code <= NINE) return this.scanNumber(start);
    this.push("illegal", start, start + String.fromCodePoint(this.text.codePointAt(start) ?? 0).length);
  }

  /** Counts the braces in a template string's `{…}`; where the last one closes, the text behind it is the template's again. */
  private endsTemplateValue(mark: string, start: number): boolean {
    const template = this.templates.at(-1) as OpenTemplate;
    if (mark === "{") template.braces++;
    if (mark !== "}") return false;
    if (template.braces > 0) {
      template.braces--;
      return false;
    }
    this.push("template-close", start, start + 1);
    this.scanTemplateText();
    return true;
  }

  private scanNumber(start: number) {
    NUMBER.lastIndex = start;
    const digits = NUMBER.exec(this.text)?.[0] ?? "";
    let end = start + digits.length;
    // `1.` and `1.a` are no numbers, and nothing is a part of one.
    if (!/[0-9A-Za-z_.]/.test(this.text[end] ?? "")) {
      if (isNumberTooBig(digits)) return this.push("illegal", start, end, "number too big");
      return this.push("number", start, end);
    }
    while (/[0-9A-Za-z_.]/.test(this.text[end] ?? "")) end++;
    this.push("illegal", start, end, "illegal number format");
  }

  private scanString(start: number) {
    const end = this.quoteEnd(start + 1);
    if (end === undefined) {
      return this.push("illegal", start, this.lineEnd(start), "non-terminated string");
    }
    const literal = unescapeString(this.text.slice(start + 1, end), false);
    if ("fault" in literal) return this.push("illegal", start, end + 1, literal.fault);
    this.push("string", start, end + 1, literal.value);
  }

  private scanRawString(start: number) {
    const end = this.text.indexOf("`", start + 1);
    if (end < 0) return this.push("illegal", start, this.text.length, "non-terminated string");
    this.push("string", start, end + 1, this.text.slice(start + 1, end).toWellFormed());
  }

  /** The offset of the quote that ends a string on its own line. */
  private quoteEnd(from: number): number | undefined {
    for (let i = from; i < this.text.length; i++) {
      const c = this.text[i];
      if (c === '"') return i;
      if (c === "\n") return undefined;
      if (c === "\\") i++;
    }
    return undefined;
  }

  /** So many inside one another that no parser takes them end the text: the stack of those that are open has a limit, too. */
  private openTemplate(start: number) {
    if (this.templates.length >= NESTING_MAX) {
      return this.push("illegal", start, this.text.length, `max nesting depth of ${NESTING_MAX} exceeded`);
    }
    this.templates.push({ quote: this.text[start + 1] as '"' | "`", braces: 0 });
    this.push("template-start", start, start + 2);
    this.scanTemplateText();
  }

  /** Template text up to an expression or to the closing quote. */
  private scanTemplateText() {
    const { quote } = this.templates.at(-1) as OpenTemplate;
    const start = this.offset;
    let end = start;
    for (; end < this.text.length; end++) {
      const c = this.text[end];
      if (c === quote || c === "{") break;
      if (c === "\n" && quote === '"') break;
      if (c === "\\" && (quote === '"' || this.text[end + 1] === "{")) end++;
    }
    const stop = this.text[end];
    if (stop !== quote && stop !== "{") {
      this.templates.pop();
      return this.push("illegal", start, Math.min(end, this.text.length), "non-terminated string");
    }
    if (end > start) this.pushTemplateText(start, end, quote);
    if (stop === "{") return this.push("template-open", end, end + 1);
    this.templates.pop();
    this.push("template-end", end, end + 1);
  }

  private pushTemplateText(start: number, end: number, quote: string) {
    const text = this.text.slice(start, end);
    if (quote === "`") {
      return this.push("template-text", start, end, text.replaceAll("\\{", "{").toWellFormed());
    }
    const literal = unescapeString(text, true);
    if ("fault" in literal) return this.push("illegal", start, end, literal.fault);
    this.push("template-text", start, end, literal.value);
  }

  private lineEnd(from: number): number {
    const end = this.text.indexOf("\n", from);
    return end < 0 ? this.text.length : end;
  }

  private push(kind: TokenKind, start: number, end: number, value = "") {
    const { newlineBefore, spaceBefore } = this;
    const said = kind === "illegal" && value === "" ? "illegal token" : value;
    this.before = { kind, text: this.text.slice(start, end), start, end, newlineBefore, spaceBefore, value: said };
    this.tokens.push(this.before);
    this.newlineBefore = false;
    this.spaceBefore = false;
    this.offset = end;
  }
}
