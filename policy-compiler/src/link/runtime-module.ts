/**
 * The prebuilt runtime, taken apart once: its sections as bytes, and what the linker must
 * know of them. What is linked is appended to each section; functions and globals that a
 * module leaves out have no number in it (renumber.ts).
 */
import { SECTION } from "../wasm/encode.ts";
import { REACH_SECTION, type Reach } from "./reach.ts";

export type RuntimeModule = {
  /** Content by section id: the count of its entries, and the entries' bytes. */
  readonly sections: ReadonlyMap<number, RuntimeSection>;
  readonly exports: ReadonlyMap<string, RuntimeExport>;
  readonly typeCount: number;
  readonly functionImports: number;
  readonly functionCount: number;
  readonly globalValues: ReadonlyMap<number, number>;
  /** Entries of the global section. */
  readonly globalEntries: readonly Uint8Array[];
  /** Types of the functions that are not imported. */
  readonly functionTypes: readonly number[];
  readonly tableSize: number;
  readonly memoryPages: number;
  /** Entries of the code section, each with its size before it. */
  readonly codes: readonly Uint8Array[];
  /** Entries of the data section. */
  readonly data: readonly RuntimeData[];
  readonly reach: Reach;
  readonly start: number | undefined;
  /** Numbers of parameters and results of a function that is not imported. */
  readonly signatureOf: (index: number) => Signature;
};

export type Signature = { readonly params: number; readonly results: number };

export type RuntimeSection = { readonly count: number; readonly entries: Uint8Array };
/** A data segment: its place in memory, and the whole entry. */
export type RuntimeData = { readonly from: number; readonly to: number; readonly entry: Uint8Array };
export type RuntimeExport = { readonly name: string; readonly kind: number; readonly index: number };

export const KIND_FUNCTION = 0;
export const KIND_MEMORY = 2;
export const KIND_GLOBAL = 3;

type Reader = { readonly bytes: Uint8Array; at: number };

/** Throws where the bytes are no module of the expected shape: the runtime is ours. */
export function parseRuntime(bytes: Uint8Array): RuntimeModule {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (!magic.every((byte, i) => bytes[i] === byte)) throw new Error("the policy runtime is not a WebAssembly module");
  const reader: Reader = { bytes, at: 8 };
  const sections = new Map<number, RuntimeSection>();
  let start: number | undefined;
  let reach: Reach | undefined;
  while (reader.at < bytes.length) {
    const id = bytes[reader.at++] as number;
    const size = readU32(reader);
    const end = reader.at + size;
    if (id === SECTION.start) start = readU32(reader);
    else if (id === SECTION.dataCount) sections.set(id, { count: readU32(reader), entries: new Uint8Array() });
    else if (id === SECTION.custom) {
      if (readName(reader) === REACH_SECTION) reach = JSON.parse(textOf(bytes.subarray(reader.at, end))) as Reach;
    } else {
      const count = readU32(reader);
      sections.set(id, { count, entries: bytes.subarray(reader.at, end) });
    }
    reader.at = end;
  }
  if (reach === undefined) throw new Error("the policy runtime does not say what its exports reach");
  const imports = readImports(sections.get(SECTION.import));
  const functions = sections.get(SECTION.function)?.count ?? 0;
  const signatures = readSignatures(sections.get(SECTION.type));
  const globals = readGlobals(sections.get(SECTION.global));
  const functionTypes = readIndexes(sections.get(SECTION.function));
  return {
    sections,
    exports: readExports(sections.get(SECTION.export)),
    typeCount: sections.get(SECTION.type)?.count ?? 0,
    functionImports: imports.functions,
    functionCount: imports.functions + functions,
    globalValues: globals.values,
    globalEntries: globals.entries,
    functionTypes,
    tableSize: readTableSize(sections.get(SECTION.table)),
    memoryPages: imports.memoryPages,
    codes: readCodes(sections.get(SECTION.code)),
    data: readData(sections.get(SECTION.data)),
    reach,
    start,
    signatureOf: (index) => signatures[functionTypes[index - imports.functions] as number] as Signature,
  };
}

function readU32(reader: Reader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
}

function readS32(reader: Reader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return shift < 25 && byte & 0x40 ? value | (-1 << (shift + 7)) : value;
  }
}

