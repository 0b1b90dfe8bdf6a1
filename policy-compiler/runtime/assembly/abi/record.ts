/**
 * A policy's value as the record of a decision (policy-runtime/src/layout/record-shape.ts, which
 * says what each cell holds): every field of the shape at its place, so that the host reads
 * what it wants without JSON. What does not fit is said in its cell; nothing here is refused.
 */
import { holdFuel, releaseFuel } from "../failure";
import { dumpText } from "../json/write";
import {
  CELL_BYTES, CELL_FLAG, CELL_NUMBER, CELL_OBJECT, CELL_PAIRS, CELL_RECORD, CELL_RECORDS, CELL_TARGETS, CELL_TEXT,
  CELL_TEXTS, CELL_WRONG, NUMBER_ABSENT, NUMBER_WRONG, SHAPE_NAMES, SHAPE_ROOTS, SHAPE_WORDS,
} from "../layout";
import { alloc, allocZeroed } from "../memory";
import { toDouble } from "../number/number";
import { scanLength, scanValue } from "../value/access";
import { equalBytes } from "../value/bytes";
import { objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { ARRAY, BOOLEAN, NUMBER, OBJECT, SET, STRING, isTrue, kindOf, stringLen, stringPtr } from "../value/value";

/** The cell that holds `value` as number `root` of ROOTS has it. */
export function rm_record(value: usize, root: i32): usize {
  holdFuel();
  const cell = allocZeroed(CELL_BYTES);
  put(cell, load<u32>(SHAPE_ROOTS + (<usize>root << 2)), value);
  releaseFuel();
  return cell;
}

/** Fills a cell; `type` is {CellType | place of its shape << 8}. */
function put(cell: usize, type: u32, value: usize): void {
  const shape = SHAPE_WORDS + (<usize>(type >>> 8) << 2);
  const kind = kindOf(value);
  switch (type & 0xff) {
    case CELL_FLAG:
      if (kind == BOOLEAN) store<u32>(cell, isTrue(value) ? 2 : 1);
      else putWrong(cell, value);
      return;
    case CELL_TEXT:
      putText(cell, value);
      return;
    case CELL_NUMBER:
      if (kind == NUMBER) store<f64>(cell, toDouble(value));
      else {
        store<u32>(cell, <u32>value);
        store<u32>(cell, NUMBER_WRONG, 4);
      }
      return;
    case CELL_TEXTS:
      if (isList(kind)) putTexts(cell, value);
      else putWrong(cell, value);
      return;
    case CELL_PAIRS:
      putPairs(cell, value);
      return;
    case CELL_RECORD:
      if (kind == OBJECT) putList(cell, fill(newRecords(shape, 1), shape, value), 1);
      else putWrong(cell, value);
      return;
    case CELL_TARGETS:
      if (kind == STRING) {
        const record = newRecords(shape, 1);
        putText(record + CELL_BYTES, value);
        putList(cell, record, 1);
        return;
      }
    // falls through
    case CELL_RECORDS:
      if (isList(kind)) putRecords(cell, shape, value);
      else putWrong(cell, value);
      return;
    case CELL_OBJECT:
      if (kind == OBJECT) store<u32>(cell, <u32>value);
      else putWrong(cell, value);
  }
}

function isList(kind: u32): bool {
  return kind == ARRAY || kind == SET;
}

function putWrong(cell: usize, value: usize): void {
  store<u32>(cell, CELL_WRONG);
  store<u32>(cell, <u32>value, 4);
}

function putList(cell: usize, at: usize, count: i32): void {
  store<u32>(cell, <u32>at);
  store<u32>(cell, <u32>count, 4);
}

function putText(cell: usize, value: usize): void {
  if (kindOf(value) == STRING) putList(cell, stringPtr(value), stringLen(value));
  else putWrong(cell, value);
}

function putTexts(cell: usize, list: usize): void {
  const count = scanLength(list);
  const at = alloc(CELL_BYTES * <usize>count + CELL_BYTES);
  for (let i = 0; i < count; i++) putText(at + CELL_BYTES * <usize>i, scanValue(list, i));
  putList(cell, at, count);
}

function putRecords(cell: usize, shape: usize, list: usize): void {
  const count = scanLength(list);
  const at = newRecords(shape, count);
  const bytes = recordBytes(shape);
  for (let i = 0; i < count; i++) {
    const member = scanValue(list, i);
    const record = at + bytes * <usize>i;
    if (kindOf(member) == OBJECT) fill(record, shape, member);
    else putWrong(record, member);
  }
  putList(cell, at, count);
}

/** Pairs of an object whose values are strings or lists of strings, or of a list of such objects. */
function putPairs(cell: usize, value: usize): void {
  const count = pairCount(value);
  const at = alloc(2 * CELL_BYTES * <usize>count + CELL_BYTES);
  const kind = kindOf(value);
  if (kind != OBJECT && !isList(kind)) putWrong(cell, value);
  else {
    writePairs(at, value);
    putList(cell, at, count);
  }
}

function pairCount(value: usize): i32 {
  let count = 0;
  if (kindOf(value) == OBJECT) {
    const length = objectLen(value);
    for (let i = 0; i < length; i++) {
      const content = objectValueAt(value, i);
      count += isList(kindOf(content)) ? scanLength(content) : 1;
    }
    return count;
  }
  if (!isList(kindOf(value))) return 1;
  const length = scanLength(value);
  for (let i = 0; i < length; i++) count += pairCount(scanValue(value, i));
  return count;
}

/** Gives the place behind the pairs. */
function writePairs(at: usize, value: usize): usize {
  let to = at;
  if (kindOf(value) == OBJECT) {
    const length = scanLength(value);
    for (let i = 0; i < length; i++) to = writeContent(to, objectKeyAt(value, i), objectValueAt(value, i));
    return to;
  }
  if (!isList(kindOf(value))) {
    putWrong(to, value);
    return to + 2 * CELL_BYTES;
  }
  const length = scanLength(value);
  for (let i = 0; i < length; i++) to = writePairs(to, scanValue(value, i));
  return to;
}

function writeContent(at: usize, name: usize, content: usize): usize {
  if (!isList(kindOf(content))) return writePair(at, name, content);
  let to = at;
  const length = scanLength(content);
  for (let i = 0; i < length; i++) to = writePair(to, name, scanValue(content, i));
  return to;
}

function writePair(at: usize, name: usize, value: usize): usize {
  putText(at, name);
  putText(at + CELL_BYTES, value);
  return at + 2 * CELL_BYTES;
}

// ── records ──

// @ts-ignore: decorator
@inline
function fieldsOf(shape: usize): i32 {
  return load<i32>(shape, 4);
}

// @ts-ignore: decorator
@inline
function recordBytes(shape: usize): usize {
  return CELL_BYTES * (<usize>fieldsOf(shape) + 1);
}

/** Records of which no field is there. */
function newRecords(shape: usize, count: i32): usize {
  const bytes = recordBytes(shape);
  const at = allocZeroed(bytes * <usize>count + CELL_BYTES);
  const fields = fieldsOf(shape);
  for (let field = 0; field < fields; field++) {
    if (typeOf(shape, field) != CELL_NUMBER) continue;
    for (let i = 0; i < count; i++) {
      store<u32>(at + bytes * <usize>i + CELL_BYTES * (<usize>field + 1), NUMBER_ABSENT, 4);
    }
  }
  return at;
}

// @ts-ignore: decorator
@inline
function typeOf(shape: usize, field: i32): u32 {
  return load<u32>(shape + (<usize>field << 3), 12);
}

/** Writes the object's entries to the record of its shape, and gives the record. */
function fill(record: usize, shape: usize, object: usize): usize {
  const length = objectLen(object);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(object, i);
    const field = fieldOf(shape, key);
    if (field >= 0) put(record + CELL_BYTES * (<usize>field + 1), typeOf(shape, field), objectValueAt(object, i));
    else if (load<u32>(shape) == 0 && load<u32>(record) == 0) putUnknown(record, key);
  }
  return record;
}

/** Number of the field that the key names, or -1. */
function fieldOf(shape: usize, key: usize): i32 {
  if (kindOf(key) != STRING) return -1;
  const length = stringLen(key);
  const ptr = stringPtr(key);
  const fields = fieldsOf(shape);
  for (let i = 0; i < fields; i++) {
    const name = load<u32>(shape + (<usize>i << 3), 8);
    if (<i32>(name >>> 16) == length && equalBytes(SHAPE_NAMES + <usize>(name & 0xffff), ptr, length)) return i;
  }
  return -1;
}

function putUnknown(record: usize, key: usize): void {
  if (kindOf(key) == STRING) {
    putText(record, key);
    return;
  }
  const text = dumpText(key, 0);
  let length = 0;
  while (load<u8>(text + length) != 0) length++;
  putList(record, text, length);
}
