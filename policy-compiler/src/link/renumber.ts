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
  for (const index of kept) {
    const { code, sites } = codeOf(runtime, index);
    for (const site of sites) if ((site & 1) === 1) named.add(readU32(code, site >> 1));
  }
  const keptGlobals = globalEntries.map((_, i) => i).filter((index) => named.has(index));
  const places = new Map(kept.map((index, i) => [index, functionImports + i]));
  const globalPlaces = new Map(keptGlobals.map((index, i) => [index, i]));
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

function numberIn(places: ReadonlyMap<number, number>, index: number, what: string): number {
  const place = places.get(index);
  if (place === undefined) throw new Error(`the module names ${what} ${index} of the runtime, which it does not keep`);
  return place;
}

/** The entry of the code section for a function of the runtime. */
export function runtimeCode(runtime: RuntimeModule, index: number, numbers: Numbers): Uint8Array {
  const { code, sites } = codeOf(runtime, index);
  return codeEntry([], code, sites, numbers);
}

function codeOf({ codes, functionImports, reach }: RuntimeModule, index: number) {
  const entry = codes[index - functionImports] as Uint8Array;
  let at = 0;
  const sites = (reach.sites[index - functionImports] ?? []).map((step) => {
    at += step >> 1;
    return siteAt(at, (step & 1) === 1);
  });
  return { code: entry.subarray(lengthOf(entry, 0)), sites };
}

/** The head and the code with the numbers at its sites anew, and their size before them. */
export function codeEntry(
  head: readonly number[],
  code: Uint8Array,
  sites: Sites,
  { globalOf, functionOf }: Numbers,
): Uint8Array {
  let size = head.length + code.length;
  const given = sites.map((site) => {
    const index = readU32(code, site >> 1);
    const number = (site & 1) === 1 ? globalOf(index) : functionOf(index);
    size += sizeOf(number) - lengthOf(code, site >> 1);
    return number;
  });
  const entry = new Uint8Array(sizeOf(size) + size);
  let to = store(entry, 0, size);
  for (const byte of head) entry[to++] = byte;
  let from = 0;
  for (let i = 0; i < given.length; i++) {
    const at = (sites[i] as number) >> 1;
    while (from < at) entry[to++] = code[from++] as number;
    to = store(entry, to, given[i] as number);
    from = at + lengthOf(code, at);
  }
  while (from < code.length) entry[to++] = code[from++] as number;
  return entry;
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