function readName(reader: Reader): string {
  const length = readU32(reader);
  reader.at += length;
  return textOf(reader.bytes.subarray(reader.at - length, reader.at));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function readImports(section: RuntimeSection | undefined): { functions: number; memoryPages: number } {
  let functions = 0;
  let memoryPages = 0;
  if (section === undefined) return { functions, memoryPages };
  const reader: Reader = { bytes: section.entries, at: 0 };
  for (let i = 0; i < section.count; i++) {
    readName(reader);
    readName(reader);
    const kind = reader.bytes[reader.at++];
    if (kind === KIND_FUNCTION) {
      readU32(reader);
      functions++;
    } else if (kind === KIND_MEMORY) {
      const flags = readU32(reader);
      memoryPages = readU32(reader);
      if (flags & 1) readU32(reader);
    } else throw new Error("the policy runtime imports something else than functions and memory");
  }
  return { functions, memoryPages };
}

function readExports(section: RuntimeSection | undefined): ReadonlyMap<string, RuntimeExport> {
  const found = new Map<string, RuntimeExport>();
  if (section === undefined) return found;
  const reader: Reader = { bytes: section.entries, at: 0 };
  for (let i = 0; i < section.count; i++) {
    const name = readName(reader);
    const kind = reader.bytes[reader.at++] as number;
    found.set(name, { name, kind, index: readU32(reader) });
  }
  return found;
}

type Globals = { readonly values: ReadonlyMap<number, number>; readonly entries: readonly Uint8Array[] };

/** Entries of the globals, and values of those that begin with an i32 constant. */
function readGlobals(section: RuntimeSection | undefined): Globals {
  const values = new Map<number, number>();
  const entries: Uint8Array[] = [];
  if (section === undefined) return { values, entries };
  const reader: Reader = { bytes: section.entries, at: 0 };
  for (let i = 0; i < section.count; i++) {
    const begin = reader.at;
    const type = reader.bytes[reader.at];
    reader.at += 2;
    const opcode = reader.bytes[reader.at++];
    if (opcode === 0x41) values.set(i, readS32(reader));
    else if (opcode === 0x42) while ((reader.bytes[reader.at++] as number) >= 0x80);
    else if (opcode === 0x43) reader.at += 4;
    else if (opcode === 0x44) reader.at += 8;
    else throw new Error(`the policy runtime has a global of type ${type} with an unknown initial value`);
    reader.at++;
    entries.push(reader.bytes.subarray(begin, reader.at));
  }
  return { values, entries };
}

function readTableSize(section: RuntimeSection | undefined): number {
  if (section === undefined) return 0;
  const reader: Reader = { bytes: section.entries, at: 1 };
  readU32(reader);
  return readU32(reader);
}

function readIndexes(section: RuntimeSection | undefined): readonly number[] {
  if (section === undefined) return [];
  const reader: Reader = { bytes: section.entries, at: 0 };
  return Array.from({ length: section.count }, () => readU32(reader));
}

function readSignatures(section: RuntimeSection | undefined): readonly Signature[] {
  if (section === undefined) return [];
  const reader: Reader = { bytes: section.entries, at: 0 };
  const types = (): number => {
    const count = readU32(reader);
    reader.at += count;
    return count;
  };
  return Array.from({ length: section.count }, () => {
    if (reader.bytes[reader.at++] !== 0x60) throw new Error("the policy runtime has a type that is no function's");
    return { params: types(), results: types() };
  });
}

function readCodes(section: RuntimeSection | undefined): readonly Uint8Array[] {
  if (section === undefined) return [];
  const reader: Reader = { bytes: section.entries, at: 0 };
  return Array.from({ length: section.count }, () => {
    const from = reader.at;
    const size = readU32(reader);
    reader.at += size;
    return reader.bytes.subarray(from, reader.at);
  });
}

function readData(section: RuntimeSection | undefined): readonly RuntimeData[] {
  if (section === undefined) return [];
  const reader: Reader = { bytes: section.entries, at: 0 };
  return Array.from({ length: section.count }, () => {
    const begin = reader.at;
    if (readU32(reader) !== 0 || reader.bytes[reader.at++] !== 0x41) {
      throw new Error("the policy runtime has a data segment without a constant place");
    }
    const from = readS32(reader);
    reader.at++;
    const length = readU32(reader);
    reader.at += length;
    return { from, to: from + length, entry: reader.bytes.subarray(begin, reader.at) };
  });
}
