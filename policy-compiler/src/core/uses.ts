/**
 * What an op reads, grows and writes, for passes that ask this of each op: one call fills rows that are gone through without
 * another. In a process that has just started, where nothing is optimised yet, a call for each local costs more than
 * what is done with it (walk.ts has the same with a function for each).
 */
import type { Op, Region } from "./op.ts";
import { type Local, UNCOUNTED, type Value } from "./value.ts";
import { eachRead, eachWrite, grownBy, HOLDS_REGIONS, regionsOf } from "./walk.ts";

/** Of the op that `findUses` was last asked about: the first `reads` and `writes` of the rows are its. */
export type Uses = {
  /** Locals that it reads, without the collection that it grows. */
  readonly read: Local[];
  reads: number;
  grown: Local | undefined;
  readonly written: Local[];
  writes: number;
};

export function newUses(): Uses {
  return { read: [], reads: 0, grown: undefined, written: [], writes: 0 };
}

/** What most ops are comes first: a switch over texts compares them one after the other. */
export function findUses(op: Op, uses: Uses): void {
  const { read, written } = uses;
  let reads = 0;
  let writes = 0;
  uses.grown = undefined;
  switch (op.kind) {
    case "test":
      if (op.a.kind === "local") read[reads++] = op.a;
      if (op.b?.kind === "local") read[reads++] = op.b;
      break;
    case "get":
      if (op.source.kind === "local") read[reads++] = op.source;
      if (op.key.kind === "local") read[reads++] = op.key;
      written[writes++] = op.target;
      break;
    case "assign":
    case "input":
    case "length":
      if (op.source.kind === "local") read[reads++] = op.source;
      written[writes++] = op.target;
      break;
    case "regions":
    case "leave":
    case "not":
    case "give-up":
      break;
    case "mark":
      if (typeof op.rule !== "number") read[reads++] = op.rule;
      break;
    case "assign-once":
      if (op.source.kind === "local") read[reads++] = op.source;
      read[reads++] = op.target;
      written[writes++] = op.target;
      break;
    case "return":
    case "result":
      if (op.value.kind === "local") read[reads++] = op.value;
      break;
    case "loop":
      read[reads++] = op.source;
      written[writes++] = op.key;
      written[writes++] = op.value;
      break;
    case "call":
      for (let i = 0; i < op.args.length; i++) {
        const arg = op.args[i] as Value;
        if (arg.kind === "local") read[reads++] = arg;
      }
      written[writes++] = op.target;
      break;
    case "grow":
      if (op.key?.kind === "local") read[reads++] = op.key;
      if (op.value.kind === "local") read[reads++] = op.value;
      uses.grown = op.collection;
      break;
    case "make":
      written[writes++] = op.target;
      break;
    case "narrow":
      read[reads++] = op.source;
      read[reads++] = op.data;
      for (let i = 0; i < op.keys.length; i++) {
        const key = op.keys[i] as Value;
        if (key.kind === "local") read[reads++] = key;
      }
      written[writes++] = op.target;
      if (op.sure !== undefined) written[writes++] = op.sure;
      break;
    default:
      findOthers(op, uses);
      return;
  }
  uses.reads = reads;
  uses.writes = writes;
}

/** The same of ops that are few. */
function findOthers(op: Op, uses: Uses): void {
  uses.reads = 0;
  uses.writes = 0;
  eachRead(op, (value) => {
    if (value.kind === "local") uses.read[uses.reads++] = value;
  });
  eachWrite(op, (local) => {
    uses.written[uses.writes++] = local;
  });
  uses.grown = grownBy(op);
}

/** Counts, in each local's `reads` until `forgetReads`, how often the regions read it at any depth; gives the locals that they read. */
export function countReads(regions: readonly Region[], uses: Uses): readonly Local[] {
  const locals: Local[] = [];
  addReads(regions, locals, uses);
  return locals;
}

export function forgetReads(locals: readonly Local[]): void {
  for (let i = 0; i < locals.length; i++) (locals[i] as Local).reads = UNCOUNTED;
}

function addReads(regions: readonly Region[], locals: Local[], uses: Uses): void {
  const { read } = uses;
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      findUses(op, uses);
      for (let k = 0; k < uses.reads; k++) {
        const local = read[k] as Local;
        if (local.reads === UNCOUNTED) beginCount(local, locals);
        local.reads++;
      }
      if (HOLDS_REGIONS[op.kind]) addReads(regionsOf(op), locals, uses);
    }
  }
}

/** The first use of a local, which `locals` has from then on. */
export function beginCount(local: Local, locals: Local[]): void {
  local.reads = 0;
  locals.push(local);
}

/** Counts in `writes` what they write, too, until `forgetUses`; what is grown is read. */
export function countUses(regions: readonly Region[], uses: Uses): readonly Local[] {
  const locals: Local[] = [];
  addUses(regions, locals, uses);
  return locals;
}

export function forgetUses(locals: readonly Local[]): void {
  forgetReads(locals);
  for (let i = 0; i < locals.length; i++) (locals[i] as Local).writes = 0;
}

function addUses(regions: readonly Region[], locals: Local[], uses: Uses): void {
  const { read, written } = uses;
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      findUses(op, uses);
      if (uses.grown !== undefined) read[uses.reads++] = uses.grown;
      for (let k = 0; k < uses.reads; k++) {
        const local = read[k] as Local;
        if (local.reads === UNCOUNTED) beginCount(local, locals);
        local.reads++;
      }
      for (let k = 0; k < uses.writes; k++) {
        const local = written[k] as Local;
        if (local.reads === UNCOUNTED) beginCount(local, locals);
        local.writes++;
      }
      if (HOLDS_REGIONS[op.kind]) addUses(regionsOf(op), locals, uses);
    }
  }
}
