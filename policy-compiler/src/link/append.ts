/**
 * The module: the runtime's sections with the policy's entries behind its own. What nothing reaches
 * is left out, and what stays is numbered anew (renumber.ts). Exports are OPA's ABI and what begins
 * with `rm_`; the rest of the runtime's is for the emitter alone.
 *
 * The memory is imported with the runtime's few pages and no maximum, as the npm SDK
 * demands; the policy's statics, which may be larger, are a passive segment that the
 * start function copies in after growing the memory.
 */
import { GLOBAL_PREFIX } from "@regomesh/policy-runtime";
import { BULK, type Bytes, I32, OP, putName, putS32, putU32, SECTION, SECTION_ORDER, VOID } from "../wasm/encode.ts";
import { reachedFrom } from "./reach.ts";
import { type Numbers, numbersOf, runtimeCode } from "./renumber.ts";
import {
  KIND_FUNCTION,
  KIND_GLOBAL,
  KIND_MEMORY,
  type RuntimeExport,
  type RuntimeModule,
  type RuntimeSection,
} from "./runtime-module.ts";

/** Functions' types, codes and places, in the order of their indexes from `runtime.functionCount` on. */
export type Appendix = {
  /** Numbers of parameters of the types from `runtime.typeCount` on; each has one result. */
  readonly types: readonly number[];
  readonly functions: readonly { readonly type: number; readonly code: (numbers: Numbers) => Uint8Array }[];
  /** The runtime's functions that they call. */
  readonly calls: ReadonlySet<number>;
  /** The runtime's globals that they name. */
  readonly globals: ReadonlySet<number>;
  /** Indexes of the functions in the table, from `runtime.tableSize` on. */
  readonly table: readonly number[];
  readonly statics: { readonly base: number; readonly bytes: Uint8Array; readonly heapStart: number };
  /** Text of the custom section, by its name. */
  readonly custom: readonly (readonly [name: string, text: string])[];
};

type Parts = readonly ArrayLike<number>[];

const ABI_VERSION = 1;
const ABI_MINOR_VERSION = 3;
const PAGE = 65_536;
const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export function appendToRuntime(runtime: RuntimeModule, appendix: Appendix): Uint8Array {
  const startType = runtime.typeCount + appendix.types.length;
  const exported = exportedFrom(runtime);
  const link = runtime.exports.get("rm_link");
  if (link === undefined) throw new Error("the policy runtime does not export rm_link");
  const ours = exported.filter(({ kind }) => kind === KIND_FUNCTION).map(({ index }) => index);
  const reached = reachedFrom(runtime, new Set([link.index, ...ours, ...appendix.calls]));
  const numbers = numbersOf(runtime, reached.functions, appendix.globals);
  const { data } = reached;
  const added: Readonly<Record<number, readonly [count: number, entries: Parts]>> = {
    [SECTION.type]: [appendix.types.length + 1, [typesOf(appendix)]],
    [SECTION.element]: [appendix.table.length > 0 ? 1 : 0, [elementsOf(runtime, appendix, numbers)]],
  };
  const begin = [...(runtime.start === undefined ? [] : [runtime.start]), link.index].map(numbers.functionOf);
  const whole: Readonly<Record<number, Parts>> = {
    [SECTION.function]: functionsOf(runtime, appendix, startType, numbers),
    [SECTION.global]: globalsOf(runtime, numbers),
    [SECTION.export]: exportsOf(exported, runtime, numbers),
    [SECTION.table]: tableOf(runtime, appendix),
    [SECTION.start]: [u32(numbers.functionOf(runtime.functionCount + appendix.functions.length))],
    [SECTION.dataCount]: [u32(data.length + 1)],
    [SECTION.code]: codesOf(runtime, appendix, startCode(appendix, data.length, begin), numbers),
    [SECTION.data]: [u32(data.length + 1), ...data, ...dataOf(appendix)],
  };
  const parts: ArrayLike<number>[] = [MAGIC];
  for (const id of SECTION_ORDER) {
    const contents = whole[id];
    if (contents !== undefined) putSection(parts, id, contents);
    else appendSection(parts, id, runtime.sections.get(id), ...(added[id] ?? [0, []]));
  }
  for (const [name, text] of appendix.custom) {
    const content: Bytes = [];
    putName(content, name);
    putSection(parts, SECTION.custom, [content, new TextEncoder().encode(text)]);
  }
  return concatenate(parts);
}

function appendSection(
  parts: ArrayLike<number>[],
  id: number,
  own: RuntimeSection | undefined,
  added: number,
  entries: Parts,
): void {
  const count = (own?.count ?? 0) + added;
  if (count > 0) putSection(parts, id, [u32(count), own?.entries ?? [], ...entries]);
}

function putSection(parts: ArrayLike<number>[], id: number, contents: Parts): void {
  parts.push([id], u32(lengthOf(contents)), ...contents);
}

function u32(value: number): Bytes {
  const out: Bytes = [];
  putU32(out, value);
  return out;
}

function typesOf({ types }: Appendix): Bytes {
  const out: Bytes = [];
  for (const params of types) {
    out.push(0x60);
    putU32(out, params);
    for (let i = 0; i < params; i++) out.push(I32);
    out.push(1, I32);
  }
  out.push(0x60, 0, 0);
  return out;
}

