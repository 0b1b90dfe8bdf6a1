/** regex.*: Go's regexp, in linear time (see regex/). */
import { bufferLength, bufferPtr, bufferString, newBuffer, putBytes, putText } from "../buffer";
import { builtinErrorText, burn } from "../failure";
import { int64, toInt64 } from "../number/number";
import { isMatch } from "../regex/automaton";
import { intersects } from "../regex/intersect";
import { fault } from "../regex/parse";
import { P_SLOTS } from "../regex/program";
import { nextMatch, openMatches, openSearch, search, slotOf } from "../regex/search";
import { REGEX, programFor } from "../regex/store";
import { expandTemplate, fillTemplate, patternLength, patternPtr } from "../regex/template";
import { pointWidth } from "../regex/utf8";
import { arrayPush, makeArray } from "../value/array";
import {
  FALSE_VALUE, NUMBER, STRING, TRUE_VALUE, UNDEFINED, isSealed, kindOf, makeBoolean, makeString, makeView, stringLen,
  stringPtr,
} from "../value/value";
import { expectInt, expectKind, operandFault } from "./operands";

/** The pattern's program; 0 after the error has been counted. */
function compile(name: string, pattern: usize): usize {
  const program = programFor(REGEX, stringPtr(pattern), stringLen(pattern), isSealed(pattern));
  if (program == 0) badPattern(name, stringPtr(pattern), stringLen(pattern));
  return program;
}

function badPattern(name: string, pattern: usize, length: i32): void {
  const text = newBuffer(128);
  putText(text, name);
  putText(text, ": error parsing regexp: ");
  putText(text, fault);
  putText(text, ": `");
  putBytes(text, pattern, length);
  putText(text, "`");
  builtinErrorText(bufferPtr(text), bufferLength(text), "");
}

/** A part of a string: a view, so that nothing is copied. */
function part(value: usize, begin: i32, end: i32): usize {
  return makeView(stringPtr(value) + begin, end - begin);
}

export function regexMatch(pattern: usize, value: usize): usize {
  if (!expectKind("regex.match", 1, pattern, STRING) || !expectKind("regex.match", 2, value, STRING)) return UNDEFINED;
  const program = compile("regex.match", pattern);
  return program == 0 ? UNDEFINED : makeBoolean(isMatch(program, stringPtr(value), stringLen(value)));
}

/** False also for what is no string. */
export function regexIsValid(pattern: usize): usize {
  if (kindOf(pattern) != STRING) return FALSE_VALUE;
  return makeBoolean(programFor(REGEX, stringPtr(pattern), stringLen(pattern), isSealed(pattern)) != 0);
}

export function regexSplit(pattern: usize, value: usize): usize {
  if (!expectKind("regex.split", 1, pattern, STRING) || !expectKind("regex.split", 2, value, STRING)) return UNDEFINED;
  const program = compile("regex.split", pattern);
  if (program == 0) return UNDEFINED;
  const parts = makeArray(4);
  const length = stringLen(value);
  if (length == 0 && stringLen(pattern) > 0) {
    arrayPush(parts, value);
    return parts;
  }
  let begin = 0;
  let end = 0;
  openSearch(program, stringPtr(value), length, 2);
  openMatches();
  while (nextMatch()) {
    end = slotOf(0);
    if (slotOf(1) != 0) arrayPush(parts, part(value, begin, end));
    begin = slotOf(1);
  }
  if (end != length) arrayPush(parts, part(value, begin, length));
  return parts;
}

/** How many matches are wanted: below 0 means all. False after an error has been counted. */
let wanted: i64 = 0;
function readFind(name: string, pattern: usize, value: usize, count: usize): bool {
  if (!expectKind(name, 1, pattern, STRING) || !expectKind(name, 2, value, STRING)) return false;
  if (!expectKind(name, 3, count, NUMBER) || !expectInt(name, 3, count)) return false;
  toInt64(count);
  wanted = int64;
  return true;
}

export function regexFindN(pattern: usize, value: usize, count: usize): usize {
  if (!readFind("regex.find_n", pattern, value, count)) return UNDEFINED;
  const program = compile("regex.find_n", pattern);
  if (program == 0) return UNDEFINED;
  const found = makeArray(4);
  openSearch(program, stringPtr(value), stringLen(value), 2);
  openMatches();
  for (let left = wanted; left != 0 && nextMatch(); left--) arrayPush(found, part(value, slotOf(0), slotOf(1)));
  return found;
}

