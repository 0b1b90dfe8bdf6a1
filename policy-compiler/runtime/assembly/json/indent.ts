/** JSON over several lines, as Go's json.MarshalIndent prints it. */
import { putByte, putString, putText } from "../buffer";
import { burn } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { sortEntries } from "../value/compare";
import { entryCount } from "../value/entries";
import { objectKeyAt, objectValueAt } from "../value/object";
import { ARRAY, OBJECT, kindOf } from "../value/value";
import { HTML, textKeys, writeValue } from "./write";

let prefix: usize = 0;
let indent: usize = 0;

/** The text with each line but the first behind `lineStart` and as many `step`s as it is deep. */
export function writeIndented(buffer: usize, value: usize, lineStart: usize, step: usize): void {
  prefix = lineStart;
  indent = step;
  writeLines(buffer, value, 0);
}

function writeLines(buffer: usize, value: usize, depth: i32): void {
  const kind = kindOf(value);
  burn(1 + depth);
  if (kind < ARRAY) {
    writeValue(buffer, value, HTML);
    return;
  }
  const isObject = kind == OBJECT;
  const shown = isObject ? textKeys(value) : value;
  if (kind != ARRAY) sortEntries(shown);
  const length = kind == ARRAY ? arrayLen(shown) : entryCount(shown);
  putByte(buffer, isObject ? 0x7b : 0x5b);
  for (let i = 0; i < length; i++) {
    if (i > 0) putByte(buffer, 0x2c);
    newLine(buffer, depth + 1);
    if (isObject) {
      writeValue(buffer, objectKeyAt(shown, i), HTML);
      putText(buffer, ": ");
    }
    writeLines(buffer, kind == ARRAY ? arrayGet(shown, i) : objectValueAt(shown, i), depth + 1);
  }
  if (length > 0) newLine(buffer, depth);
  putByte(buffer, isObject ? 0x7d : 0x5d);
}

function newLine(buffer: usize, depth: i32): void {
  putByte(buffer, 0x0a);
  putString(buffer, prefix);
  for (let i = 0; i < depth; i++) putString(buffer, indent);
}
