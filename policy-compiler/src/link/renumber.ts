/**
 * Functions and globals that a module leaves out have no number in it: those that stay are numbered anew,
 * wherever code names them. Numbers of the runtime come first, in its order; the policy's follow.
 */
import type { RuntimeModule } from "./runtime-module.ts";

export type Numbers = {
  readonly functionOf: (index: number) => number;
  /** The runtime's that stay, in order: of functions, without those that are imported. */
  readonly functions: readonly number[];
  readonly globals: readonly number[];
  /** By their numbers in the runtime; -1 where one is left out. Functions behind these are the policy's, and move by `moved`. */
  readonly functionPlaces: readonly number[];
  readonly globalPlaces: readonly number[];
  readonly moved: number;
};

/** Places in code that name functions and globals, in order: twice the place, and one more where it is a global's. */
export type Sites = readonly number[];

/** Keeps these functions of the runtime, and the globals that they name, beside those given. */
export function numbersOf(
  runtime: RuntimeModule,
  functions: ReadonlySet<number>,
  globals: ReadonlySet<number>,
): Numbers {
  const { functionImports, functionCount, globalEntries } = runtime;
  const kept = membersFrom(functions, functionImports, functionCount);
  const named = new Set(globals);
  for (let i = 0; i < kept.length; i++) addGlobals(named, runtime, (kept[i] as number) - functionImports);
  const keptGlobals = membersFrom(named, 0, globalEntries.length);
  const functionPlaces = placesOf(kept, functionImports, functionCount);
  for (let i = 0; i < functionImports; i++) functionPlaces[i] = i;
  const moved = functionImports + kept.length - functionCount;
  return {
    functions: kept,
    globals: keptGlobals,
    functionOf: (index) => (index < functionCount ? placeIn(functionPlaces, index, "function") : index + moved),
    functionPlaces,
    globalPlaces: placesOf(keptGlobals, 0, globalEntries.length),
    moved,
  };
}

/** The numbers from `first` up to `end` that the set has, in order. */
function membersFrom(numbers: ReadonlySet<number>, first: number, end: number): readonly number[] {
  const found: number[] = [];
  for (let number = first; number < end; number++) if (numbers.has(number)) found.push(number);
  return found;
}

/** What has no number in the module. */
const LEFT_OUT = -1;

/** The number of each index; an array: thousands of sites ask. */
function placesOf(kept: readonly number[], first: number, count: number): number[] {
  const places = new Array<number>(count).fill(LEFT_OUT);
  for (let i = 0; i < kept.length; i++) places[kept[i] as number] = first + i;
  return places;
}

function placeIn(places: readonly number[], index: number, what: string): number {
  const place = places[index] ?? LEFT_OUT;
  if (place < 0) throw new Error(`the module names ${what} ${index} of the runtime, which it does not keep`);
  return place;
}

/** The globals that the code of the runtime's function at `place` names. */
function addGlobals(named: Set<number>, { codes, reach }: RuntimeModule, place: number): void {
  const entry = codes[place] as Uint8Array;
  const steps = reach.sites[place] ?? NO_SITES;
  let at = lengthOf(entry, 0);
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as number;
    at += step >> 1;
    if ((step & 1) === 0) continue;
    const first = entry[at] as number;
    named.add(first < 0x80 ? first : readU32(entry, at));
  }
}

const NO_SITES: Sites = [];
const NO_HEAD: readonly number[] = [];

/** The entry of the code section for a function of the runtime. */
export function runtimeCode(
  { codes, functionImports, reach }: RuntimeModule,
  index: number,
  numbers: Numbers,
): Uint8Array {
  const entry = codes[index - functionImports] as Uint8Array;
  const steps = reach.sites[index - functionImports] ?? NO_SITES;
  const sites = new Array<number>(steps.length);
  let at = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as number;
    at += step >> 1;
    sites[i] = at * 2 + (step & 1);
  }
  return codeEntry(NO_HEAD, entry.subarray(lengthOf(entry, 0)), sites, numbers);
}

/** The most bytes of an LEB128 of 32 bits. */
const SIZE_MAX = 5;
/** Fewer bytes are moved faster one by one. */
const PIECE_MIN = 16;

/**
 * The head and the code with the numbers at its sites anew, and their size before them. No number is larger than the one
 * that it stands for, so that the code is made where it stands: what is behind a number that is shorter now moves. In a
 * process that has just started a call costs more than what it would do for a site, and there are thousands: nothing is called.
 */
export function codeEntry(
  head: readonly number[],
  code: Uint8Array,
  sites: Sites,
  { functionPlaces, globalPlaces, moved }: Numbers,
): Uint8Array {
  const start = SIZE_MAX + head.length;
  const entry = new Uint8Array(start + code.length);
  entry.set(head, SIZE_MAX);
  entry.set(code, start);
  const count = functionPlaces.length;
  let to = start;
  let from = start;
  for (let i = 0; i <= sites.length; i++) {
    const site = sites[i] ?? entry.length * 2;
    const at = i < sites.length ? start + (site >> 1) : entry.length;
    if (from === to) to = at;
    else if (at - from >= PIECE_MIN) {
      entry.copyWithin(to, from, at);
      to += at - from;
    } else while (from < at) entry[to++] = entry[from++] as number;
    if (i === sites.length) break;
    from = at;
    let byte = entry[from++] as number;
    let index = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = entry[from++] as number;
      index |= (byte & 0x7f) << shift;
    }
    const isGlobal = (site & 1) === 1;
    let number = isGlobal ? globalPlaces[index] : index < count ? functionPlaces[index] : index + moved;
    if (number === undefined || number < 0)
      number = placeIn(isGlobal ? globalPlaces : functionPlaces, index, isGlobal ? "global" : "function");
    for (; number >= 0x80; number >>>= 7) entry[to++] = (number & 0x7f) | 0x80;
    entry[to++] = number;
  }
  const size = to - SIZE_MAX;
  const first = SIZE_MAX - sizeOf(size);
  let at = first;
  let left = size;
  for (; left >= 0x80; left >>>= 7) entry[at++] = (left & 0x7f) | 0x80;
  entry[at] = left;
  return entry.subarray(first, to);
}

/** Bytes of an unsigned LEB128. */
function sizeOf(value: number): number {
  let size = 1;
  for (let left = value >>> 7; left > 0; left >>>= 7) size++;
  return size;
}

function lengthOf(code: Uint8Array, at: number): number {
  let length = 1;
  while ((code[at + length - 1] as number) >= 0x80) length++;
  return length;
}

function readU32(code: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; ; i++) {
    const byte = code[at + i] as number;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value >>> 0;
  }
}