export function regexFindAllStringSubmatchN(pattern: usize, value: usize, count: usize): usize {
  if (!readFind("regex.find_all_string_submatch_n", pattern, value, count)) return UNDEFINED;
  const program = compile("regex.find_all_string_submatch_n", pattern);
  if (program == 0) return UNDEFINED;
  const found = makeArray(4);
  const slots = load<i32>(program, P_SLOTS);
  openSearch(program, stringPtr(value), stringLen(value), slots);
  openMatches();
  for (let left = wanted; left != 0 && nextMatch(); left--) {
    const groups = makeArray(slots >> 1);
    burn(slots);
    for (let i = 0; i < slots; i += 2) {
      const begin = slotOf(i);
      arrayPush(groups, begin < 0 ? makeString(0, 0) : part(value, begin, slotOf(i + 1)));
    }
    arrayPush(found, groups);
  }
  return found;
}

export function regexReplace(value: usize, pattern: usize, template: usize): usize {
  if (!expectKind("regex.replace", 1, value, STRING) || !expectKind("regex.replace", 2, pattern, STRING)) return UNDEFINED;
  if (!expectKind("regex.replace", 3, template, STRING)) return UNDEFINED;
  const program = compile("regex.replace", pattern);
  if (program == 0) return UNDEFINED;
  const text = stringPtr(value);
  const length = stringLen(value);
  const buffer = newBuffer(length + 64);
  openSearch(program, text, length, load<i32>(program, P_SLOTS));
  let copied = 0;
  let at = 0;
  while (at <= length && search(at)) {
    const begin = slotOf(0);
    const end = slotOf(1);
    putBytes(buffer, text + copied, begin - copied);
    // Not for an empty match right behind another one.
    if (end > copied || begin == 0) expandTemplate(buffer, stringPtr(template), stringLen(template), program, text);
    copied = end;
    const width = at < length ? pointWidth(text + at, text + length) : 0;
    if (at + width > end) at += width;
    else if (at + 1 > end) at++;
    else at = end;
  }
  putBytes(buffer, text + copied, length - copied);
  return bufferString(buffer);
}

export function regexTemplateMatch(template: usize, value: usize, open: usize, close: usize): usize {
  const name = "regex.template_match";
  if (!expectKind(name, 1, template, STRING) || !expectKind(name, 2, value, STRING)) return UNDEFINED;
  if (!expectKind(name, 3, open, STRING) || !expectKind(name, 4, close, STRING)) return UNDEFINED;
  if (stringLen(open) != 1) return operandFault(name, 3, "start delimiter has to be exactly one character long");
  if (stringLen(close) != 1) return operandFault(name, 4, "end delimiter has to be exactly one character long");
  const from = <u32>load<u8>(stringPtr(open));
  const to = <u32>load<u8>(stringPtr(close));
  if (!fillTemplate(stringPtr(template), stringLen(template), from, to)) {
    return builtinErrorText(stringPtr(template), stringLen(template), "regex.template_match: unbalanced braces in ");
  }
  const isLasting = isSealed(template) && isSealed(open) && isSealed(close);
  const pattern = patternPtr;
  const length = patternLength;
  const program = programFor(REGEX, pattern, length, isLasting);
  if (program == 0) {
    badPattern(name, pattern, length);
    return UNDEFINED;
  }
  return makeBoolean(isMatch(program, stringPtr(value), stringLen(value)));
}

export function regexGlobsMatch(a: usize, b: usize): usize {
  const name = "regex.globs_match";
  if (!expectKind(name, 1, a, STRING) || !expectKind(name, 2, b, STRING)) return UNDEFINED;
  const result = intersects(stringPtr(a), stringLen(a), stringPtr(b), stringLen(b));
  if (result >= 0) return result == 1 ? TRUE_VALUE : FALSE_VALUE;
  const text = newBuffer(128);
  putText(text, fault);
  return builtinErrorText(bufferPtr(text), bufferLength(text), "regex.globs_match: ");
}
