/**
 * What stops an evaluation (abort) and what only makes an expression undefined
 * (a built-in error), and the fuel that bounds both.
 *
 * An abort's text begins with OPA's error code where OPA has one; the others begin
 * with `rm_`: fuel, memory, depth. The host tells them apart by that word.
 */

import { mayGoOn } from "./abi/host";
import { byteOf } from "./static-text";

@external("env", "opa_abort")
declare function hostAbort(text: usize): void;

export const ABORT_MEMORY: i32 = 1;
export const ABORT_DEPTH: i32 = 2;

/**
 * Units left. One is about a nanosecond of optimised code: emitted code takes them by the weight
 * of its ops (optimize/fuel.ts), the runtime's loops by steps of sixteen.
 */
export let fuel: i64 = i64.MAX_VALUE;

/**
 * Where the host wants to be asked how long an evaluation takes, its fuel is handed out by slices: code
 * that is not optimised yet takes several nanoseconds a unit.
 */
let slice: i64 = i64.MAX_VALUE;
/** Units that the evaluation may take and that are not handed out. */
let reserve: i64 = 0;
/** All that it may take. */
let given: i64 = i64.MAX_VALUE;
/** The same in thousands, and how many slices it has used up. */
let thousands: i32 = 0;
let slices: i32 = 0;

/** What was left when the host began to ask for something, while it does: an abort may come in between. */
let held: i64 = 0;
let isHeld: bool = false;

/** Calls of policy functions under way, counted by emitted code where they may be many. */
export let depth: i32 = 0;

/** Built-in errors abort the evaluation. */
let isStrict: bool = false;
/** Built-in errors since the evaluation began; each made its expression undefined. */
export let builtinErrorCount: i32 = 0;

/** Text of the first built-in error (zero-terminated), for the host. */
const ERROR_TEXT_BYTES: i32 = 512;
const errorText = memory.data(512);
const abortText = memory.data(640);

export function resetFailure(): void {
  builtinErrorCount = 0;
  depth = 0;
}

/** No call is under way, whatever an abort left counted. */
export function resetDepth(): void {
  depth = 0;
}

export function setStrict(strict: bool): void {
  isStrict = strict;
}

/** From here to `unmuteErrors`, which wants what this gives, errors of built-ins end nothing. */
export function muteErrors(): i32 {
  const held = (builtinErrorCount << 1) | <i32>isStrict;
  isStrict = false;
  return held;
}

/** Whether there were no errors meanwhile; those that there were are not counted. */
export function unmuteErrors(held: i32): bool {
  const were = builtinErrorCount != held >> 1;
  builtinErrorCount = held >> 1;
  isStrict = <bool>(held & 1);
  return !were;
}

export function setFuel(steps: i64): void {
  isHeld = false;
  given = steps;
  fuel = steps < slice ? steps : slice;
  reserve = steps - fuel;
  if (reserve == 0) return;
  const all = steps / 1000;
  thousands = all < i32.MAX_VALUE ? <i32>all : i32.MAX_VALUE;
  slices = 0;
}

/** Units that the evaluation may still take. */
export function fuelLeft(): i64 {
  return (isHeld ? held : fuel) + reserve;
}

/** Units that it has taken. */
export function fuelUsed(): i64 {
  return given - fuelLeft();
}

/** From the next evaluation on the host is asked each time so many units are used up. */
export function rm_fuel_slice(units: f64): void {
  slice = <i64>units;
}

/** What was handed out is used up: there is more, or the evaluation ends. */
export function outOfFuel(): void {
  const left = fuel + reserve;
  if (left < 0 || reserve == 0) abortWith("rm_fuel: the evaluation took more steps than it may");
  if (!mayGoOn(++slices, thousands)) abortWith("rm_fuel: the evaluation took more time than it may");
  fuel = left < slice ? left : slice;
  reserve = left - fuel;
}

/**
 * What the host asks for between this and `releaseFuel` is not charged to an evaluation, whose fuel may be spent: the
 * host's own text and the memory's limit bound it.
 */
export function holdFuel(): void {
  held = fuel;
  isHeld = true;
  fuel = i64.MAX_VALUE;
}

