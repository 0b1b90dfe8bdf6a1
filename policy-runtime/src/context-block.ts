/**
 * The facts of a connection as the module has them (policy-compiler/runtime/assembly/
 * request/region.ts): a value word for each of CONTEXT_FIELDS, then string cells, then
 * bytes. Addresses are final, so a block is made once a connection and copied whole.
 */
import { CONTEXT_FIELDS, type ConnectionContext } from "./connection.ts";
import { StringCell, ValueKind } from "./layout/value-kind.ts";

/** A principal may have 2,048 bytes, and stands twice with its parts. */
export const CONTEXT_BYTES_MAX = 16_384;

const encoder = new TextEncoder();

/** The block for the address `base`; throws where the facts are longer than CONTEXT_BYTES_MAX. */
export function makeContextBlock(context: ConnectionContext, base: number): Uint8Array {
  const values = CONTEXT_FIELDS.map((field) => {
    const value = context[field];
    return typeof value === "string" ? encoder.encode(value) : value;
  });
  const cells = CONTEXT_FIELDS.length * 4 + (CONTEXT_FIELDS.length % 2) * 4;
  const texts = cells + CONTEXT_FIELDS.length * StringCell.size;
  const size = values.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), texts);
  if (size > CONTEXT_BYTES_MAX) throw new Error(`a connection's facts take ${size} bytes; ${CONTEXT_BYTES_MAX} fit`);
  const block = new Uint8Array(size);
  const view = new DataView(block.buffer);
  let text = texts;
  values.forEach((value, i) => {
    if (typeof value === "number") view.setUint32(i * 4, (value << 1) | 1, true);
    if (!(value instanceof Uint8Array)) return;
    const cell = cells + i * StringCell.size;
    view.setUint32(i * 4, base + cell, true);
    view.setUint32(cell + StringCell.kind, ValueKind.string, true);
    view.setUint32(cell + StringCell.length, value.length, true);
    view.setUint32(cell + StringCell.bytes, base + text, true);
    block.set(value, text);
    text += value.length;
  });
  return block;
}
