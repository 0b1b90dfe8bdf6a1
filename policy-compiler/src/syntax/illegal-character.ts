/** Characters that no Rego text may have, not even in a comment: OPA refuses each of them wherever it stands. */
import type { Diagnostic, Source } from "@regomesh/base";
import { makeParseError } from "./cursor.ts";

const BYTE_ORDER_MARK = "\uFEFF";

type Illegal = { readonly offset: number; readonly message: string; readonly hint: string };

/** The first of them; a byte order mark may begin the text. */
export function findIllegalCharacter(source: Source): Diagnostic | undefined {
  const { text, illegalAt = -1 } = source;
  const found: readonly Illegal[] = [
    { offset: illegalAt, message: "illegal utf-8 character", hint: "save the file as UTF-8" },
    { offset: text.indexOf("\0"), message: "illegal null character", hint: "in a string write \\u0000" },
    {
      ...{ offset: text.indexOf(BYTE_ORDER_MARK, 1), message: "illegal byte-order mark" },
      hint: "it may begin a file and nothing else; in a string write \\ufeff",
    },
  ];
  const [first] = found.filter(({ offset }) => offset >= 0).sort((a, b) => a.offset - b.offset);
  if (first === undefined) return undefined;
  const at = { source, span: { start: first.offset, end: first.offset + 1 } };
  return makeParseError(at, first.message, first.hint);
}
