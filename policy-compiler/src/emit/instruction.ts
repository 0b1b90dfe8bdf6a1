/**
 * Instructions of one function, written one behind the other. In a process that has just started, where nothing is optimised
 * yet, a call costs more than what it does here: each writes its bytes itself, and `get` and `set`, which are half of all,
 * call nothing.
 */
import { type AddressKind, atomOf, constantOf } from "../link/statics.ts";
import { type ByteWriter, OP, VOID, WORD_ALIGNED } from "../wasm/encode.ts";
import { ADDRESS_BYTES, type Body } from "./body.ts";
import type { RuntimeFunction, RuntimeGlobal } from "./runtime-calls.ts";

export function get({ code }: Body, local: number): void {
  const at = code.length;
  if (local < 0x80 && at <= code.full) {
    code.block[at] = OP.localGet;
    code.block[at + 1] = local;
    code.length = at + 2;
  } else u32(code, OP.localGet, local);
}

export function set({ code }: Body, local: number): void {
  const at = code.length;
  if (local < 0x80 && at <= code.full) {
    code.block[at] = OP.localSet;
    code.block[at + 1] = local;
    code.length = at + 2;
  } else u32(code, OP.localSet, local);
}

export function tee({ code }: Body, local: number): void {
  u32(code, OP.localTee, local);
}

/** An opcode, and an unsigned LEB128 behind it; gives its place. */
function u32(code: ByteWriter, opcode: number, value: number): number {
  if (code.length > code.full) code.grow();
  const { block } = code;
  const first = code.length + 1;
  block[first - 1] = opcode;
  let at = first;
  let left = value >>> 0;
  for (; left >= 0x80; left >>>= 7) block[at++] = (left & 0x7f) | 0x80;
  block[at] = left;
  code.length = at + 1;
  return first;
}

// ── constants, globals, calls ──

export function i32Const({ code }: Body, value: number): void {
  const at = code.length;
  if (value >= -0x40 && value < 0x40 && at <= code.full) {
    code.block[at] = OP.i32Const;
    code.block[at + 1] = value & 0x7f;
    code.length = at + 2;
  } else s32(code, OP.i32Const, value);
}

/** An opcode, and a signed LEB128 of a 32-bit integer behind it. */
function s32(code: ByteWriter, opcode: number, value: number): void {
  if (code.length > code.full) code.grow();
  const { block } = code;
  let at = code.length;
  block[at++] = opcode;
  let left = value | 0;
  for (; left < -0x40 || left > 0x3f; left >>= 7) block[at++] = (left & 0x7f) | 0x80;
  block[at++] = left & 0x7f;
  code.length = at;
}

/** Room for an address, which is not known yet. */
function address({ code, patches }: Body, kind: AddressKind, index: number): void {
  if (code.length > code.full) code.grow();
  const at = code.length + 1;
  code.block[at - 1] = OP.i32Const;
  code.length = at + ADDRESS_BYTES;
  patches.at.push(at);
  patches.kind.push(kind);
  patches.index.push(index);
}

/** A constant string. */
export function atom(body: Body, text: string): void {
  address(body, "atom", atomOf(body.statics, text));
}

/** A constant that is no string, from its text (JSON, or Rego's sets). */
export function constant(body: Body, text: string): void {
  address(body, "value", constantOf(body.statics, text));
  load(body, 0);
}

export function memoAddress(body: Body, slot: number): void {
  address(body, "memo", slot);
}

export function slotAddress(body: Body, slot: number): void {
  address(body, "slot", slot);
}

export function markAddress(body: Body, rule: number): void {
  address(body, "mark", rule);
}

export function indexAddress(body: Body, word: number): void {
  address(body, "index", word);
}

export function load({ code }: Body, offset: number): void {
  access(code, OP.i32Load, offset);
}

export function store({ code }: Body, offset: number): void {
  access(code, OP.i32Store, offset);
}

/** An access to memory, of words at words' places; offsets are those of fields. */
function access(code: ByteWriter, opcode: number, offset: number): void {
  if (code.length > code.full) code.grow();
  const { block } = code;
  const at = code.length;
  block[at] = opcode;
  block[at + 1] = WORD_ALIGNED;
  block[at + 2] = offset;
  code.length = at + 3;
}

export function globalGet(body: Body, name: RuntimeGlobal): void {
  nameGlobal(body, OP.globalGet, name);
}

