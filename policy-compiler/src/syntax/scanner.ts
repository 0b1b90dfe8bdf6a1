/**
 * Text to tokens, in one pass and without recursion: template strings keep a stack of the
 * braces that are open, so that the text after `}` is template text again. A token is scanned
 * when it is asked for: what stands behind a fault that ends parsing takes neither time nor memory.
 */
import type { Location, Source } from "@regomesh/base";
import type { Comment } from "./ast.ts";
import { isNumberTooBig } from "./number-literal.ts";
import { unescapeString } from "./string-literal.ts";
import { KEYWORDS, type Token, type TokenKind } from "./token.ts";

/** A template string that is open: its closing quote, and the braces open inside the present `{…}`. */
type OpenTemplate = { readonly quote: '"' | "`"; braces: number };

const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PUNCTUATION = /:=|==|!=|<=|>=|[=<>+\-*/%&|,;.:()[\]{}]/y;

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

export class Scanner {
  /** Those scanned so far; the last of all is `eof`. */
  readonly tokens: Token[] = [];
  readonly comments: Comment[] = [];
  readonly #source: Source;
  readonly #text: string;
  #keywords: ReadonlySet<string>;
  readonly #templates: OpenTemplate[] = [];
  #offset = 0;
  #before: Token | undefined;
  #newlineBefore = false;
  #spaceBefore = false;

