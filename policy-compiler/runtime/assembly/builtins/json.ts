/** json.marshal, json.marshal_with_options, json.unmarshal, json.is_valid. */
import { bufferString, newBuffer, putString } from "../buffer";
import { builtinError } from "../failure";
import { writeIndented } from "../json/indent";
import { parseJson } from "../json/read";
import { HTML, writeValue } from "../json/write";
import { heapPtr, setHeapPtr } from "../memory";
import { sortEntries } from "../value/compare";
import { entryCount } from "../value/entries";
import { objectKeyAt, objectValueAt } from "../value/object";
import {
  BOOLEAN, OBJECT, STRING, isText, isTrue, kindOf, makeBoolean, makeText, stringLen, stringPtr,
} from "../value/value";
import { expectKind, operandFault } from "./operands";

export function marshal(value: usize): usize {
  const text = newBuffer(128);
  writeValue(text, value, HTML);
  return bufferString(text);
}

/** Options: prefix and indent (strings), pretty (boolean; without it the others imply it). */
export function marshalWithOptions(value: usize, options: usize): usize {
  const name = "json.marshal_with_options";
  if (!expectKind(name, 2, options, OBJECT)) return 0;
  sortEntries(options);
  let prefix = makeText("");
  let indent = makeText("\t");
  let isPretty = false;
  let isSaid = false;
  const length = entryCount(options);
  for (let i = 0; i < length; i++) {
    const key = objectKeyAt(options, i);
    const option = objectValueAt(options, i);
    if (isText(key, "pretty")) {
      if (kindOf(option) != BOOLEAN) return operandFault(name, 2, 'key "pretty" failed cast to bool');
      isSaid = true;
      isPretty = isTrue(option);
    } else if (isText(key, "prefix") || isText(key, "indent")) {
      if (kindOf(option) != STRING) return operandFault(name, 2, "key failed cast to string");
      if (!isSaid) isPretty = true;
      if (isText(key, "prefix")) prefix = option;
      else indent = option;
    } else return operandFault(name, 2, "object contained unknown key ", key);
  }
  if (!isPretty) return marshal(value);
  const text = newBuffer(256);
  putString(text, prefix);
  writeIndented(text, value, prefix, indent);
  return bufferString(text);
}

export function unmarshal(text: usize): usize {
  if (!expectKind("json.unmarshal", 1, text, STRING)) return 0;
  const value = parseJson(stringPtr(text), stringLen(text));
  return value == 0 ? builtinError("json.unmarshal: the text is not JSON") : value;
}

export function isValid(text: usize): usize {
  if (kindOf(text) != STRING) return makeBoolean(false);
  const mark = heapPtr;
  const value = parseJson(stringPtr(text), stringLen(text));
  setHeapPtr(mark);
  return makeBoolean(value != 0);
}
