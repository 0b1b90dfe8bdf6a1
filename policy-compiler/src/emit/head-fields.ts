/**
 * Which header fields a module can ask for: those of its slots, unless something takes all of them, or makes the
 * whole document. A host need not copy others into the module's memory.
 */
import type { ModuleReads } from "@regomesh/policy-runtime";
import { SlotKind } from "../link/runtime-layout.ts";
import type { PolicyContext } from "./policy-context.ts";

/** Of the request line, the connection or the moment: no field is read for these. */
const FIELDLESS: ReadonlySet<number> = new Set([
  ...[SlotKind.method, SlotKind.target, SlotKind.scheme, SlotKind.protocol, SlotKind.requestId],
  ...[SlotKind.parsedPath, SlotKind.parsedQuery, SlotKind.source, SlotKind.destination, SlotKind.time],
]);
const AUTHORITY = "host";

/** Of a policy whose functions have all been emitted; without `fields` where it can ask for any. */
export function fieldsRead({ called, calls, statics }: PolicyContext): Pick<ModuleReads, "fields"> {
  if (called.has(calls.functions.needInput)) return {};
  const fields = new Set<string>();
  for (const [text, slot] of statics.slots) {
    const kind = slot.kind & ~SlotKind.atoms;
    if (kind === SlotKind.authority) fields.add(AUTHORITY);
    else if (kind === SlotKind.field || kind >= SlotKind.knownField)
      fields.add(fieldNamed((JSON.parse(text) as string[]).at(-1) ?? ""));
    else if (!FIELDLESS.has(kind) && kind < SlotKind.context) return {};
  }
  return { fields: [...fields].sort() };
}

/** The pseudo-field `:authority` is read of Host; the others are of the request line, and their names no field's. */
function fieldNamed(name: string): string {
  return name === ":authority" ? AUTHORITY : name;
}