export function globalSet(body: Body, name: RuntimeGlobal): void {
  nameGlobal(body, OP.globalSet, name);
}

function nameGlobal({ calls, named, sites, code }: Body, opcode: number, name: RuntimeGlobal): void {
  const index = calls.globals[name];
  named.add(index);
  sites.push(u32(code, opcode, index) * 2 + 1);
}

export function call({ calls, called, sites, code }: Body, name: RuntimeFunction): void {
  const index = calls.functions[name];
  called.add(index);
  sites.push(u32(code, OP.call, index) * 2);
}

export function callIndex({ called, sites, code }: Body, index: number): void {
  called.add(index);
  sites.push(u32(code, OP.call, index) * 2);
}

export function op({ code }: Body, opcode: number, second?: number, third?: number): void {
  if (code.length > code.full) code.grow();
  const { block } = code;
  let at = code.length;
  block[at++] = opcode;
  if (second !== undefined) block[at++] = second;
  if (third !== undefined) block[at++] = third;
  code.length = at;
}

/** What stands behind an opcode. */
const Operand = { none: 0, unsigned: 1, signed: 2, byte: 3, global: 4, called: 5, access: 6 } as const;
const OPERANDS = operandsOf({
  [OP.localGet]: Operand.unsigned,
  [OP.localSet]: Operand.unsigned,
  [OP.localTee]: Operand.unsigned,
  [OP.br]: Operand.unsigned,
  [OP.brIf]: Operand.unsigned,
  [OP.i32Const]: Operand.signed,
  [OP.i64Const]: Operand.signed,
  [OP.if]: Operand.byte,
  [OP.globalGet]: Operand.global,
  [OP.globalSet]: Operand.global,
  [OP.call]: Operand.called,
  [OP.i32Load]: Operand.access,
  [OP.i32Load8]: Operand.access,
  [OP.i32Store]: Operand.access,
});

function operandsOf(known: Readonly<Record<number, number>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [opcode, operand] of Object.entries(known)) table[Number(opcode)] = operand;
  return table;
}

/**
 * Instructions that always stand together, by one call: each opcode with its operand behind it, where it has one. Of an
 * access to memory that is its offset; labels are told by their depth.
 */
export function several({ code, named, called, sites }: Body, parts: readonly number[]): void {
  for (let i = 0; i < parts.length; i++) {
    if (code.length > code.full) code.grow();
    const { block } = code;
    let at = code.length;
    const opcode = parts[i] as number;
    block[at++] = opcode;
    const kind = OPERANDS[opcode] as number;
    if (kind !== Operand.none) {
      let left = parts[++i] as number;
      if (kind === Operand.signed) {
        for (; left < -0x40 || left > 0x3f; left >>= 7) block[at++] = (left & 0x7f) | 0x80;
        block[at++] = left & 0x7f;
      } else if (kind === Operand.byte) block[at++] = left;
      else {
        if (kind === Operand.access) block[at++] = opcode === OP.i32Load8 ? 0 : WORD_ALIGNED;
        else if (kind === Operand.global) {
          named.add(left);
          sites.push(at * 2 + 1);
        } else if (kind === Operand.called) {
          called.add(left);
          sites.push(at * 2);
        }
        for (; left >= 0x80; left >>>= 7) block[at++] = (left & 0x7f) | 0x80;
        block[at++] = left;
      }
    }
    code.length = at;
  }
}

// ── labels ──

/** Gives the label that `br` takes. */
export function open(body: Body, opcode: typeof OP.block | typeof OP.loop | typeof OP.if, type: number = VOID): number {
  const { code } = body;
  if (code.length > code.full) code.grow();
  code.block[code.length++] = opcode;
  code.block[code.length++] = type;
  return ++body.labels;
}

export function close(body: Body): void {
  const { code } = body;
  if (code.length > code.full) code.grow();
  code.block[code.length++] = OP.end;
  body.labels--;
}

/** Branches to the label that `open` returned. */
export function br(body: Body, label: number, opcode: typeof OP.br | typeof OP.brIf = OP.br): void {
  const { code } = body;
  const depth = body.labels - label;
  const at = code.length;
  if (depth < 0x80 && at <= code.full) {
    code.block[at] = opcode;
    code.block[at + 1] = depth;
    code.length = at + 2;
  } else u32(code, opcode, depth);
}
