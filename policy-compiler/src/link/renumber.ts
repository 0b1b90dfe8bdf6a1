/**
 * Functions and globals that a module leaves out have no number in it: those that stay are numbered anew,
 * wherever code names them. Numbers of the runtime come first, in its order; the policy's follow.
 */
import { type Bytes, putU32 } from "../wasm/encode.ts";
import type { RuntimeModule } from "./runtime-module.ts";

export type Numbers = {
  readonly functionOf: (index: number) => number;
  readonly globalOf: (index: number) => number;
  /** The runtime's that stay, in order: of functions, without those that are imported. */
  readonly functions: readonly number[];
  readonly globals: readonly number[];
};

/** A place in code that names a function or a global. */
export type Site = { readonly at: number; readonly isGlobal: boolean };

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
    for (const { at, isGlobal } of sites) if (isGlobal) named.add(readU32(code, at));
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
  return codeEntry(renumber(code, sites, numbers));
}

function codeOf({ codes, functionImports, reach }: RuntimeModule, index: number) {
  const entry = codes[index - functionImports] as Uint8Array;
  let size = 1;
  while ((entry[size - 1] as number) >= 0x80) size++;
  let at = 0;
  const sites = (reach.sites[index - functionImports] ?? []).map((step): Site => {
    at += step >> 1;
    return { at, isGlobal: (step & 1) === 1 };
  });
  return { code: entry.subarray(size), sites };
}

/** The code, with the numbers at its sites anew; sites are in order. */
export function renumber(code: Uint8Array, sites: readonly Site[], numbers: Numbers): Uint8Array {
  const out = new Uint8Array(code.length + sites.length * NUMBER_BYTES_MAX);
  let from = 0;
  let to = 0;
  for (const { at, isGlobal } of sites) {
    out.set(code.subarray(from, at), to);
    to += at - from;
    const index = readU32(code, at);
    const number: Bytes = [];
    putU32(number, isGlobal ? numbers.globalOf(index) : numbers.functionOf(index));
    for (const byte of number) out[to++] = byte;
    from = at + lengthOf(code, at);
  }
  out.set(code.subarray(from), to);
  return out.subarray(0, to + code.length - from);
}

const NUMBER_BYTES_MAX = 5;

/** With its size before it. */
export function codeEntry(code: Uint8Array): Uint8Array {
  const size: Bytes = [];
  putU32(size, code.length);
  const entry = new Uint8Array(size.length + code.length);
  entry.set(size);
  entry.set(code, size.length);
  return entry;
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
