/** Bodies: literals with `;` or a line end between them. */
import type { Body, Expr } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import type { Token } from "./token.ts";

/** Up to the closing mark, which is left to the caller. */
export function parseBody(cursor: Cursor, end: "]" | "}" | "eof"): Body {
  if (isAtEnd(cursor.token, end)) cursor.fail(cursor.at(cursor.token), "found empty body");
  const body: Expr[] = [];
  while (true) {
    cursor.checkParts(body.length, "expressions in a body", "split the body into rules");
    body.push(cursor.grammar.parseLiteral(cursor));
    const { token } = cursor;
    if (token.kind === "punct" && token.text === ";") cursor.take();
    else if (isAtEnd(token, end)) return body.slice();
    else if (!token.newlineBefore) cursor.failHere(`expected \\n or ; or ${end}`);
  }
}

function isAtEnd({ kind, text }: Token, end: "]" | "}" | "eof"): boolean {
  return kind === "punct" ? text === end : kind === "eof" && end === "eof";
}

/** `{ … }` with its braces. */
export function parseBracedBody(cursor: Cursor): Body {
  cursor.expect("{", "expected {");
  const body = parseBody(cursor, "}");
  cursor.take();
  return body;
}
