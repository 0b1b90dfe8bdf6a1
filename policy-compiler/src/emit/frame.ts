/**
 * A *frame* is a region of core, known by its label, while what stands in it is emitted: what leaves it branches to its end. A
 * frame of a `with` has something to put back when it is left.
 */
import { EmitError } from "../core/error.ts";
import type { Label } from "../core/op.ts";
import type { Local } from "../core/value.ts";
import { OP } from "../wasm/encode.ts";
import { type Body, type Frame, placeOf, type Restore } from "./body.ts";
import { br, close, get, globalSet, open, set, several } from "./instruction.ts";

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

/** Keeps the value on the stack in the local, and goes to the end of the region if it is undefined. */
export function setOrExit(body: Body, target: Local, exit: Label): void {
  several(body, [OP.localTee, placeOf(body, target), OP.i32Eqz, OP.brIf, body.labels - exitLabel(body, exit)]);
}

/** What `br` takes to get to the end of the region: out of no `with`, for nothing would be put back. */
export function exitLabel({ name, frames }: Body, exit: Label): number {
  for (let i = frames.length - 1; i >= 0; i--) {
    const { label, labels, restore } = frames[i] as Frame;
    if (label === exit) return labels;
    if (restore !== undefined) throw new EmitError(`${name} leaves a modifier where it may not`);
  }
  throw new EmitError(`${name} leaves a region that it is not in`);
}

/** Goes to the end of the region, undoing every `with` that is left from inside. */
export function leave(body: Body, exit: Label): void {
  for (let i = body.frames.length - 1; i >= 0; i--) {
    const { label, labels, restore } = body.frames[i] as Frame;
    if (label === exit) {
      br(body, labels);
      return;
    }
    putBack(body, restore);
  }
  throw new EmitError(`${body.name} leaves a region that it is not in`);
}

/** Undoes a `with`. */
export function putBack(body: Body, restore: Restore | undefined): void {
  if (restore === undefined) return;
  get(body, restore.saved);
  set(body, restore.target);
  get(body, restore.generation);
  globalSet(body, "memoGeneration");
}
