/**
 * Go's text/template over Rego values, run straight from its text. The text is gone through
 * twice: once without effect (`isLive` false), which finds what is malformed and where
 * templates are defined, and once for the result. Branches not taken, and what follows a
 * break, are read without effect too.
 */
import { bufferString, newBuffer, putString, putText } from "../buffer";
import { burn } from "../failure";
import { arrayGet, arrayLen } from "../value/array";
import { sortEntries } from "../value/compare";
import { makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { ARRAY, NULL, OBJECT, intOf, isInt, isText, kindOf, makeInt, makeText, stringLen, stringPtr } from "../value/value";
import { breakTemplate, isBroken, startTemplate } from "./failure";
import {
  declaredPipeline, firstName, isDeclaration, pipeline, readDeclaration, secondName, setVariable, startPipelines,
} from "./pipeline";
import {
  closeAction, goTo, hasAction, isAtClose, position, readName, readString, skipBlanks, skipComment, startScan,
  textToAction,
} from "./scan";
import { declare, enterScope, leaveScope, scopeMark, scopeRestore, startScope } from "./scope";
import { CONSTANT, constantOfInt, holds, numberOf, writeGo } from "./values";

/** What ended a list of texts and actions. */
const AT_END: i32 = 0;
const END: i32 = 1;
const ELSE: i32 = 2;

const BREAK: i32 = 1;
const CONTINUE: i32 = 2;

/** Blocks and called templates within each other. */
const DEPTH_MAX: i32 = 100;

let out: usize = 0;
let templates: usize = 0;
let signal: i32 = 0;
let loops: i32 = 0;
let depth: i32 = 0;

/** The result as a string, or 0; then `whyBroken` says why. */
export function runTemplate(text: usize, data: usize): usize {
  startTemplate();
  templates = makeObject();
  runWhole(text, data, false);
  if (isBroken()) return 0;
  runWhole(text, data, true);
  return isBroken() ? 0 : bufferString(out);
}

function runWhole(text: usize, data: usize, isLive: bool): void {
  out = newBuffer(stringLen(text) + 64);
  signal = 0;
  loops = 0;
  depth = 0;
  startScope();
  startPipelines();
  declare(makeText(""), data);
  startScan(stringPtr(text), stringLen(text));
  if (runList(data, isLive) != AT_END) breakTemplate("unexpected {{end}}");
}

function runList(dot: usize, isLive: bool): i32 {
  if (++depth > DEPTH_MAX) breakTemplate("nested too deeply");
  const mark = scopeMark();
  let last = AT_END;
  while (!isBroken()) {
    const isActive = isLive && signal == 0;
    const text = textToAction();
    if (isActive) putString(out, text);
    if (!hasAction) break;
    if (skipComment()) continue;
    const place = position();
    const name = readName();
    if (isText(name, "end")) {
      closeAction();
      last = END;
      break;
    }
    if (isText(name, "else")) {
      last = ELSE;
      break;
    }
    if (!runKeyword(name, dot, isActive)) {
      goTo(place);
      runValue(dot, isActive);
    }
  }
  scopeRestore(mark);
  depth--;
  return last;
}

function runValue(dot: usize, isLive: bool): void {
  const value = declaredPipeline(dot, isLive);
  const isDeclared = firstName != 0;
  closeAction();
  if (!isLive || isDeclared || isBroken()) return;
  if (value == 0 || kindOf(value) == NULL) putText(out, "<no value>");
  else writeGo(out, value);
}

/** False where the name begins no statement. */
function runKeyword(name: usize, dot: usize, isLive: bool): bool {
  if (isText(name, "if")) runIf(dot, isLive, false);
  else if (isText(name, "with")) runIf(dot, isLive, true);
  else if (isText(name, "range")) runRange(dot, isLive);
  else if (isText(name, "break") || isText(name, "continue")) {
    closeAction();
    if (loops == 0) breakTemplate("break or continue outside {{range}}");
    else if (isLive) signal = isText(name, "break") ? BREAK : CONTINUE;
  } else if (isText(name, "template")) runCall(dot, isLive);
  else if (isText(name, "define")) define(dot, false, false);
  else if (isText(name, "block")) define(dot, isLive, true);
  else return false;
  return true;
}

function expectEnd(last: i32): void {
  if (last != END) breakTemplate(last == ELSE ? "unexpected {{else}}" : "unexpected EOF");
}

/** `if` and `with`, up to their end. */
function runIf(dot: usize, isLive: bool, isWith: bool): void {
  const mark = scopeMark();
  const value = declaredPipeline(dot, isLive);
  closeAction();
  const isTaken = isLive && holds(value);
  const last = runList(isWith ? value : dot, isTaken);
  if (last == ELSE) {
    skipBlanks();
    const isOther = isLive && !isTaken;
    if (isAtClose()) {
      closeAction();
      expectEnd(runList(dot, isOther));
    } else {
      const name = readName();
      if (isText(name, "if")) runIf(dot, isOther, false);
      else if (isText(name, "with")) runIf(dot, isOther, true);
      else breakTemplate("unexpected text behind else");
    }
  } else expectEnd(last);
  scopeRestore(mark);
}

function runRange(dot: usize, isLive: bool): void {
  const mark = scopeMark();
  readDeclaration(true);
  const first = firstName;
  const second = secondName;
  const isDeclared = isDeclaration();
  const collection = pipeline(dot, isLive);
  closeAction();
  const length = isLive ? lengthOf(collection) : 0;
  const body = position();
  const inner = scopeMark();
  let last = AT_END;
  loops++;
  for (let i = 0; (i < length || i == 0) && !isBroken(); i++) {
    burn(1);
    const hasElement = i < length;
    goTo(body);
    scopeRestore(inner);
    const value = hasElement ? valueAt(collection, i) : 0;
    if (first != 0) setVariable(first, second != 0 && hasElement ? keyAt(collection, i) : value, isDeclared);
    if (second != 0) setVariable(second, value, isDeclared);
    last = runList(value, hasElement);
    const isOver = signal == BREAK;
    if (hasElement) signal = 0;
    if (isOver) break;
  }
  loops--;
  scopeRestore(mark);
  if (last == ELSE) {
    closeAction();
    last = runList(dot, isLive && length == 0);
  }
  expectEnd(last);
}

function lengthOf(collection: usize): i32 {
  const kind = kindOf(collection);
  if (kind == 0 || kind == NULL) return 0;
  if (kind == ARRAY) return arrayLen(collection);
  if (kind == OBJECT) {
    sortEntries(collection);
    return objectLen(collection);
  }
  if (kind == CONSTANT && isInt(numberOf(collection))) {
    const n = intOf(numberOf(collection));
    return n < 0 ? 0 : n > i32.MAX_VALUE ? i32.MAX_VALUE : <i32>n;
  }
  breakTemplate("range can't iterate over this value");
  return 0;
}

function keyAt(collection: usize, i: i32): usize {
  return kindOf(collection) == OBJECT ? objectKeyAt(collection, i) : constantOfInt(i);
}

function valueAt(collection: usize, i: i32): usize {
  const kind = kindOf(collection);
  return kind == ARRAY ? arrayGet(collection, i) : kind == OBJECT ? objectValueAt(collection, i) : constantOfInt(i);
}

/** `define "name"`, and `block "name" pipeline`, which is run where it stands too. */
function define(dot: usize, isLive: bool, isBlock: bool): void {
  skipBlanks();
  const name = readString();
  if (name == 0) breakTemplate("a template needs a name in quotes");
  const value = isBlock ? pipeline(dot, isLive) : dot;
  closeAction();
  if (isBroken()) return;
  objectInsert(templates, name, makeInt(position()));
  const outer = enterScope();
  declare(makeText(""), value);
  expectEnd(runList(value, isLive));
  leaveScope(outer);
}

/** `template "name" pipeline` */
function runCall(dot: usize, isLive: bool): void {
  skipBlanks();
  const name = readString();
  if (name == 0) breakTemplate("a template needs a name in quotes");
  skipBlanks();
  const value: usize = isAtClose() ? 0 : pipeline(dot, isLive);
  closeAction();
  if (!isLive || isBroken()) return;
  const place = objectGet(templates, name);
  if (place == 0) {
    breakTemplate("template not defined");
    return;
  }
  const back = position();
  const outer = enterScope();
  declare(makeText(""), value);
  goTo(<i32>intOf(place));
  runList(value, true);
  leaveScope(outer);
  goTo(back);
}
