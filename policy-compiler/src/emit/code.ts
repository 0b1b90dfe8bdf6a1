/**
 * The body of one function under way: its bytes, its locals, its open labels, and the
 * places where addresses of statics go in once they are known.
 *
 * A *frame* is a region of core, known by its label: what leaves it branches to its end. A frame of a `with` has
 * something to put back when it is left.
 */
import { EmitError } from "../core/error.ts";
import type { Label, Op } from "../core/op.ts";
import type { Local } from "../core/value.ts";
import { codeEntry, type Numbers, siteAt } from "../link/renumber.ts";
import { type Addresses, atomOf, constantOf, type Statics } from "../link/statics.ts";
import { type Bytes, ByteWriter, I32, OP, putU32, VOID } from "../wasm/encode.ts";
import type { RuntimeCalls, RuntimeFunction, RuntimeGlobal } from "./runtime-calls.ts";

/** V8 refuses a function with more. */
const LOCALS_MAX = 50_000;
/** Bytes of an address in code: a signed LEB128 of 28 bits, padded, written when all statics are known. */
const ADDRESS_BYTES = 4;
const ADDRESS_END = 1 << 27;

export type Body = {
  readonly name: string;
  readonly calls: RuntimeCalls;
  readonly statics: Statics;
  /** Functions that the module calls, the runtime's among them; grows. */
  readonly called: Set<number>;
  /** Globals of the runtime that it names; grows. */
  readonly named: Set<number>;
  readonly code: ByteWriter;
  readonly patches: Patches;
  /** Where functions and globals are named. */
  readonly sites: number[];
  /** Where in WebAssembly core's locals are. */
  readonly locals: Map<Local, number>;
  /** Locals of WebAssembly that nothing needs any more. */
  readonly free: number[];
  readonly params: number;
  localCount: number;
  /** Labels open around the next instruction. */
  labels: number;
  readonly frames: Frame[];
};

export type Frame = {
  readonly label: Label;
  /** Labels open inside of it. */
  readonly labels: number;
  readonly restore: Restore | undefined;
};

/** What a `with` statement puts back. */
export type Restore = { readonly target: number; readonly saved: number; readonly generation: number };

type AddressKind = keyof Addresses;
/** Three columns: places in the code, and which address each wants. */
type Patches = { readonly at: number[]; readonly kind: AddressKind[]; readonly index: number[] };

export function newBody(
  name: string,
  params: number,
  { calls, statics, called, named }: Pick<Body, "calls" | "statics" | "called" | "named">,
): Body {
  return {
    name,
    calls,
    statics,
    called,
    named,
    params,
    code: new ByteWriter(),
    patches: { at: [], kind: [], index: [] },
    sites: [],
    locals: new Map(),
    free: [],
    localCount: params,
    labels: 0,
    frames: [],
  };
}

// ── locals ──

export function newLocal(body: Body): number {
  if (body.localCount >= LOCALS_MAX) throw new EmitError(`${body.name} needs more than ${LOCALS_MAX} locals`);
  return body.localCount++;
}

/** Stands for a local whose lifetime is over. */
const ENDED = -1;

/** Where the local is; all begin undefined (0), but for those that are written before anything reads them. */
export function placeOf(body: Body, local: Local): number {
  const known = body.locals.get(local);
  if (known === ENDED) throw new EmitError(`${body.name} uses local ${local.id} where it has none any more`);
  if (known !== undefined) return known;
  const place = (local.isPassing ? body.free.pop() : undefined) ?? newLocal(body);
  body.locals.set(local, place);
  return place;
}

/** Behind an op and all that is inside of it: what it was the last to use gives its place away. */
export function endLocals(body: Body, { ends }: Op): void {
  for (let i = 0; i < ends.length; i++) {
    const local = ends[i] as Local;
    const place = body.locals.get(local);
    if (place === undefined) continue; // never built
    body.locals.set(local, ENDED);
    body.free.push(place);
  }
}

export function get(body: Body, local: number): void {
  body.code.pushU32(OP.localGet, local);
}

export function set(body: Body, local: number): void {
  body.code.pushU32(OP.localSet, local);
}

export function tee(body: Body, local: number): void {
  body.code.pushU32(OP.localTee, local);
}

// ── constants, globals, calls ──

export function i32Const(body: Body, value: number): void {
  body.code.pushS32(OP.i32Const, value);
}

export function i64Const(body: Body, value: number): void {
  body.code.pushS32(OP.i64Const, value);
}

