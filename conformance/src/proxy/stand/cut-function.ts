/** A module damaged at one place: the body of a runtime's function is cut down to `unreachable` (WebAssembly core, 5.5.13). */
import type { RuntimeModule } from "@regomesh/policy-compiler";

const CODE_SECTION = 10;
const HEADER_BYTES = 8;
const NO_LOCALS = 0;
const UNREACHABLE = 0x00;
const NOP = 0x01;
const END = 0x0b;

/** `name` is an export of the runtime's, whose functions keep their indexes in every module. */
export function cutFunction(wasm: Uint8Array, runtime: RuntimeModule, name: string): Uint8Array {
  const found = runtime.exports.get(name);
  if (found === undefined) throw new Error(`the runtime has no ${name}`);
  const cut = wasm.slice();
  let at = HEADER_BYTES;
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = cut[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (cut[at++] !== CODE_SECTION) {
    const bytes = u32();
    at += bytes;
  }
  u32(); // the section's bytes
  u32(); // how many bodies
  for (let index = runtime.functionImports; index < found.index; index++) {
    const bytes = u32();
    at += bytes;
  }
  const bytes = u32();
  cut.fill(NOP, at, at + bytes);
  cut.set([NO_LOCALS, UNREACHABLE], at);
  cut[at + bytes - 1] = END;
  return cut;
}