function functionsOf(
  { functionTypes, functionImports }: RuntimeModule,
  { functions }: Appendix,
  startType: number,
  numbers: Numbers,
): readonly Bytes[] {
  const own = numbers.functions.map((index) => functionTypes[index - functionImports] as number);
  const types = [...own, ...functions.map(({ type }) => type), startType];
  const out: Bytes = [];
  for (const type of types) putU32(out, type);
  return [u32(types.length), out];
}

function globalsOf({ globalEntries }: RuntimeModule, { globals }: Numbers): Parts {
  const versions = [ABI_VERSION, ABI_MINOR_VERSION].map((version) => [I32, 0, OP.i32Const, version, OP.end]);
  return [u32(globals.length + versions.length), ...globals.map((i) => globalEntries[i] as Uint8Array), ...versions];
}

function tableOf(runtime: RuntimeModule, appendix: Appendix): readonly Bytes[] {
  const limits: Bytes = [0x70, 0];
  putU32(limits, runtime.tableSize + appendix.table.length);
  return [[1], limits];
}

function elementsOf(runtime: RuntimeModule, { table }: Appendix, { functionOf }: Numbers): Bytes {
  if (table.length === 0) return [];
  const out: Bytes = [0, OP.i32Const];
  putS32(out, runtime.tableSize);
  out.push(OP.end);
  putU32(out, table.length);
  for (const index of table) putU32(out, functionOf(index));
  return out;
}

const ABI_NAMES = new Set(["eval", "entrypoints", "builtins", "memory"]);

/** OPA's ABI and ours. */
function exportedFrom(runtime: RuntimeModule): readonly RuntimeExport[] {
  return [...runtime.exports.values()].filter(
    ({ name, kind }) =>
      (name.startsWith("opa_") || name.startsWith("rm_") || ABI_NAMES.has(name)) &&
      name !== "rm_link" &&
      (kind === KIND_FUNCTION || kind === KIND_MEMORY),
  );
}

/** Globals that can change have names too: with the memory they are an instance's whole state (policy-runtime/src/image.ts). */
function exportsOf(
  exported: readonly RuntimeExport[],
  { globalEntries }: RuntimeModule,
  { functionOf, globals }: Numbers,
): readonly Bytes[] {
  const out: Bytes = [];
  const changing = globals.flatMap((global, i) => (isMutable(globalEntries[global]) ? [i] : []));
  const put = (name: string, kind: number, index: number) => {
    putName(out, name);
    out.push(kind);
    putU32(out, index);
  };
  for (const { name, kind, index } of exported) put(name, kind, kind === KIND_FUNCTION ? functionOf(index) : index);
  changing.forEach((global, i) => {
    put(`${GLOBAL_PREFIX}${i}`, KIND_GLOBAL, global);
  });
  put("opa_wasm_abi_version", KIND_GLOBAL, globals.length);
  put("opa_wasm_abi_minor_version", KIND_GLOBAL, globals.length + 1);
  return [u32(exported.length + changing.length + 2), out];
}

/** Of an entry of the global section: its type, whether it can change, how it begins. */
function isMutable(entry: Uint8Array | undefined): boolean {
  return entry?.[1] === 1;
}

function codesOf(runtime: RuntimeModule, appendix: Appendix, start: Bytes, numbers: Numbers): Parts {
  return [
    u32(numbers.functions.length + appendix.functions.length + 1),
    ...numbers.functions.map((index) => runtimeCode(runtime, index, numbers)),
    ...appendix.functions.map(({ code }) => code(numbers)),
    u32(start.length),
    start,
  ];
}

/** Grows the memory to what the statics need, copies them in from the segment, lets the runtime begin. */
function startCode({ statics }: Appendix, segment: number, begin: readonly number[]): Bytes {
  const pages = Math.ceil(statics.heapStart / PAGE);
  const out: Bytes = [0];
  const i32Const = (value: number) => {
    out.push(OP.i32Const);
    putS32(out, value);
  };
  i32Const(pages);
  out.push(OP.memorySize, 0, OP.i32GtS, OP.if, VOID);
  i32Const(pages);
  out.push(OP.memorySize, 0, OP.i32Sub, OP.memoryGrow, 0);
  i32Const(-1);
  out.push(OP.i32Eq, OP.if, VOID, OP.unreachable, OP.end, OP.end);
  i32Const(statics.base);
  i32Const(0);
  i32Const(statics.bytes.length);
  out.push(OP.bulk, BULK.memoryInit);
  putU32(out, segment);
  out.push(0, OP.bulk, BULK.dataDrop);
  putU32(out, segment);
  begin.forEach((index, i) => {
    if (i === begin.length - 1) i32Const(statics.base); // rm_link's
    out.push(OP.call);
    putU32(out, index);
  });
  out.push(OP.end);
  return out;
}

function dataOf({ statics }: Appendix): Parts {
  return [[1], u32(statics.bytes.length), statics.bytes];
}

function concatenate(parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as ArrayLike<number>;
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function lengthOf(parts: Parts): number {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += (parts[i] as ArrayLike<number>).length;
  return length;
}