function address(body: Body, kind: AddressKind, index: number): void {
  const { at, kind: kinds, index: indexes } = body.patches;
  at.push(body.code.pushRoom(OP.i32Const, ADDRESS_BYTES));
  kinds.push(kind);
  indexes.push(index);
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

export function load(body: Body, offset: number): void {
  body.code.pushAccess(OP.i32Load, offset);
}

export function store(body: Body, offset: number): void {
  body.code.pushAccess(OP.i32Store, offset);
}

export function globalGet(body: Body, name: RuntimeGlobal): void {
  nameGlobal(body, OP.globalGet, name);
}

export function globalSet(body: Body, name: RuntimeGlobal): void {
  nameGlobal(body, OP.globalSet, name);
}

function nameGlobal(body: Body, opcode: number, name: RuntimeGlobal): void {
  const index = body.calls.globals[name];
  body.named.add(index);
  body.sites.push(siteAt(body.code.pushU32(opcode, index), true));
}

export function call(body: Body, name: RuntimeFunction): void {
  callIndex(body, body.calls.functions[name]);
}

export function callIndex(body: Body, index: number): void {
  body.called.add(index);
  body.sites.push(siteAt(body.code.pushU32(OP.call, index), false));
}

export function op(body: Body, opcode: number, second?: number, third?: number): void {
  body.code.push(opcode);
  if (second !== undefined) body.code.push(second);
  if (third !== undefined) body.code.push(third);
}

// ── labels and frames ──

export function open(body: Body, opcode: typeof OP.block | typeof OP.loop | typeof OP.if, type: number = VOID): number {
  body.code.push(opcode);
  body.code.push(type);
  return ++body.labels;
}

export function close(body: Body): void {
  body.code.push(OP.end);
  body.labels--;
}

/** Branches to the label that `open` returned. */
export function br(body: Body, label: number, opcode: typeof OP.br | typeof OP.brIf = OP.br): void {
  body.code.pushU32(opcode, body.labels - label);
}

/** Opens a region, until `closeFrame`. */
export function openFrame(body: Body, label: Label, restore?: Restore): void {
  const labels = open(body, OP.block);
  body.frames.push({ label, labels, restore });
}

export function closeFrame(body: Body): void {
  body.frames.pop();
  close(body);
}

/** Goes to the end of the region. */
export function exitHere(body: Body, exit: Label): void {
  br(body, exitLabel(body, exit));
}

/** Goes to the end of the region if the i32 on the stack is not 0. */
export function exitIf(body: Body, exit: Label): void {
  br(body, exitLabel(body, exit), OP.brIf);
}

/** What `br` takes to get to the end of the region: out of no `with`, for nothing would be put back. */
export function exitLabel(body: Body, exit: Label): number {
  const { labels } = frameOf(body, exit, ({ restore }) => {
    if (restore !== undefined) throw new EmitError(`${body.name} leaves a modifier where it may not`);
  });
  return labels;
}

/** The frame of a region; visits those inside of it first. */
function frameOf(body: Body, label: Label, inside: (frame: Frame) => void): Frame {
  for (let i = body.frames.length - 1; i >= 0; i--) {
    const frame = body.frames[i] as Frame;
    if (frame.label === label) return frame;
    inside(frame);
  }
  throw new EmitError(`${body.name} leaves a region that it is not in`);
}

/** Goes to the end of the region, undoing every `with` that is left from inside. */
export function leave(body: Body, exit: Label): void {
  const { labels } = frameOf(body, exit, ({ restore }) => putBack(body, restore));
  br(body, labels);
}

/** Undoes a `with`. */
export function putBack(body: Body, restore: Restore | undefined): void {
  if (restore === undefined) return;
  get(body, restore.saved);
  set(body, restore.target);
  get(body, restore.generation);
  globalSet(body, "memoGeneration");
}

// ── the whole ──

/** The entry of the code section: size, locals, instructions. */
export function finish(body: Body, addresses: Addresses, numbers: Numbers): Uint8Array {
  const written = body.code.bytes;
  const { at, kind, index } = body.patches;
  for (let i = 0; i < at.length; i++) {
    patch(written, at[i] as number, addresses[kind[i] as AddressKind](index[i] as number));
  }
  const extra = body.localCount - body.params;
  const head: Bytes = [];
  if (extra === 0) head.push(0);
  else {
    head.push(1);
    putU32(head, extra);
    head.push(I32);
  }
  return codeEntry(head, written, body.sites, numbers);
}

function patch(code: Uint8Array, at: number, value: number): void {
  if (value >= ADDRESS_END) throw new EmitError(`the policy's constants need more than ${ADDRESS_END >> 20} MiB`);
  code[at] = (value & 0x7f) | 0x80;
  code[at + 1] = ((value >>> 7) & 0x7f) | 0x80;
  code[at + 2] = ((value >>> 14) & 0x7f) | 0x80;
  code[at + 3] = value >>> 21;
}
