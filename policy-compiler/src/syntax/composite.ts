/**
 * `[…]` and `{…}`: arrays, objects, sets and the comprehensions of each. A `|` behind the
 * first term begins a comprehension; only where that turns out wrong at a comma (`{a | b, c}`)
 * is it set union. One comma may stand in front of the first item, and one behind the last.
 */
import type { Body, Term } from "./ast.ts";
import { parseBody } from "./body.ts";
import { type Cursor, SyntaxFault } from "./cursor.ts";
import { lastOfEachKey } from "./object-entries.ts";
import { parseInfixAfter, parseItem, parseItems, parseTerm } from "./term.ts";

export function parseBrackets(cursor: Cursor): Term {
  const { start } = cursor.take();
  if (cursor.accept("]")) return { kind: "array", at: cursor.from(start), items: [] };
  const isList = cursor.accept(",") !== undefined;
  const head = parseTerm(cursor);
  const body = isList ? undefined : parseComprehensionBody(cursor, "]");
  if (body !== undefined) return { kind: "array-comprehension", at: cursor.from(start), value: head, body };
  const items = parseItems(cursor, "]", [parseInfixAfter(cursor, head)]);
  return { kind: "array", at: cursor.from(start), items };
}

export function parseBraces(cursor: Cursor): Term {
  const { start } = cursor.take();
  if (cursor.accept("}")) return { kind: "object", at: cursor.from(start), entries: [] };
  const isList = cursor.accept(",") !== undefined;
  const head = parseTerm(cursor);
  const body = isList ? undefined : parseComprehensionBody(cursor, "}");
  if (body !== undefined) return { kind: "set-comprehension", at: cursor.from(start), value: head, body };
  const first = parseInfixAfter(cursor, head);
  if (cursor.isAt(":")) return parseObject(cursor, start, { key: first, isList });
  const items = parseItems(cursor, "}", [first]);
  return { kind: "set", at: cursor.from(start), items };
}

type First = { readonly key: Term; readonly isList: boolean };

/** The rest of an object behind its first key. */
function parseObject(cursor: Cursor, start: number, { key: firstKey, isList }: First): Term {
  cursor.take();
  const firstValue = parseTerm(cursor);
  const body = isList ? undefined : parseComprehensionBody(cursor, "}");
  if (body !== undefined) {
    return { kind: "object-comprehension", at: cursor.from(start), key: firstKey, value: firstValue, body };
  }
  const entries: (readonly [Term, Term])[] = [[firstKey, parseInfixAfter(cursor, firstValue)]];
  while (!cursor.isAt("}")) {
    cursor.expect(",", "expected , or }");
    if (cursor.isAt("}")) break;
    const key = parseItem(cursor);
    cursor.expect(":", "expected :");
    entries.push([key, parseItem(cursor)]);
  }
  cursor.take();
  const kept = lastOfEachKey(entries, cursor.termKeys);
  const object = { kind: "object", at: cursor.from(start), entries: kept } as const;
  return kept.length === entries.length ? object : { ...object, written: entries };
}

/** `| body` and the closing mark, if the `|` here begins a comprehension. */
function parseComprehensionBody(cursor: Cursor, end: "]" | "}"): Body | undefined {
  if (!cursor.isAt("|")) return undefined;
  const { index } = cursor;
  if (cursor.isRefuted(index)) return undefined;
  const reported = cursor.diagnostics.length;
  try {
    cursor.take();
    const body = parseBody(cursor, end);
    cursor.take();
    return body;
  } catch (fault) {
    if (!(fault instanceof SyntaxFault) || !cursor.isAt(",")) throw fault;
    cursor.diagnostics.length = reported;
    cursor.refute(index);
    cursor.returnTo(index);
    return undefined;
  }
}
