/** The words of Rego, as the scanner hands them to the parser. */
export type TokenKind =
  | "ident"
  | "keyword"
  | "number"
  | "string"
  | "punct"
  /** `$"` or `` $` ``; then `template-text` and `template-open … template-close` in turn, then `template-end`. */
  | "template-start"
  | "template-text"
  | "template-open"
  | "template-close"
  | "template-end"
  /** What no token can be; `value` says why. */
  | "illegal"
  | "eof";

export type Token = {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A line ended between this token and the one before. */
  readonly newlineBefore: boolean;
  /** Blanks, a comment or a line end stand before it. */
  readonly spaceBefore: boolean;
  /** Strings and template texts: what they mean. Illegal tokens: what is wrong. */
  readonly value: string;
};

/** `contains` is not among them: only rule heads know it. `and` and `or` are keywords where imported. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  "as",
  "default",
  "else",
  "every",
  "false",
  "if",
  "import",
  "in",
  "not",
  "null",
  "package",
  "some",
  "true",
  "with",
]);

/** How a message calls a token: `identifier token`, `true keyword`, `} token`. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case "ident":
      return token.text === "contains" ? "contains keyword" : "identifier token";
    case "keyword":
      return `${token.text} keyword`;
    case "punct":
      return `${token.text} token`;
    case "number":
      return "number token";
    case "string":
      return "string token";
    case "template-start":
    case "template-text":
    case "template-end":
      return "template-string token";
    case "template-open":
      return "{ token";
    case "template-close":
      return "} token";
    case "illegal":
      return "illegal token";
    case "eof":
      return "eof token";
  }
}
