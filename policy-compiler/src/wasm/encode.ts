/** Writing WebAssembly (core specification, "Binary Format"): numbers, sections, the opcodes that we emit. */
export type Bytes = number[];

/** More than any instruction of the emitter has. */
const INSTRUCTION_MAX = 16;

/**
 * Bytes in one growing block, which is public: instructions are written where they are named (emit/instruction.ts), for in a
 * process that has just started a call costs more than the bytes of an instruction.
 */
export class ByteWriter {
  block: Uint8Array = new Uint8Array(4096);
  /** Bytes so far. */
  length = 0;
  /** Up to here there is room for one more instruction. */
  full: number = this.block.length - INSTRUCTION_MAX;

  grow(): void {
    const grown = new Uint8Array(this.block.length * 2);
    grown.set(this.block);
    this.block = grown;
    this.full = grown.length - INSTRUCTION_MAX;
  }

  push(byte: number): void {
    if (this.length > this.full) this.grow();
    this.block[this.length++] = byte;
  }
}

/** What takes bytes one after the other: an array for little, ByteWriter for much. */
export interface Sink {
  push(byte: number): unknown;
}

/** Words of four bytes, as the binary format says it. */
export const WORD_ALIGNED = 2;

export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Load: 0x28,
  i32Load8: 0x2d,
  i32Store: 0x36,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32GeS: 0x4e,
  i64LtS: 0x53,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
  i32Shl: 0x74,
  i64Sub: 0x7d,
  bulk: 0xfc,
} as const;

/** What follows OP.bulk. */
export const BULK = { memoryInit: 8, dataDrop: 9 } as const;

export const I32 = 0x7f;
export const VOID = 0x40;

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Order in which sections must stand. */
export const SECTION_ORDER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11] as const;

export function putU32(out: Sink, value: number): void {
  let left = value >>> 0;
  while (left >= 0x80) {
    out.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  out.push(left);
}

/** Signed LEB128 of a 32-bit integer. */
export function putS32(out: Sink, value: number): void {
  let left = value | 0;
  while (left < -0x40 || left > 0x3f) {
    out.push((left & 0x7f) | 0x80);
    left >>= 7;
  }
  out.push(left & 0x7f);
}

function putBytes(out: Bytes, bytes: ArrayLike<number>): void {
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i] as number);
}

const ENCODER = new TextEncoder();

export function putName(out: Bytes, name: string): void {
  const bytes = ENCODER.encode(name);
  putU32(out, bytes.length);
  putBytes(out, bytes);
}
