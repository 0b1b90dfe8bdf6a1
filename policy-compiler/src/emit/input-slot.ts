/** Parts of input: read off the request's head by a reader of their kind, and kept in a slot. */
import type { InputOp } from "../core/op.ts";
import { Slot, SlotKind } from "../link/runtime-layout.ts";
import { slotOf } from "../link/statics.ts";
import { slotKind } from "../optimize/input-slots.ts";
import { I32, OP } from "../wasm/encode.ts";
import { call, close, globalGet, load, op, open, slotAddress } from "./instruction.ts";
import type { OpContext } from "./op-context.ts";
import { operand } from "./operand.ts";
import type { RuntimeFunction } from "./runtime-calls.ts";

/** Readers of slots that the module carries alone where nothing else is read. */
const OWN_READERS: ReadonlyMap<number, RuntimeFunction> = new Map([
  [SlotKind.method, "slotMethod"],
  [SlotKind.target, "slotTarget"],
  [SlotKind.authority, "slotAuthority"],
  [SlotKind.field, "slotField"],
  [SlotKind.parsedPath, "slotParsedPath"],
]);

function readerOf(kind: number): RuntimeFunction {
  if (kind >= SlotKind.knownField) return "slotKnownField";
  return kind >= SlotKind.context ? "slotContext" : (OWN_READERS.get(kind) ?? "slotGet");
}

function kindWithAtoms(path: readonly string[]): number {
  return slotKind(path) | SlotKind.atoms;
}

/** Leaves on the stack what the slot keeps of this generation, or the value at its path. */
export function inputSlot({ body, policy }: OpContext, { source, path, looksUp }: InputOp): void {
  const { number: slot, kind } = slotOf(body.statics, path, looksUp ? kindWithAtoms : slotKind);
  const fill = () => {
    operand(body, source);
    slotAddress(body, slot);
    call(body, readerOf(kind & ~SlotKind.atoms));
  };
  if (!policy.sharesInput) {
    fill();
    return;
  }
  slotAddress(body, slot);
  load(body, Slot.generation);
  globalGet(body, "memoGeneration");
  op(body, OP.i32Eq);
  open(body, OP.if, I32);
  slotAddress(body, slot);
  load(body, Slot.value);
  op(body, OP.else);
  fill();
  close(body);
}