  constructor(source: Source, keywords: ReadonlySet<string> = KEYWORDS) {
    this.#source = source;
    this.#keywords = keywords;
    this.#text = source.text;
    if (this.#text.startsWith("\uFEFF")) this.#offset = 1;
  }

  /** The token at an index, `eof` for those behind the end. */
  tokenAt(index: number): Token {
    for (;;) {
      const token = this.tokens[index];
      if (token !== undefined) return token;
      if (this.#before?.kind === "eof") return this.#before;
      this.#scanNext();
    }
  }

  /** The index of the token behind one that nobody asks for again: its own, where nothing is scanned behind it yet. */
  skip(index: number): number {
    if (index < this.tokens.length - 1) return index + 1;
    this.tokens.pop();
    this.#scanNext();
    return index;
  }

  /** These words are keywords from the token at an index on. */
  addKeywords(words: ReadonlySet<string>, from: number): void {
    this.#keywords = new Set([...this.#keywords, ...words]);
    for (let i = from; i < this.tokens.length; i++) {
      const token = this.tokens[i] as Token;
      if (token.kind !== "ident" || !words.has(token.text)) continue;
      if (!isKeywordHere(this.#text, token.start, token.text, this.tokens[i - 1])) continue;
      this.tokens[i] = { ...token, kind: "keyword" };
    }
  }

  #scanNext(): void {
    this.#skipSpace();
    if (this.#offset < this.#text.length) this.#scanToken();
    else this.#push("eof", this.#text.length, this.#text.length);
  }

  #skipSpace() {
    while (this.#offset < this.#text.length) {
      const c = this.#text[this.#offset];
      if (c === "\n") {
        this.#offset++;
        this.#newlineBefore = true;
      } else if (c === "#") {
        const end = this.#lineEnd(this.#offset);
        const text = this.#text.slice(this.#offset + 1, end).replace(/\r$/, "");
        this.comments.push({ at: this.#at(this.#offset, end), text });
        this.#offset = end;
      } else {
        if (c !== " " && c !== "\t" && c !== "\r") return;
        this.#offset++;
      }
      this.#spaceBefore = true;
    }
  }

  #scanToken() {
    const start = this.#offset;
    const c = this.#text[start] as string;
    if (c === '"') return this.#scanString(start);
    if (c === "`") return this.#scanRawString(start);
    if (c === "$" && (this.#text[start + 1] === '"' || this.#text[start + 1] === "`")) return this.#openTemplate(start);
    const word = this.#match(IDENT);
    if (word !== undefined) {
      const isKeyword = this.#keywords.has(word) && isKeywordHere(this.#text, start, word, this.#before);
      return this.#pushText(isKeyword ? "keyword" : "ident", start, word);
    }
    if (c >= "0" && c <= "9") return this.#scanNumber(start);
    const mark = this.#match(PUNCTUATION);
    if (mark === undefined) {
      return this.#push("illegal", start, start + String.fromCodePoint(this.#text.codePointAt(start) ?? 0).length);
    }
    const template = this.#templates.at(-1);
    if (template !== undefined && mark === "{") template.braces++;
    if (template !== undefined && mark === "}") {
      if (template.braces === 0) {
        this.#push("template-close", start, start + 1);
        return this.#scanTemplateText();
      }
      template.braces--;
    }
    this.#pushText("punct", start, mark);
  }

  #scanNumber(start: number) {
    const digits = this.#match(NUMBER) ?? "";
    let end = start + digits.length;
    // `1.` and `1.a` are no numbers, and nothing is a part of one.
    if (!/[0-9A-Za-z_.]/.test(this.#text[end] ?? "")) {
      if (isNumberTooBig(digits)) return this.#push("illegal", start, end, "number too big");
      return this.#push("number", start, end);
    }
    while (/[0-9A-Za-z_.]/.test(this.#text[end] ?? "")) end++;
    this.#push("illegal", start, end, "illegal number format");
  }

  #scanString(start: number) {
    const end = this.#quoteEnd(start + 1);
    if (end === undefined) {
      return this.#push("illegal", start, this.#lineEnd(start), "non-terminated string");
    }
    const literal = unescapeString(this.#text.slice(start + 1, end), false);
    if ("fault" in literal) return this.#push("illegal", start, end + 1, literal.fault);
    this.#push("string", start, end + 1, literal.value);
  }

  #scanRawString(start: number) {
    const end = this.#text.indexOf("`", start + 1);
    if (end < 0) return this.#push("illegal", start, this.#text.length, "non-terminated string");
    this.#push("string", start, end + 1, this.#text.slice(start + 1, end).toWellFormed());
  }

  /** The offset of the quote that ends a string on its own line. */
  #quoteEnd(from: number): number | undefined {
    for (let i = from; i < this.#text.length; i++) {
      const c = this.#text[i];
      if (c === '"') return i;
      if (c === "\n") return undefined;
      if (c === "\\") i++;
    }
    return undefined;
  }

  #openTemplate(start: number) {
    this.#templates.push({ quote: this.#text[start + 1] as '"' | "`", braces: 0 });
    this.#push("template-start", start, start + 2);
    this.#scanTemplateText();
  }

  /** Template text up to an expression or to the closing quote. */
  #scanTemplateText() {
    const { quote } = this.#templates.at(-1) as OpenTemplate;
    const start = this.#offset;
    let end = start;
    for (; end < this.#text.length; end++) {
      const c = this.#text[end];
      if (c === quote || c === "{") break;
      if (c === "\n" && quote === '"') break;
      if (c === "\\" && (quote === '"' || this.#text[end + 1] === "{")) end++;
    }
    const stop = this.#text[end];
    if (stop !== quote && stop !== "{") {
      this.#templates.pop();
      return this.#push("illegal", start, Math.min(end, this.#text.length), "non-terminated string");
    }
    if (end > start) this.#pushTemplateText(start, end, quote);
    if (stop === "{") return this.#push("template-open", end, end + 1);
    this.#templates.pop();
    this.#push("template-end", end, end + 1);
  }

  #pushTemplateText(start: number, end: number, quote: string) {
    const text = this.#text.slice(start, end);
    if (quote === "`") {
      return this.#push("template-text", start, end, text.replaceAll("\\{", "{").toWellFormed());
    }
    const literal = unescapeString(text, true);
    if ("fault" in literal) return this.#push("illegal", start, end, literal.fault);
    this.#push("template-text", start, end, literal.value);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    return pattern.test(this.#text) ? this.#text.slice(this.#offset, pattern.lastIndex) : undefined;
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf("\n", from);
    return end < 0 ? this.#text.length : end;
  }

  #push(kind: TokenKind, start: number, end: number, value = "") {
    const said = kind === "illegal" && value === "" ? "illegal token" : value;
    this.#pushText(kind, start, this.#text.slice(start, end), said);
  }

  #pushText(kind: TokenKind, start: number, text: string, value = "") {
    const end = start + text.length;
    const newlineBefore = this.#newlineBefore;
    const spaceBefore = this.#spaceBefore;
    this.#before = { kind, text, start, end, newlineBefore, spaceBefore, value };
    this.tokens.push(this.#before);
    this.#newlineBefore = false;
    this.#spaceBefore = false;
    this.#offset = end;
  }

  #at(start: number, end: number): Location {
    return { source: this.#source, span: { start, end } };
  }
}
