/**
 * The body of one function under way: its bytes, its locals, its open labels, and the
 * places where addresses of statics go in once they are known.
 */
import { EmitError, type EmitErrorOptions } from "../core/error.ts";
import type { Label, Op, Region } from "../core/op.ts";
import { type Local, NOWHERE } from "../core/value.ts";
import { eachOp } from "../core/walk.ts";
import { codeEntry, type Numbers } from "../link/renumber.ts";
import type { Addresses, AddressKind, Statics } from "../link/statics.ts";
import { type Bytes, type ByteWriter, I32, OP, putU32 } from "../wasm/encode.ts";
import type { Places } from "./policy-context.ts";
import type { RuntimeCalls } from "./runtime-calls.ts";

/** V8 refuses a function with more of any. */
const LOCALS_MAX = 50_000;
const PARAMS_MAX = 1000;
const BYTES_MAX = 7_654_321;
const SPLIT = "split it into rules";
/** Bytes of an address in code: a signed LEB128 of 28 bits, padded, written when all statics are known. */
export const ADDRESS_BYTES = 4;
const ADDRESS_END = 1 << 27;

export type Body = {
  readonly name: string;
  readonly placeOf: PlaceOf;
  readonly calls: RuntimeCalls;
  readonly statics: Statics;
  /** Functions that the module calls, the runtime's among them; grows. */
  readonly called: Set<number>;
  /** Globals of the runtime that it names; grows. */
  readonly named: Set<number>;
  /** The module's, for one body after the other. */
  readonly code: ByteWriter;
  readonly patches: Patches;
  /** Where functions and globals are named. */
  readonly sites: number[];
  /** Core's locals that have had a place, until the function is emitted. */
  readonly placed: Local[];
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

/** The place in the policy's text that it is made of, where it is of any. */
type PlaceOf = () => EmitErrorOptions["place"];

/** Three columns: places in the code, and which address each wants. */
type Patches = { readonly at: number[]; readonly kind: AddressKind[]; readonly index: number[] };

/** Throws EmitError where it takes more parameters than a function may. */
export function newBody(
  name: string,
  params: number,
  { calls, statics, called, named, code, places }: Shared,
  regions: readonly Region[] = [],
): Body {
  code.length = 0;
  const placeOf: PlaceOf = () => findPlace(regions, places);
  if (params > PARAMS_MAX) throw tooLarge({ name, placeOf }, `${PARAMS_MAX} parameters`, "pass an object");
  return {
    name,
    placeOf,
    calls,
    statics,
    called,
    named,
    params,
    code,
    patches: { at: [], kind: [], index: [] },
    sites: [],
    placed: [],
    free: [],
    localCount: params,
    labels: 0,
    frames: [],
  };
}

type Shared = Pick<Body, "calls" | "statics" | "called" | "named" | "code"> & { readonly places: Places };

/** Of the first op that has one, or of the first rule that it marks. */
function findPlace(regions: readonly Region[], { files, rules }: Places): EmitErrorOptions["place"] {
  let place: EmitErrorOptions["place"];
  let marked: EmitErrorOptions["place"];
  eachOp(regions, (op) => {
    const { file, row = 1, col = 1 } = op.at;
    if (file !== undefined) place ??= { file: files[file] ?? "", row, column: col };
    if (op.kind === "mark" && typeof op.rule === "number") marked ??= rules[op.rule];
  });
  return place ?? marked;
}

function tooLarge({ name, placeOf }: Pick<Body, "name" | "placeOf">, most: string, hint: string): EmitError {
  const place = placeOf();
  const options = { code: "policy_too_large", hint, ...(place === undefined ? {} : { place }) } as const;
  return new EmitError(`${name} needs more than ${most}`, options);
}

// ── locals ──

export function newLocal(body: Body): number {
  if (body.localCount >= LOCALS_MAX) throw tooLarge(body, `${LOCALS_MAX} locals`, SPLIT);
  return body.localCount++;
}

/** Stands for the place of a local whose lifetime is over. */
const ENDED = -2;

/** Where the local is; all begin undefined (0), but for those that are written before anything reads them. */
export function placeOf(body: Body, local: Local): number {
  const { place } = local;
  if (place >= 0) return place;
  if (place === ENDED) throw new EmitError(`${body.name} uses local ${local.id} where it has none any more`);
  local.place = (local.isPassing ? body.free.pop() : undefined) ?? newLocal(body);
  body.placed.push(local);
  return local.place;
}

export function putAt({ placed }: Body, local: Local, place: number): void {
  local.place = place;
  placed.push(local);
}

/** Behind an op and all that is inside of it: what it was the last to use gives its place away. */
export function endLocals(body: Body, { ends }: Op): void {
  for (let i = 0; i < ends.length; i++) {
    const local = ends[i] as Local;
    if (local.place < 0) continue; // never built
    body.free.push(local.place);
    local.place = ENDED;
  }
}

/** A body that is emitted: what is left of it until the statics have their places. */
export type Emitted = Pick<Body, "name" | "placeOf" | "params" | "localCount" | "patches" | "sites"> & {
  readonly written: Uint8Array;
};

/** Ends the function. */
export function endBody(body: Body): Emitted {
  body.code.push(OP.end);
  for (let i = 0; i < body.placed.length; i++) (body.placed[i] as Local).place = NOWHERE;
  const { name, placeOf, code, params, localCount, patches, sites } = body;
  return { name, placeOf, params, localCount, patches, sites, written: code.block.slice(0, code.length) };
}

/** The entry of the code section: size, locals, instructions. Throws EmitError where it is larger than one may be. */
export function finish(body: Emitted, addresses: Addresses, numbers: Numbers): Uint8Array {
  const { written } = body;
  const { at, kind, index } = body.patches;
  for (let i = 0; i < at.length; i++) {
    const { first, size } = addresses[kind[i] as AddressKind];
    const value = first + (index[i] as number) * size;
    if (value >= ADDRESS_END) throw new EmitError(`the policy's constants need more than ${ADDRESS_END >> 20} MiB`);
    const place = at[i] as number;
    written[place] = (value & 0x7f) | 0x80;
    written[place + 1] = ((value >>> 7) & 0x7f) | 0x80;
    written[place + 2] = ((value >>> 14) & 0x7f) | 0x80;
    written[place + 3] = value >>> 21;
  }
  const extra = body.localCount - body.params;
  const head: Bytes = [];
  if (extra === 0) head.push(0);
  else {
    head.push(1);
    putU32(head, extra);
    head.push(I32);
  }
  const entry = codeEntry(head, written, body.sites, numbers);
  if (entry.length > BYTES_MAX) throw tooLarge(body, `${BYTES_MAX} bytes of code`, SPLIT);
  return entry;
}
