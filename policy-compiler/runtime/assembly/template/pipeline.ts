/** Pipelines: operands, function calls, `|`; and declarations of variables before them. */
import { burn } from "../failure";
import { parseNumber, toDouble } from "../number/number";
import { floatLiteral, integerLiteral } from "../number/go-literal";
import { literalLength } from "../number/literal";
import { arrayPush, makeArray } from "../value/array";
import { objectGet } from "../value/object";
import {
  FALSE_VALUE, NULL_VALUE, OBJECT, TRUE_VALUE, isInt, isText, kindOf, stringLen, stringPtr,
} from "../value/value";
import { breakTemplate, isBroken } from "./failure";
import { callFunction, isFunction } from "./functions";
import {
  goTo, isAtClose, isNameStart, peek, position, readCharacter, readName, readNumberText, readString, skipBlanks, take,
} from "./scan";
import { assign, declare, variableAt, variableValue } from "./scope";
import { constantOfInt, makeConstant } from "./values";

/** Parentheses within each other. */
const DEPTH_MAX: i32 = 100;
let depth: i32 = 0;

// ── declarations ──

/** What `readDeclaration` found: names (0: none), and whether they are new. */
export let firstName: usize = 0;
export let secondName: usize = 0;
let isNew: bool = false;

/** `$x :=`, `$x =` and, in a range, `$i, $x :=`; nothing is read where there is none. */
export function readDeclaration(mayBeTwo: bool): void {
  const place = position();
  firstName = 0;
  secondName = 0;
  skipBlanks();
  if (!take(0x24)) return;
  const first = readName();
  skipBlanks();
  let second: usize = 0;
  if (mayBeTwo && take(0x2c)) {
    skipBlanks();
    if (take(0x24)) second = readName();
    skipBlanks();
  }
  isNew = take(0x3a);
  if (!take(0x3d) || stringLen(first) == 0) {
    goTo(place);
    return;
  }
  firstName = first;
  secondName = second;
}

/** Gives a variable of the declaration its value. */
export function setVariable(name: usize, value: usize, isDeclared: bool): void {
  if (isDeclared) {
    declare(name, value);
    return;
  }
  const place = variableAt(name);
  if (place < 0) breakTemplate("undefined variable");
  else assign(place, value);
}

export function isDeclaration(): bool {
  return isNew;
}

/** A pipeline that a variable may stand before. */
export function declaredPipeline(dot: usize, isLive: bool): usize {
  readDeclaration(false);
  const name = firstName;
  const isDeclared = isNew;
  const value = pipeline(dot, isLive);
  if (name != 0) setVariable(name, value, isDeclared);
  firstName = name;
  return value;
}

// ── values ──

export function pipeline(dot: usize, isLive: bool): usize {
  let value = command(dot, isLive, false, 0);
  skipBlanks();
  while (!isBroken() && take(0x7c)) {
    value = command(dot, isLive, true, value);
    skipBlanks();
  }
  return value;
}

function isCommandEnd(): bool {
  skipBlanks();
  return isAtClose() || peek() == 0 || peek() == 0x7c || peek() == 0x29;
}

function command(dot: usize, isLive: bool, isPiped: bool, piped: usize): usize {
  burn(1);
  if (isCommandEnd()) return breakTemplate("missing value");
  const place = position();
  if (isNameStart(peek())) {
    const name = readName();
    if (isFunction(name)) return call(name, dot, isLive, isPiped, piped);
    if (isText(name, "nil")) return breakTemplate("nil is not a command");
    goTo(place);
  }
  const value = operand(dot, isLive);
  if (isPiped || !isCommandEnd()) return breakTemplate("can't give argument to non-function");
  return value;
}

function call(name: usize, dot: usize, isLive: bool, isPiped: bool, piped: usize): usize {
  const args = makeArray(4);
  while (!isBroken() && !isCommandEnd()) arrayPush(args, operand(dot, isLive));
  if (isPiped) arrayPush(args, piped);
  return isLive && !isBroken() ? callFunction(name, args) : 0;
}

function operand(dot: usize, isLive: bool): usize {
  burn(1);
  const byte = peek();
  if (byte == 0x2e && peek(1) - 0x30 >= 10) {
    if (isNameStart(peek(1))) return fields(dot, isLive);
    take(0x2e);
    return dot;
  }
  if (byte == 0x24) {
    take(0x24);
    const place = variableAt(readName());
    return place < 0 ? breakTemplate("undefined variable") : fields(variableValue(place), isLive);
  }
  if (byte == 0x28) {
    take(0x28);
    if (++depth > DEPTH_MAX) return breakTemplate("parentheses nested too deeply");
    const value = pipeline(dot, isLive);
    depth--;
    skipBlanks();
    return take(0x29) ? fields(value, isLive) : breakTemplate("unclosed left paren");
  }
  if (byte == 0x22 || byte == 0x60) return readString();
  if (byte == 0x27) return constantOfInt(readCharacter());
  if (!isNameStart(byte)) return number();
  const name = readName();
  if (isText(name, "true")) return TRUE_VALUE;
  if (isText(name, "false")) return FALSE_VALUE;
  if (isText(name, "nil")) return NULL_VALUE;
  return breakTemplate(isFunction(name) ? "wrong number of args" : "function not defined");
}

export function startPipelines(): void {
  depth = 0;
}

function number(): usize {
  const text = readNumberText();
  let literal = integerLiteral(stringPtr(text), stringLen(text));
  if (literal != 0) {
    const integer = parseNumber(literal, literalLength);
    return isInt(integer) ? makeConstant(integer) : breakTemplate("integer overflow");
  }
  literal = floatLiteral(stringPtr(text), stringLen(text));
  const value: usize = literal == 0 ? 0 : parseNumber(literal, literalLength);
  if (value == 0) return breakTemplate("unexpected text in operand");
  const double = toDouble(value);
  if (double == Infinity || double == -Infinity) return breakTemplate("value out of range");
  return isFraction(text) ? makeConstant(value) : breakTemplate("integer overflow");
}

/** Written as a float: `08` is none, and no integer. */
function isFraction(text: usize): bool {
  const ptr = stringPtr(text);
  for (let i = 0; i < stringLen(text); i++) {
    const letter = load<u8>(ptr + i) | 0x20;
    if (letter == 0x2e || letter == 0x65 || letter == 0x70) return true;
  }
  return false;
}

/** `.a.b` behind a value. */
function fields(value: usize, isLive: bool): usize {
  let found = value;
  while (!isBroken() && peek() == 0x2e && isNameStart(peek(1))) {
    take(0x2e);
    const name = readName();
    if (!isLive || found == 0) continue;
    if (kindOf(found) != OBJECT) return breakTemplate("can't evaluate field");
    found = objectGet(found, name);
  }
  return found;
}