export function releaseFuel(): void {
  isHeld = false;
  fuel = held;
}

/** A step of a loop in the runtime, in units of fuel: a few bytes, digits or entries. */
const STEP_UNITS: i64 = 16;

/** Takes fuel for `steps`; aborts when it is spent. */
// @ts-ignore: decorator
@inline
export function burn(steps: i64): void {
  fuel -= steps * STEP_UNITS;
  if (fuel < 0) outOfFuel();
}

/** Takes what a call of the host costs. */
export function rm_burn(units: f64): void {
  fuel -= <i64>units;
  if (fuel < 0) outOfFuel();
}

export function abort(reason: i32): void {
  if (reason == ABORT_MEMORY) abortWith("rm_memory: the evaluation needs more memory than it may");
  else abortWith("rm_depth: calls are nested too deeply");
}

/** Aborts with a static text. */
export function abortWith(text: string): void {
  const length = copyText(abortText, 0, text);
  store<u8>(abortText + length, 0);
  hostAbort(abortText);
  unreachable();
}

/** Aborts with a text that lies in memory, zero-terminated. */
export function abortAt(text: usize): void {
  hostAbort(text);
  unreachable();
}

/**
 * A built-in met an operand it cannot work with: counts it, keeps the first text, and
 * gives undefined (0); aborts in strict mode. `text` is OPA's wording, ASCII.
 */
export function builtinError(text: string): usize {
  return builtinErrorText(0, 0, text);
}

/** As builtinError, with bytes of the evaluation (a bad pattern, say) behind the text. */
export function builtinErrorText(ptr: usize, length: i32, text: string): usize {
  if (builtinErrorCount++ == 0 || isStrict) {
    let at = copyText(errorText, 0, text);
    const room = ERROR_TEXT_BYTES - 1 - at;
    const take = length < room ? length : room;
    memory.copy(errorText + at, ptr, take);
    at += take;
    store<u8>(errorText + at, 0);
  }
  if (isStrict) {
    const prefix = copyText(abortText, 0, "eval_builtin_error: ");
    let at: i32 = 0;
    while (load<u8>(errorText + at) != 0) at++;
    memory.copy(abortText + prefix, errorText, at + 1);
    abortAt(abortText);
  }
  return 0;
}

/** A built-in of the host failed: the text's bytes are the host's. */
export function hostBuiltinError(ptr: usize, length: i32): void {
  builtinErrorText(ptr, length, "");
}

/** The host's built-in did not like its operands. */
export function hostTypeError(ptr: usize, length: i32): void {
  typeErrorAt(ptr, length);
}

/** As builtinError with OPA's other code for operands of a wrong type. */
export function typeError(text: string): usize {
  if (isErrorTextWanted()) {
    const end = copyText(errorText, 0, text);
    store<u8>(errorText + end, 0);
  }
  return failTyped();
}

/** As typeError, with a text made while evaluating. */
export function typeErrorAt(ptr: usize, length: i32): usize {
  if (isErrorTextWanted()) {
    const take = length < ERROR_TEXT_BYTES - 1 ? length : ERROR_TEXT_BYTES - 1;
    memory.copy(errorText, ptr, take);
    store<u8>(errorText + take, 0);
  }
  return failTyped();
}

/** The text of a built-in error that came now would be kept; otherwise it need not be made. */
export function isErrorTextWanted(): bool {
  return builtinErrorCount == 0 || isStrict;
}

function failTyped(): usize {
  builtinErrorCount++;
  if (isStrict) {
    const prefix = copyText(abortText, 0, "eval_type_error: ");
    let at: i32 = 0;
    while (load<u8>(errorText + at) != 0) at++;
    memory.copy(abortText + prefix, errorText, at + 1);
    abortAt(abortText);
  }
  return 0;
}

/** Address of the first built-in error's text. */
export function firstErrorText(): usize {
  return errorText;
}

/** Writes a static ASCII text at `base + at`; gives the offset behind it. */
export function copyText(base: usize, at: i32, text: string): i32 {
  const length = text.length;
  for (let i = 0; i < length && at < ERROR_TEXT_BYTES - 1; i++) store<u8>(base + at++, byteOf(text, i));
  return at;
}
