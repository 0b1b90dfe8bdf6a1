/**
 * Literals: values that are known before the policy runs. The ops that would build them are left out; each use loads
 * the constant, which the runtime reads and seals once, at its start.
 */
import type { CoreModule, EachCode } from "../core/module.ts";
import type { GrowOp, MakeOp, Op, Region } from "../core/op.ts";
import { type Constant, constantOf, isValue, type Local, literalOf, Type, type Value } from "../core/value.ts";
import { HOLDS_REGIONS, regionsOf, replaceOps } from "../core/walk.ts";

/** Deeper values are built by code: what is read at the start must fit any stack, and each level prints those below it again. */
const DEPTH_MAX = 200;

/** Characters that a module may have more than its policy, of literals that stand in several: of forty lists that hold the one before twice each would be twice as long. */
const REPEATED_MAX = 256 * 1024;

type Repeated = { length: number };

type Draft = {
  readonly what: MakeOp["what"];
  readonly parts: string[];
  /** The ops that build it. */
  readonly ops: Op[];
  /** Levels of its deepest part. */
  depth: number;
  /** Of its parts' texts. */
  length: number;
  /** It is part of another already. */
  isHeld: boolean;
};
type Drafts = { readonly of: Map<Local, Draft>; readonly repeated: Repeated };
type Part = { readonly text: string; readonly depth: number };

/** Ops that are left out. */
type Done = Map<Op, undefined>;

/** Folded scalars, which strings and booleans need not be: they are operands as they are. */
const FOLDED = Type.null | Type.smallInt | Type.number;

export function foldLiterals(module: CoreModule): EachCode {
  const repeated: Repeated = { length: 0 };
  return { each: ({ body }) => foldIn(body, module.growsOwn, repeated) };
}

function foldIn(body: readonly Region[], growsOwn: boolean, repeated: Repeated): void {
  const drafts: Drafts = { of: new Map(), repeated };
  const done: Done = new Map();
  find(body, growsOwn, drafts, done);
  for (const [local, draft] of drafts.of) {
    local.origin = constant(draft);
    for (const op of draft.ops) done.set(op, undefined);
  }
  if (done.size > 0) replaceOps(body, done);
}

function find(regions: readonly Region[], growsOwn: boolean, drafts: Drafts, done: Done): void {
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      if (op.kind === "assign") {
        const { source, target } = op;
        if (source.kind !== "constant" || (source.type & FOLDED) === 0 || !isValue(target)) continue;
        target.origin = source;
        done.set(op, undefined);
      } else if (op.kind === "make") {
        if (!growsOwn || !op.target.isSettled) continue;
        drafts.of.set(op.target, { what: op.what, parts: [], ops: [op], depth: 0, length: 0, isHeld: false });
      } else if (op.kind === "grow") grow(drafts, op);
      else if (HOLDS_REGIONS[op.kind]) find(regionsOf(op), growsOwn, drafts, done);
    }
  }
}

function grow(drafts: Drafts, op: GrowOp): void {
  const target = drafts.of.get(op.collection);
  if (target === undefined) return;
  const part = partOf(drafts, op);
  if (part === undefined || part.depth >= DEPTH_MAX) drafts.of.delete(op.collection);
  else {
    target.parts.push(part.text);
    target.length += part.text.length;
    target.depth = Math.max(target.depth, part.depth);
    target.ops.push(op);
  }
}

function partOf(drafts: Drafts, { how, key, value }: GrowOp): Part | undefined {
  if (how === "append" || how === "add") return partAt(drafts, value);
  if (how !== "insert" || key === undefined) return undefined;
  const at = partAt(drafts, key);
  const held = partAt(drafts, value);
  if (at === undefined || held === undefined) return undefined;
  return { text: `${at.text}:${held.text}`, depth: Math.max(at.depth, held.depth) };
}

function partAt({ of, repeated }: Drafts, value: Value): Part | undefined {
  const draft = value.kind === "local" ? of.get(value) : undefined;
  if (draft !== undefined) {
    if (draft.isHeld) {
      repeated.length += draft.length;
      if (repeated.length > REPEATED_MAX) return undefined;
    }
    draft.isHeld = true;
    return { text: print(draft), depth: draft.depth + 1 };
  }
  const known = constantOf(value);
  return known === undefined ? undefined : { text: literalOf(known), depth: 0 };
}

function constant(draft: Draft): Constant {
  return { kind: "constant", type: Type[draft.what], text: print(draft) };
}

const BRACKETS = { array: ["[", "]", "[]"], object: ["{", "}", "{}"], set: ["{", "}", "set()"] } as const;

function print({ what, parts }: Draft): string {
  const [open, close, empty] = BRACKETS[what];
  return parts.length === 0 ? empty : open + parts.join(",") + close;
}
