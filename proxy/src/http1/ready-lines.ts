/** Field lines that are made once and written into many heads, with what the table of a head says of them. */
import { COLON, CR } from "./characters.ts";
import { knownField } from "./known-field.ts";

export type ReadyLines = {
  /** `name: value` CR LF, each; known to be valid, and to have no white space around the value but that one space. */
  readonly bytes: Uint8Array;
  /** LINE_SPAN numbers a line: name start, name end, value start, value end, its KnownField. */
  readonly spans: Int32Array;
};

export const LINE_SPAN = 5;

/** Values of the lines may change later on, so long as their lengths do not. */
export function readyLines(bytes: Uint8Array): ReadyLines {
  const spans: number[] = [];
  for (let line = 0; line < bytes.length; ) {
    const nameEnd = bytes.indexOf(COLON, line);
    const end = bytes.indexOf(CR, nameEnd);
    spans.push(line, nameEnd, nameEnd + 2, end, knownField(bytes, line, nameEnd));
    line = end + 2;
  }
  return { bytes, spans: Int32Array.from(spans) };
}
