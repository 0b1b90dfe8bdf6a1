/** Bodies: literals with `;` or a line end between them. */
import type { Body, Expr } from "./ast.ts";
import type { Cursor } from "./cursor.ts";

/** Up to the closing mark, which is left to the caller. */
export function parseBody(cursor: Cursor, end: "]" | "}" | "eof"): Body {
  const isEnd = () => (end === "eof" ? cursor.isKind("eof") : cursor.isAt(end));
  if (isEnd()) cursor.fail(cursor.at(cursor.token), "found empty body");
  const body: Expr[] = [];
  while (true) {
    body.push(cursor.grammar.parseLiteral(cursor));
    if (cursor.accept(";")) continue;
    if (isEnd()) return body;
    if (!cursor.token.newlineBefore) cursor.failHere(`expected \\n or ; or ${end}`);
  }
}

/** `{ … }` with its braces. */
export function parseBracedBody(cursor: Cursor): Body {
  cursor.expect("{", "expected {");
  const body = parseBody(cursor, "}");
  cursor.take();
  return body;
}
