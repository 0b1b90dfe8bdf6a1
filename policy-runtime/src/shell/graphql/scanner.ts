/** GraphQL's tokens as gqlparser takes them, comments among them, places in code points from 1. */
export type TokenKind =
  | "<EOF>"
  | "!"
  | "$"
  | "&"
  | "("
  | ")"
  | "..."
  | ":"
  | "="
  | "@"
  | "["
  | "]"
  | "{"
  | "}"
  | "|"
  | "Name"
  | "Int"
  | "Float"
  | "String"
  | "BlockString"
  | "Comment";

export type Place = { readonly line: number; readonly column: number };
export type Token = Place & { readonly kind: TokenKind; readonly value: string };

export class GraphqlError extends Error {
  override readonly name = "GraphqlError";

  constructor(message: string, { line, column }: Place) {
    super(`${message} in GraphQL string at location ${line}:${column}`);
  }
}

const SIGNS: ReadonlySet<string> = new Set(["!", "$", "&", "(", ")", ":", "=", "@", "[", "]", "{", "}", "|"]);
const NAME = /[_A-Za-z][_0-9A-Za-z]*/y;
const NUMBER = /-?(?:0(?![0-9])|[1-9][0-9]*)(?<fraction>\.[0-9]+)?(?<exponent>[eE][+-]?[0-9]+)?(?!\.)(?![eE])/y;
const SKIPPED = /[\t ,\ufeff]+/y;
const COMMENT = /#[^\0-\x08\x0a-\x1f]*/y;
const STRING = /"((?:[^"\\\0-\x08\x0a-\x1f]|\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt]))*)"/y;

/** Gives one token after the other, `<EOF>` at the end. Throws GraphqlError. */
export class Scanner {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skip();
    const letter = this.#text[this.#at];
    if (letter === undefined) return this.#token("<EOF>", "", 0);
    if (SIGNS.has(letter)) return this.#token(letter as TokenKind, "", 1);
    if (this.#text.startsWith("...", this.#at)) return this.#token("...", "", 3);
    if (letter === "#") return this.#written("Comment", COMMENT);
    if (/[_A-Za-z]/.test(letter)) return this.#written("Name", NAME);
    if (/[-0-9]/.test(letter)) return this.#number();
    if (this.#text.startsWith('"""', this.#at)) return this.#blockString();
    if (letter === '"') return this.#string();
    if (letter < " ") this.#fail(`Cannot contain the invalid character "\\u${hex4(letter)}"`);
    if (letter === "'") {
      this.#fail(`Unexpected single quote character ('), did you mean to use a double quote (")?`);
    }
    this.#fail(
      `Cannot parse the unexpected character "${String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)}".`,
    );
  }

  #skip(): void {
    for (;;) {
      this.#at += matchAt(SKIPPED, this.#text, this.#at)?.[0].length ?? 0;
      const letter = this.#text[this.#at];
      if (letter !== "\n" && letter !== "\r") return;
      this.#at += letter === "\r" && this.#text[this.#at + 1] === "\n" ? 2 : 1;
      this.#newLine();
    }
  }

  #newLine(): void {
    this.#line++;
    this.#lineStart = this.#at;
  }

  #placeOf(at: number): Place {
    return { line: this.#line, column: [...this.#text.slice(this.#lineStart, at)].length + 1 };
  }

  #token(kind: TokenKind, value: string, length: number): Token {
    const token = { kind, value, ...this.#placeOf(this.#at) };
    this.#at += length;
    return token;
  }

  #written(kind: TokenKind, pattern: RegExp): Token {
    const text = matchAt(pattern, this.#text, this.#at)?.[0] ?? "";
    return this.#token(kind, text, text.length);
  }

  #number(): Token {
    const found = matchAt(NUMBER, this.#text, this.#at);
    if (found === undefined) this.#fail("Invalid number, expected digit");
    const isFloat = found.groups?.["fraction"] !== undefined || found.groups?.["exponent"] !== undefined;
    return this.#token(isFloat ? "Float" : "Int", found[0], found[0].length);
  }

  #string(): Token {
    const found = matchAt(STRING, this.#text, this.#at);
    if (found === undefined) this.#fail("Unterminated string.");
    return this.#token("String", withoutEscapes(found[1] ?? ""), found[0].length);
  }

  #blockString(): Token {
    const place = this.#placeOf(this.#at);
    this.#at += 3;
    let raw = "";
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined) this.#fail("Unterminated string.");
      const quotes = matchAt(/"{3,}/y, this.#text, this.#at)?.[0];
      if (quotes !== undefined) {
        this.#at += quotes.length;
        return { kind: "BlockString", value: dedent(raw + quotes.slice(3)), ...place };
      }
      if (/[\0-\x08\x0b\x0c\x0e-\x1f]/.test(letter))
        this.#fail(`Invalid character within String: "\\u${hex4(letter)}".`);
      if (this.#text.startsWith('\\"""', this.#at)) {
        raw += '"""';
        this.#at += 4;
      } else if (letter === "\n" || letter === "\r") {
        this.#at += letter === "\r" && this.#text[this.#at + 1] === "\n" ? 2 : 1;
        this.#newLine();
        raw += "\n";
      } else {
        raw += letter;
        this.#at++;
      }
    }
  }

  #fail(message: string): never {
    throw new GraphqlError(message, this.#placeOf(this.#at));
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function hex4(letter: string): string {
  return letter.charCodeAt(0).toString(16).padStart(4, "0");
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Each escape is a code point of its own: half of a surrogate pair is none, and becomes U+FFFD. */
function withoutEscapes(text: string): string {
  return text.replace(/\\(?:u(....)|(.))/g, (_, hex: string | undefined, letter: string) => {
    if (hex === undefined) return ESCAPES[letter] ?? letter;
    const code = Number.parseInt(hex, 16);
    return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCharCode(code);
  });
}

/** The indentation that all lines share taken off all but the first, and empty lines off both ends. */
function dedent(raw: string): string {
  const lines = raw.split("\n");
  const indents = lines.map((line) => line.search(/[^ \t]/)).filter((indent) => indent >= 0);
  const common = Math.min(...indents);
  const shifted = indents.length === 0 ? lines : lines.map((line, i) => (i === 0 ? line : line.slice(common)));
  const isBlank = (line: string | undefined) => line !== undefined && !/[^ \t]/.test(line);
  let start = 0;
  let end = shifted.length;
  while (start < end && isBlank(shifted[start])) start++;
  while (start < end && isBlank(shifted[end - 1])) end--;
  return shifted.slice(start, end).join("\n");
}
