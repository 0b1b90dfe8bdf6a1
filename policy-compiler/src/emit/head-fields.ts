/**
 * Which header fields a module can ask for: those of its slots, unless something takes all of them, or makes the
 * whole document. A host need not copy others into the module's memory.
 */
import type { ModuleReads } from "@regomesh/policy-runtime";
import { SlotKind } from "../link/runtime-layout.ts";
import type { PolicyContext } from "./policy-context.ts";

const TAKES_ALL: ReadonlySet<number> = new Set([SlotKind.document, SlotKind.http, SlotKind.headers]);
const AUTHORITY = "host";

/** Of a policy whose functions have all been emitted; without `fields` where it can ask for any. */
export function fieldsRead({ called, calls, statics }: PolicyContext): Pick<ModuleReads, "fields"> {
  if (called.has(calls.functions.needInput)) return {};
  const fields = new Set<string>();
  for (const [text, slot] of statics.slots) {
    const kind = slot.kind & ~SlotKind.atoms;
    if (TAKES_ALL.has(kind)) return {};
    if (kind === SlotKind.authority) fields.add(AUTHORITY);
    if (kind === SlotKind.field || kind >= SlotKind.knownField)
      fields.add(fieldNamed((JSON.parse(text) as string[]).at(-1) ?? ""));
  }
  return { fields: [...fields].sort() };
}

/** The pseudo-field `:authority` is read of Host; the others are of the request line, and their names no field's. */
function fieldNamed(name: string): string {
  return name === ":authority" ? AUTHORITY : name;
}
