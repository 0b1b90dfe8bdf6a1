/**
 * Functions and globals that a module leaves out have no number in it: those that stay are numbered anew,
 * wherever code names them. Numbers of the runtime come first, in its order; the policy's follow.
 */
import type { RuntimeModule } from "./runtime-module.ts";

export type Numbers = {
  readonly functionOf: (index: number) => number;
  readonly globalOf: (index: number) => number;
  /** The runtime's that stay, in order: of functions, without those that are imported. */
  readonly functions: readonly number[];
  readonly globals: readonly number[];
};

/** Places in code that name functions and globals, in order: each as `siteAt` packs it. */
export type Sites = readonly number[];

/** A place in code, and whether a global is named there. */
export function siteAt(at: number, isGlobal: boolean): number {
  return at * 2 + (isGlobal ? 1 : 0);
}

/** Keeps these functions of the runtime, and the globals that they name, beside those given. */
export function numbersOf(
  runtime: RuntimeModule,
  functions: ReadonlySet<number>,
  globals: ReadonlySet<number>,
): Numbers {
  const { functionImports, functionCount, codes, globalEntries } = runtime;
  const kept = codes.map((_, i) => functionImports + i).filter((index) => functions.has(index));
  const named = new Set(globals);
  for (const index of kept) addGlobals(named, runtime, index - functionImports);
  const keptGlobals = globalEntries.map((_, i) => i).filter((index) => named.has(index));
  const places = placesOf(kept, functionImports);
  const globalPlaces = placesOf(keptGlobals, 0);
  const left = functionCount - functionImports - kept.length;
  return {
    functions: kept,
    globals: keptGlobals,
    functionOf: (index) => {
      if (index < functionImports) return index;
      return index >= functionCount ? index - left : numberIn(places, index, "function");
    },
    globalOf: (index) => numberIn(globalPlaces, index, "global"),
  };
}

/** The number of each index that stays; an array: thousands of sites ask. */
function placesOf(kept: readonly number[], first: number): readonly (number | undefined)[] {
  const places = new Array<number | undefined>((kept.at(-1) ?? -1) + 1).fill(undefined);
  for (let i = 0; i < kept.length; i++) places[kept[i] as number] = first + i;
  return places;
}

function numberIn(places: readonly (number | undefined)[], index: number, what: string): number {
  const place = places[index];
  if (place === undefined) throw new Error(`the module names ${what} ${index} of the runtime, which it does not keep`);
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
    if ((step & 1) === 1) named.add(readU32(entry, at));
  }
}

const NO_SITES: Sites = [];

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
  return codeEntry([], entry.subarray(lengthOf(entry, 0)), sites, numbers);
}

/** The most bytes of an LEB128 of 32 bits. */
const SIZE_MAX = 5;
/** Fewer bytes are moved faster one by one. */
const PIECE_MIN = 16;

/**
 * The head and the code with the numbers at its sites anew, and their size before them. No number is larger than the one
 * that it stands for, so that the code is made where it stands: what is behind a number that is shorter now moves.
 */
export function codeEntry(
  head: readonly number[],
  code: Uint8Array,
  sites: Sites,
  { globalOf, functionOf }: Numbers,
): Uint8Array {
  const start = SIZE_MAX + head.length;
  const entry = new Uint8Array(start + code.length);
  entry.set(head, SIZE_MAX);
  entry.set(code, start);
  let to = start;
  let from = start;
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i] as number;
    const at = start + (site >> 1);
    to = move(entry, from, at, to);
    const index = readU32(entry, at);
    from = at + lengthOf(entry, at);
    to = store(entry, to, (site & 1) === 1 ? globalOf(index) : functionOf(index));
  }
  to = move(entry, from, entry.length, to);
  const size = to - SIZE_MAX;
  const first = SIZE_MAX - sizeOf(size);
  store(entry, first, size);
  return entry.subarray(first, to);
}

/** Moves what stands from `from` up to `end`; gives the place behind it. */
function move(bytes: Uint8Array, from: number, end: number, to: number): number {
  if (from === to) return end;
  if (end - from >= PIECE_MIN) bytes.copyWithin(to, from, end);
  else for (let i = from, j = to; i < end; i++, j++) bytes[j] = bytes[i] as number;
  return to + end - from;
}

/** Bytes of an unsigned LEB128. */
function sizeOf(value: number): number {
  let size = 1;
  for (let left = value >>> 7; left > 0; left >>>= 7) size++;
  return size;
}

/** An unsigned LEB128 at `at`; gives the place behind it. */
function store(out: Uint8Array, at: number, value: number): number {
  let to = at;
  let left = value;
  for (; left >= 0x80; left >>>= 7) out[to++] = (left & 0x7f) | 0x80;
  out[to++] = left;
  return to;
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
